//! Rearrangements, products and statistics: values against loops in f64, gradients against finite differences, exact costs.

mod common;

use common::{ULP, agreed, alice, bob, close};
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

/// A program of x and y with costs: rounds, bytes sent by each to each other, bytes dealt, at two parties; the cost report
/// must say the same.
fn cost(xs: &[usize], ys: &[usize], program: Both<'_>) -> (u64, u64, u64) {
    let measure = async |s: &Session| {
        let (x, y) = (alice(s, xs, x_at), bob(s, ys, y_at));
        s.flush();
        let before = (s.traffic().total, s.dealer_sent());
        let _z = program(&x, &y);
        s.flush();
        let spent = s.traffic().total - before.0;
        (spent.rounds, spent.sent, s.dealer_sent() - before.1)
    };
    let cost = agreed(Sim::new(2).run(async |s: Session| Ok(measure(&s).await)));
    let counted = std::cell::Cell::new((0, 0, 0));
    Sim::new(2)
        .explain(async |s: Session| {
            counted.set(measure(&s).await);
            Ok(())
        })
        .unwrap();
    assert_eq!(counted.get(), cost);
    cost
}

type Both<'a> = &'a (dyn Fn(&Tensor<Secret>, &Tensor<Secret>) -> Tensor<Secret> + Sync);

/// The value of a program of x and y at 2 and 3 parties, and of the same with public y.
fn product(xs: &[usize], ys: &[usize], program: Both<'_>, dims: &[usize], clear: impl Fn(usize) -> f64 + Sync) {
    for parties in [2, 3] {
        agreed(Sim::new(parties).run(async |s: Session| {
            let y = bob(&s, ys, y_at);
            let values: Vec<f64> = (0..y.shape().len()).map(y_at).collect();
            for y in [y, s.public(ys, &values).share()] {
                let z = program(&alice(&s, xs, x_at), &y).reveal().await?;
                assert_eq!(z.shape(), dims);
                let len = z.len();
                close(z, (0..len).map(&clear), 24.0 * ULP);
            }
            Ok(())
        }));
    }
}

#[test]
fn batched_products() {
    let each = |i: usize| (0..4).map(|l| x_at(i / 5 * 4 + l) * y_at(i / 15 * 20 + l * 5 + i % 5)).sum();
    product(&[2, 3, 4], &[2, 4, 5], &|x, y| x.matmul(y), &[2, 3, 5], each);
    let one = |i: usize| (0..4).map(|l| x_at(i / 5 * 4 + l) * y_at(l * 5 + i % 5)).sum();
    product(&[2, 3, 4], &[4, 5], &|x, y| x.matmul(y), &[2, 3, 5], one);
    let broadcast = |i: usize| {
        let (column, row, b, a) = (i % 5, i / 5 % 3, i / 15 % 2, i / 30);
        (0..4).map(|l| x_at((a * 3 + row) * 4 + l) * y_at((b * 4 + l) * 5 + column)).sum()
    };
    product(&[3, 1, 3, 4], &[2, 4, 5], &|x, y| x.matmul(y), &[3, 2, 3, 5], broadcast);
    let left = |i: usize| (0..4).map(|l| x_at(i / 5 % 3 * 4 + l) * y_at(i / 15 * 20 + l * 5 + i % 5)).sum();
    product(&[3, 4], &[2, 4, 5], &|x, y| x.matmul(y), &[2, 3, 5], left);
    let vector = |i: usize| (0..4).map(|l| x_at(i * 4 + l) * y_at(l)).sum();
    product(&[2, 3, 4], &[4], &|x, y| x.matmul(y), &[2, 3], vector);
    let row = |i: usize| (0..4).map(|l| x_at(l) * y_at(i / 5 * 20 + l * 5 + i % 5)).sum();
    product(&[4], &[2, 4, 5], &|x, y| x.matmul(y), &[2, 5], row);
    product(&[6], &[6], &|x, y| x.dot(y), &[], |_| (0..6).map(|l| x_at(l) * y_at(l)).sum());
    product(&[3], &[4], &|x, y| x.outer(y), &[3, 4], |i| x_at(i / 4) * y_at(i % 4));
}

