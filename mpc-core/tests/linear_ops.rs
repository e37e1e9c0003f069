//! Rearrangements, products and statistics: values against loops in f64, gradients against finite differences, exact costs.

mod common;

use common::{ULP, agreed, alice, close};
use mpc_core::{Error, ProtocolKind, Result, Secret, Session, Tensor, Usage, sim::Sim};

fn x_at(i: usize) -> f64 {
    ((i * 37) % 23) as f64 / 8.0 - 1.25
}
fn y_at(i: usize) -> f64 {
    (i as f64 * 0.7).sin()
}

type Program<'a> = &'a (dyn Fn(&Session, &Tensor<Secret>) -> Tensor<Secret> + Sync);

/// The value of a program on a secret of a shape, at 2 and 3 parties and in the clear.
fn value(shape: &[usize], program: Program<'_>) -> (Vec<usize>, Vec<f64>) {
    let run = |sim: Sim| {
        agreed(sim.run(async |s: Session| {
            let z = program(&s, &alice(&s, shape, x_at)).reveal().await?;
            Ok((z.shape().to_vec(), z.into_raw_vec_and_offset().0))
        }))
    };
    let two = run(Sim::new(2));
    for other in [run(Sim::new(3)), run(Sim::new(2).protocol(ProtocolKind::Plain))] {
        assert_eq!(two.0, other.0);
        close(two.1.clone(), other.1, 8.0 * ULP);
    }
    two
}

/// Free and exact.
fn exact(shape: &[usize], program: Program<'_>, dims: &[usize], clear: impl Fn(usize) -> f64) {
    let (found, values) = value(shape, program);
    assert_eq!(found, dims);
    assert_eq!(values, (0..values.len()).map(clear).collect::<Vec<_>>());
    agreed(Sim::new(2).run(async |s: Session| {
        let x = alice(&s, shape, x_at);
        let _z = program(&s, &x);
        s.flush();
        assert_eq!(s.traffic().total, Default::default());
        Ok(())
    }));
}

/// The gradient of `sum(program(x) * weights)` in x, against finite differences of the program itself in the clear.
fn gradient(shape: &[usize], ulps: f64, program: Program<'_>) {
    let len: usize = shape.iter().product();
    let loss = |s: &Session, x: &Tensor<Secret>| {
        let z = program(s, x);
        let shape = z.shape();
        let weights: Vec<f64> = (0..shape.len()).map(|i| 1.0 + y_at(3 * i)).collect();
        (z * s.public(shape, &weights)).sum()
    };
    let step = 1.0 / 64.0;
    let settings = mpc_core::Settings { fraction_bits: 22, ..Default::default() };
    let differences = agreed(Sim::new(2).settings(settings).protocol(ProtocolKind::Plain).run(async |s: Session| {
        let mut found = Vec::new();
        for k in 0..len {
            let at = |h: f64| alice(&s, shape, move |i| x_at(i) + if i == k { h } else { 0.0 });
            let difference = loss(&s, &at(step)) - loss(&s, &at(-step));
            found.push(difference.reveal().item().await? / (2.0 * step));
        }
        Ok(found)
    }));
    for parties in [2, 3] {
        let found = agreed(Sim::new(parties).run(async |s: Session| {
            let x = alice(&s, shape, x_at).requires_grad();
            let gradient = loss(&s, &x).backward().of(&x);
            assert_eq!(gradient.shape(), shape.into());
            Ok(gradient.reveal().await?.into_raw_vec_and_offset().0)
        }));
        close(found, differences.clone(), ulps * ULP);
    }
}

