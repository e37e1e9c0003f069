//! Values put at public places, windows as views, and what is made of them: against loops in f64, free, with gradients.

mod common;

use common::{ULP, agreed, alice, bob, close};
use mpc_core::{Error, Result, Secret, Session, Tensor, sim::Sim};

fn x_at(i: usize) -> f64 {
    ((i * 37) % 19) as f64 / 4.0 - 2.0
}

fn y_at(i: usize) -> f64 {
    ((i * 11) % 13) as f64 / 8.0 + 1.0
}

type Program<'a> = &'a (dyn Fn(&Tensor<Secret>, &Tensor<Secret>) -> Tensor<Secret> + Sync);

/// The value of a program on x and y, which is free and exact.
fn free(x: &[usize], y: &[usize], program: Program<'_>) -> Vec<f64> {
    let results = [2, 3, 5].map(|parties| {
        agreed(Sim::new(parties).run(async |s: Session| {
            let z = program(&alice(&s, x, x_at), &bob(&s, y, y_at));
            s.flush();
            assert_eq!((s.traffic().total.sent, s.dealer_sent()), (0, 0));
            Ok(z.reveal().await?.into_raw_vec_and_offset().0)
        }))
    });
    let [first, ..] = &results;
    assert!(results.iter().all(|other| other == first));
    first.clone()
}

#[test]
fn slices_are_added_at_their_places() {
    let indices = [2, 0, 2];
    let found = free(&[2, 4, 3], &[2, 3, 3], &|x, y| x.index_add(1, &indices, y));
    let mut expected: Vec<f64> = (0..24).map(x_at).collect();
    for (k, i) in (0..2).flat_map(|block| (0..3).map(move |k| (block, k))) {
        for j in 0..3 {
            expected[(k * 4 + indices[i]) * 3 + j] += y_at((k * 3 + i) * 3 + j);
        }
    }
    close(found, expected, 0.0);
}

#[test]
fn elements_are_added_and_replaced_at_their_places() {
    // y [2, 2, 3] to x [2, 4, 3]: along axis 1.
    let indices = [3, 0, 1, 3, 2, 1, 0, 0, 2, 1, 3, 2];
    let target = |at: usize| (at / 6 * 4 + indices[at]) * 3 + at % 3;
    let mut expected: Vec<f64> = (0..24).map(x_at).collect();
    (0..12).for_each(|at| expected[target(at)] += y_at(at));
    close(free(&[2, 4, 3], &[2, 2, 3], &|x, y| x.scatter_add(1, &indices, y)), expected, 0.0);

    let once = [3, 0, 1, 1, 2, 0, 0, 0, 2, 1, 3, 1];
    let mut expected: Vec<f64> = (0..24).map(x_at).collect();
    (0..12).for_each(|at| expected[(at / 6 * 4 + once[at]) * 3 + at % 3] = y_at(at));
    close(free(&[2, 4, 3], &[2, 2, 3], &|x, y| x.scatter(1, &once, y)), expected, 0.0);
}

#[test]
fn windows_are_views() {
    let found = free(&[2, 7], &[1], &|x, _| x.unfold(1, 3, 2));
    close(found, (0..18).map(|at| x_at(at / 9 * 7 + at / 3 % 3 * 2 + at % 3)), 0.0);
    let found = free(&[5, 2], &[1], &|x, _| x.unfold(0, 2, 1).sum_axes(&[2]));
    close(found, (0..8).map(|at| x_at(at) + x_at(at + 2)), 0.0);
    let found = free(&[3, 2], &[1], &|x, _| x.unbind(0).remove(1));
    close(found, [x_at(2), x_at(3)], 0.0);
}