#[test]
fn sums_by_letters() {
    let each = |i: usize| (0..4).map(|l| x_at(i / 5 * 4 + l) * y_at(i / 15 * 20 + l * 5 + i % 5)).sum();
    product(&[2, 3, 4], &[2, 4, 5], &|x, y| x.einsum_with("bij, bjk -> bik", y), &[2, 3, 5], each);
    product(&[3, 4], &[4, 5], &|x, y| x.einsum_with("ij,jk", y), &[3, 5], |i| {
        (0..4).map(|l| x_at(i / 5 * 4 + l) * y_at(l * 5 + i % 5)).sum()
    });
    product(&[3, 4], &[5, 4, 2], &|x, y| x.einsum_with("ij,kjl->ki", y), &[5, 3], |i| {
        let sum = |k: usize, j: usize| y_at((k * 4 + j) * 2) + y_at((k * 4 + j) * 2 + 1);
        (0..4).map(|j| x_at(i % 3 * 4 + j) * sum(i / 3, j)).sum()
    });
    product(&[3, 4], &[3, 4], &|x, y| x.einsum_with("ij,ij->", y), &[], |_| (0..12).map(|k| x_at(k) * y_at(k)).sum());
    product(&[3, 4], &[4, 3], &|x, y| x.einsum_with("ij,ji->ij", y), &[3, 4], |i| x_at(i) * y_at(i % 4 * 3 + i / 4));
    product(&[3], &[2], &|x, y| x.einsum_with("i,j->ji", y), &[2, 3], |i| x_at(i % 3) * y_at(i / 3));
    exact(&[3, 3, 2], &|_, x| x.einsum("iij->ji"), &[2, 3], |i| x_at(i % 3 * 8 + i / 3));
    exact(&[2, 3], &|_, x| x.einsum("ij->"), &[], |_| (0..6).map(x_at).sum());
    exact(&[2, 3], &|_, x| x.einsum("ba"), &[3, 2], |i| x_at(i % 2 * 3 + i / 2));
}

#[test]
fn a_batch_opens_each_operand_once() {
    // 8 B an element of either operand and a bit a result; 8 B a result for the product, 8 for the rescale.
    let cost_of = |elements: u64, results: u64| (2, 8 * (elements + results.div_ceil(64)), 16 * results);
    let matmul: Both<'_> = &|x, y| x.matmul(y);
    assert_eq!(cost(&[4, 3, 8], &[4, 8, 5], matmul), cost_of(4 * 3 * 8 + 4 * 8 * 5, 4 * 3 * 5));
    assert_eq!(cost(&[4, 3, 8], &[8, 5], matmul), cost_of(4 * 3 * 8 + 8 * 5, 4 * 3 * 5));
    assert_eq!(cost(&[3, 8], &[4, 8, 5], matmul), cost_of(3 * 8 + 4 * 8 * 5, 4 * 3 * 5));
    assert_eq!(cost(&[4, 8], &[4, 8], &|x, _| x.norm_squared_axes(&[1])), cost_of(32, 4));
    assert_eq!(cost(&[100], &[100], &|x, y| x.dot(y)), cost_of(200, 1));
    // Powers and products: 2 rounds for each doubling.
    let rounds = |program: Both<'_>| cost(&[7], &[7], program).0;
    assert_eq!([1, 2, 3, 4, 7, 8].map(|power| rounds(&|x, _| x.powi(power))), [0, 2, 4, 4, 6, 6]);
    assert_eq!(rounds(&|x, _| x.prod(0)), 6);
    assert_eq!(rounds(&|x, _| x.var(true)), 4);
}