/// The mistake of a program.
fn mistake(shape: &[usize], program: Program<'_>) -> (String, Usage) {
    let seen: Result<()> = Sim::new(2)
        .run(async |s: Session| {
            program(&s, &alice(&s, shape, x_at)).reveal().await?;
            Ok(())
        })
        .swap_remove(0);
    match seen {
        Err(Error::Usage { op, problem, at, .. }) => {
            assert!(at.file().ends_with("linear_ops.rs"), "{op}: the line is {at}");
            (op, problem)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn views_are_free() {
    exact(&[2, 1, 3], &|_, x| x.squeeze(1).unsqueeze(2).transpose(0, 1), &[3, 2, 1], |i| x_at(i % 2 * 3 + i / 2));
    exact(&[2, 3, 4], &|_, x| x.flatten(1).index(0, 1), &[12], |i| x_at(12 + i));
    exact(&[2, 3], &|_, x| x.tile(&[2, 2]), &[4, 6], |i| x_at(i / 6 % 2 * 3 + i % 3));
    exact(&[2, 3], &|_, x| x.repeat_interleave(1, 2), &[2, 6], |i| x_at(i / 2));
    exact(&[2, 3, 4], &|_, x| x.diagonal(1), &[2, 3], |i| x_at(i / 3 * 12 + i % 3 * 5 + 1));
    exact(&[3, 2], &|_, x| x.diagonal(-1), &[2], |i| x_at(2 + 3 * i));
    exact(&[3, 4], &|_, x| x.trace(), &[], |_| x_at(0) + x_at(5) + x_at(10));
    exact(&[7], &|_, x| x.chunk(0, 3).remove(1), &[2], |i| x_at(3 + i));
    exact(&[2, 5], &|_, x| x.split(1, &[1, 4]).remove(1), &[2, 4], |i| x_at(i / 4 * 5 + 1 + i % 4));
}

#[test]
fn picks_are_free() {
    exact(&[2, 3, 2], &|_, x| x.index_select(1, &[2, 0, 2, 2]), &[2, 4, 2], |i| {
        x_at(i / 8 * 6 + [2, 0, 2, 2][i / 2 % 4] * 2 + i % 2)
    });
    let places = [1, 0, 0, 1, 0, 0, 1, 1, 1, 0, 1, 0];
    exact(&[2, 3, 2], &|_, x| x.take_along(2, 2, &places), &[2, 3, 2], |i| x_at(i / 2 * 2 + places[i]));
    exact(&[2, 2, 2], &|_, x| x.take_along(1, 3, &places), &[2, 3, 2], |i| x_at((i / 6 * 2 + places[i]) * 2 + i % 2));
    exact(&[2, 5], &|_, x| x.roll(1, 2), &[2, 5], |i| x_at(i / 5 * 5 + (i % 5 + 3) % 5));
    exact(&[2, 5], &|_, x| x.roll(1, -6), &[2, 5], |i| x_at(i / 5 * 5 + (i % 5 + 6) % 5));
    for value in [0.0, 2.5] {
        exact(&[2, 3], &|_, x| x.pad(&[(1, 0), (0, 2)], value), &[3, 5], |i| match (i / 5, i % 5) {
            (row @ 1.., column @ ..3) => x_at((row - 1) * 3 + column),
            _ => value,
        });
    }
    exact(&[2, 3], &|_, x| x.stack(&[&(x * 2.0), x], 1), &[2, 3, 3], |i| {
        x_at(i / 9 * 3 + i % 3) * if i / 3 % 3 == 1 { 2.0 } else { 1.0 }
    });
    exact(&[2, 3, 4], &|_, x| x.tril(1), &[2, 3, 4], |i| if i % 4 <= i / 4 % 3 + 1 { x_at(i) } else { 0.0 });
    exact(&[3, 3], &|_, x| x.triu(0), &[3, 3], |i| if i % 3 >= i / 3 { x_at(i) } else { 0.0 });
    exact(&[2, 3, 2], &|_, x| x.cumsum(1), &[2, 3, 2], |i| {
        (0..=i / 2 % 3).map(|step| x_at(i / 6 * 6 + step * 2 + i % 2)).sum()
    });
}

#[test]
fn gradients_of_rearrangements() {
    gradient(&[4, 3], 4.0, &|_, x| x.index_select(0, &[3, 0, 3, 1]));
    gradient(&[2, 4], 4.0, &|_, x| x.take_along(1, 2, &[3, 3, 0, 1]));
    gradient(&[2, 3], 4.0, &|_, x| x.pad(&[(1, 2), (0, 1)], 1.5));
    gradient(&[3, 2], 4.0, &|_, x| x.cumsum(0));
    gradient(&[3, 3], 4.0, &|_, x| x.tril(0) + x.roll(0, 1) + x.triu(1) * 2.0);
    gradient(&[2, 3], 6.0, &|_, x| x.tile(&[2, 1]) + x.repeat_interleave(0, 2).diagonal(0).sum());
}

#[test]
fn other_visibilities() {
    agreed(Sim::new(2).run(async |s: Session| {
        let public = s.public([2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        close(public.pad(&[(0, 0), (1, 0)], 0.5).cumsum(1).await?, [0.5, 1.5, 3.5, 6.5, 0.5, 4.5, 9.5, 15.5], 0.0);
        let mine = s.input::<common::Bob>(3, || vec![1.0, 2.0, 4.0]).index_select(0, &[2, 2]).await?;
        assert_eq!(mine.map(|mine| mine.into_raw_vec_and_offset().0), s.is::<common::Bob>().then(|| vec![4.0; 2]));
        Ok(())
    }));
}

#[test]
fn mistakes_in_rearrangements() {
    let argument = |(op, problem): (String, Usage)| match problem {
        Usage::Argument(text) => format!("{op}: {text}"),
        other => format!("{op}: {other}"),
    };
    let cases: [(Program<'_>, &str); 12] = [
        (&|_, x| x.squeeze(0), "squeeze: the shapes do not fit: size 1 of axis 0, not 2"),
        (&|_, x| x.unsqueeze(3), "unsqueeze: axis 3 is out of range for 2 axes"),
        (&|_, x| x.transpose(0, 2), "transpose: axis 2 is out of range for 2 axes"),
        (&|_, x| x.index(1, 3), "index: index 3 is out of range for size 3 of axis 1"),
        (&|_, x| x.split(1, &[1, 1]).remove(0), "split: pieces of sizes [1, 1] do not add up to size 3 of axis 1"),
        (&|_, x| x.chunk(0, 0).remove(0), "chunk: an axis cannot be cut into no pieces"),
        (&|_, x| x.index_select(0, &[0, 2]), "index_select: index 2 is out of range for size 2 of axis 0"),
        (&|_, x| x.take_along(0, 1, &[0, 1]), "take_along: 2 indices for the 3 elements of [1, 3]"),
        (&|_, x| x.pad(&[(1, 1)], 0.0), "pad: amounts for 1 of 2 axes"),
        (&|_, x| x.roll(2, 1), "roll: axis 2 is out of range for 2 axes"),
        (&|_, x| x.sum().tril(0), "tril: the shapes do not fit: at least two axes"),
        (&|_, x| x.cumsum(5), "cumsum: axis 5 is out of range for 2 axes"),
    ];
    for (program, expected) in cases {
        assert_eq!(argument(mistake(&[2, 3], program)), expected);
    }
    let huge: [Program<'_>; 3] =
        [&|_, x| x.pad(&[(usize::MAX, 1), (0, 0)], 0.0), &|_, x| x.tile(&[usize::MAX, 2]), &|_, x| {
            x.repeat_interleave(0, 1 << 62)
        }];
    for program in huge {
        assert!(argument(mistake(&[2, 3], program)).contains("larger than any memory"));
    }
}