#[test]
fn gradients_go_where_the_values_went() {
    let indices = [2, 0, 2];
    for parties in [2, 3] {
        agreed(Sim::new(parties).run(async |s: Session| {
            let (x, y) = (alice(&s, [3, 2], x_at).requires_grad(), bob(&s, [3, 2], y_at).requires_grad());
            let weights = s.public([3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
            let of = async |z: Tensor<Secret>| {
                let gradients = (z * &weights).sum().backward();
                let (x, y) = (gradients.of(&x).reveal().await?, gradients.of(&y).reveal().await?);
                Ok::<_, Error>((x.into_raw_vec_and_offset().0, y.into_raw_vec_and_offset().0))
            };
            let rows = vec![5.0, 6.0, 1.0, 2.0, 5.0, 6.0];
            let all = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
            assert_eq!(of(x.index_add(0, &indices, &y)).await?, (all.clone(), rows));
            // Column 0 of y to rows 1, 2, 0; column 1 to rows 0, 1, 2.
            let places = [1, 0, 2, 1, 0, 2];
            let there = vec![3.0, 2.0, 5.0, 4.0, 1.0, 6.0];
            assert_eq!(of(x.scatter_add(0, &places, &y)).await?, (all, there.clone()));
            assert_eq!(of(x.scatter(0, &places, &y)).await?, (vec![0.0; 6], there));
            let windows = (x.unfold(0, 2, 1).sum_axes(&[2]) * 1.0).sum().backward().of(&x).reveal().await?;
            close(windows, [1.0, 1.0, 2.0, 2.0, 1.0, 1.0], 0.0);
            Ok(())
        }));
    }
}

#[test]
fn mistakes() {
    let cases: [(Program<'_>, &str); 9] = [
        (&|x, y| x.index_add(2, &[0], y), "index_add: axis 2 is out of range for 2 axes"),
        (&|x, y| x.index_add(0, &[0, 3], y), "index_add: index 3 is out of range for size 3 of axis 0"),
        (&|x, y| x.index_add(0, &[0], y), "index_add: the shapes do not fit: [1, 2] for the values that are put in"),
        (&|x, y| x.scatter_add(0, &[0, 1, 2], y), "scatter_add: 3 indices for the 4 elements of [2, 2]"),
        (&|x, y| x.scatter_add(0, &[0, 1, 2, 7], y), "scatter_add: index 7 is out of range for size 3 of axis 0"),
        (&|x, y| x.scatter(0, &[0, 1, 0, 2], y), "scatter: two values for element 0"),
        (&|x, y| x.scatter(1, &[0; 4], &y.reshape([4, 1])), "scatter: the shapes do not fit: [3, 1]"),
        (&|x, _| x.unfold(0, 4, 1), "unfold: no window of size 4 and step 1 in an axis of 3"),
        (&|x, _| x.unfold(0, 1, 0), "unfold: no window of size 1 and step 0 in an axis of 3"),
    ];
    for (program, expected) in cases {
        let seen: Result<_> = Sim::new(2)
            .run(async |s: Session| {
                let z = program(&alice(&s, [3, 2], x_at), &bob(&s, [2, 2], y_at));
                z.reveal().await.map(|_| ())
            })
            .swap_remove(0);
        match seen {
            Err(error @ Error::Usage { at, .. }) => {
                assert!(error.to_string().starts_with(expected), "{error}");
                assert!(at.file().ends_with("scatter.rs"), "{at}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn channels_and_groups_are_normalised() {
    let dims = [4usize, 6, 5];
    let input = |k: usize| ((k * 29) % 31) as f64 / 4.0 - 3.0 + (k / 5 % 6) as f64;
    // The elements that share a mean with element k.
    let normalised = |k: usize, same: &dyn Fn(usize, usize) -> bool| {
        let all: Vec<f64> = (0..120).filter(|&other| same(k, other)).map(input).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / all.len() as f64;
        (input(k) - mean) / (variance + 1e-2).sqrt()
    };
    let place = |k: usize| (k / 30, k / 5 % 6);
    for parties in [2, 3, 5] {
        agreed(Sim::new(parties).run(async |s: Session| {
            let x = alice(&s, dims, input);
            s.flush();
            let before = s.traffic().total.rounds;
            let channels = x.batch_norm(1e-2);
            s.flush();
            let rounds = s.traffic().total.rounds - before;
            // Two parties rescale without an opening of their own.
            assert!(rounds <= 14, "{rounds}");
            let same = |k: usize, other: usize| place(k).1 == place(other).1;
            close(channels.reveal().await?, (0..120).map(|k| normalised(k, &same)), 1e-3);
            let same = |k: usize, other: usize| (place(k).0, place(k).1 / 2) == (place(other).0, place(other).1 / 2);
            close(x.group_norm(3, 1e-2).reveal().await?, (0..120).map(|k| normalised(k, &same)), 1e-3);
            Ok(())
        }));
    }
}

#[test]
fn products_of_many_and_polynomials() {
    agreed(Sim::new(2).run(async |s: Session| {
        let (x, w, y) = (alice(&s, [3, 4], x_at), bob(&s, [4, 2], y_at), alice(&s, [3, 2], y_at));
        let forms = x.einsum_all("bi,ij,bj->b", &[&w, &y]).reveal().await?;
        let form = |b: usize| {
            let pairs = (0..4).flat_map(|i| (0..2).map(move |j| (i, j)));
            pairs.map(|(i, j)| x_at(b * 4 + i) * y_at(i * 2 + j) * y_at(b * 2 + j)).sum::<f64>()
        };
        close(forms, (0..3).map(form), 40.0 * ULP);
        let all = x.einsum_all("ab,bc,ac,ac->", &[&w, &y, &y]).reveal().item().await?;
        let sum = |b: usize| {
            let pairs = (0..4).flat_map(|i| (0..2).map(move |j| (i, j)));
            pairs.map(|(i, j)| x_at(b * 4 + i) * y_at(i * 2 + j) * y_at(b * 2 + j).powi(2)).sum::<f64>()
        };
        close([all], [(0..3).map(sum).sum()], 400.0 * ULP);

        s.flush();
        let before = s.traffic().total.rounds;
        let curve = x.polynomial(&[0.5, -1.0, 0.25, 0.125, -0.0625]);
        s.flush();
        assert_eq!(s.traffic().total.rounds - before, 4); // x is open: x^2 in 1, x^3 and x^4 in 2 more, their sum in 1
        let clear = |x: f64| 0.5 - x + 0.25 * x.powi(2) + 0.125 * x.powi(3) - 0.0625 * x.powi(4);
        close(curve.reveal().await?, (0..12).map(|i| clear(x_at(i))), 24.0 * ULP);
        close(x.polynomial(&[3.0]).reveal().await?, [3.0; 12], 0.0);
        close(x.polynomial(&[]).reveal().await?, [0.0; 12], 0.0);
        let (std, norm) = (x.std_axes(&[1], false).reveal().await?, x.norm_axes(&[1]).reveal().await?);
        let row = |b: usize| (0..4).map(move |i| x_at(b * 4 + i));
        let spread = |b: usize| (row(b).map(|x| (x - row(b).sum::<f64>() / 4.0).powi(2)).sum::<f64>() / 4.0).sqrt();
        close(std, (0..3).map(spread), 2e-3);
        close(norm, (0..3).map(|b| row(b).map(|x| x * x).sum::<f64>().sqrt()), 2e-3);
        Ok(())
    }));
}