#[test]
fn powers_products_and_statistics() {
    let (_, found) = value(&[6], &|_, x| x.powi(5));
    close(found, (0..6).map(|i| x_at(i).powi(5)), 80.0 * ULP);
    exact(&[3], &|_, x| x.powi(0), &[3], |_| 1.0);
    exact(&[2, 0], &|_, x| x.prod(1), &[2], |_| 1.0);
    for size in [1, 2, 5] {
        let (dims, found) = value(&[2, size, 3], &|_, x| x.prod(1));
        assert_eq!(dims, [2, 3]);
        let product = |i: usize| (0..size).map(|k| x_at((i / 3 * size + k) * 3 + i % 3)).product::<f64>();
        close(found, (0..6).map(product), 24.0 * ULP);
    }
    let row = |i: usize| (0..8).map(move |k| x_at(8 * i + k));
    let variance = move |i: usize, less: f64| {
        let mean = row(i).sum::<f64>() / 8.0;
        row(i).map(|x| (x - mean).powi(2)).sum::<f64>() / (8.0 - less)
    };
    for (unbiased, less) in [(true, 1.0), (false, 0.0)] {
        let (_, found) = value(&[3, 8], &|_, x| x.var_axes(&[1], unbiased));
        close(found, (0..3).map(|i| variance(i, less)), 12.0 * ULP);
    }
    let (_, found) = value(&[8, 1], &|_, x| x.var(true));
    close(found, [variance(0, 1.0)], 12.0 * ULP);
    let (_, found) = value(&[3, 8], &|_, x| x.norm_squared_axes(&[1]));
    close(found, (0..3).map(|i| row(i).map(|x| x * x).sum()), 4.0 * ULP);
    let (_, found) = value(&[3, 8], &|_, x| x.norm_squared_axes(&[0]));
    close(found, (0..8).map(|k| (0..3).map(|i| x_at(8 * i + k).powi(2)).sum()), 4.0 * ULP);
}

#[test]
fn gradients_of_products() {
    gradient(&[2, 3, 2], 24.0, &|s, x| x.matmul(&bob(s, [2, 2, 4], y_at)));
    gradient(&[2, 3, 2], 24.0, &|s, x| bob(s, [4, 3], y_at).matmul(x));
    gradient(&[2, 3], 24.0, &|s, x| x.matmul(&alice(s, [2, 3, 4], y_at)));
    gradient(&[2, 3], 24.0, &|s, x| x.matmul(&alice(s, [3], y_at)));
    gradient(&[2, 3, 2], 32.0, &|s, x| x.transpose(1, 2).matmul(&(x * &bob(s, [2, 3, 2], y_at))));
    gradient(&[5, 2], 48.0, &|_, x| x.prod(0));
    gradient(&[4], 48.0, &|_, x| x.powi(3));
    gradient(&[3, 3, 2], 24.0, &|s, x| x.einsum("iij->j").outer(&bob(s, [2], y_at)));
    gradient(&[2, 4], 32.0, &|_, x| x.var_axes(&[1], true) + x.norm_squared_axes(&[1]));
}

#[test]
fn mistakes_in_products() {
    let cases: [(Program<'_>, &str); 12] = [
        (&|_, x| x.unsqueeze(0).matmul(&x.unsqueeze(0)), "matmul: the shapes do not fit: [.., m, k] and [.., k, n]"),
        (&|_, x| x.sum().matmul(x), "matmul: the shapes do not fit: [.., m, k] and [.., k, n]"),
        (&|_, x| x.tile(&[1, 1]).dot(x), "dot: the shapes do not fit: two vectors; the other is [2, 3]"),
        (&|_, x| x.outer(x), "outer: the shapes do not fit: two vectors; the other is [2, 3]"),
        (&|_, x| x.prod(2), "prod: axis 2 is out of range for 2 axes"),
        (&|_, x| x.slice(0, 0..1).slice(1, 0..1).var(true), "var: an unbiased variance of 1 elements is not defined"),
        (&|_, x| x.norm_squared_axes(&[4]), "norm_squared: axis 4 is out of range for 2 axes"),
        (&|_, x| x.einsum("ij->ik"), "einsum: `ij->ik`: `k` of the result is in no operand"),
        (&|_, x| x.einsum("ii"), "einsum: `ii`: `i` is 2 in one place and 3 in another"),
        (&|_, x| x.einsum("i?->i"), "einsum: `i?->i`: `?` is no letter"),
        (&|_, x| x.einsum_with("ij,jk->ik", x), "einsum: `ij,jk->ik`: `j` is 3 in one place and 2 in another"),
        (&|_, x| x.einsum_with("ij,ij->ii", x), "einsum: `ij,ij->ii`: `i` is in the result twice"),
    ];
    for (program, expected) in cases {
        let (op, problem) = mistake(&[2, 3], program);
        assert_eq!(format!("{op}: {problem}"), expected);
    }
    let (_, problem) = mistake(&[2, 3], &|_, x| x.einsum_with("ij->i", x));
    assert_eq!(problem.to_string(), "`ij->i`: it names 1 operands, and there are 2");
    let (_, problem) = mistake(&[2, 3], &|_, x| x.einsum("i"));
    assert_eq!(problem.to_string(), "`i`: 1 letters for the 2 axes of [2, 3]");
}
