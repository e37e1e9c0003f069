//! Sorting networks, the largest few, medians and shuffles: against plain Rust, with their exact rounds.

mod common;

use common::{ULP, agreed, alice, bob, close};
use mpc_core::{ProtocolKind, Secret, Session, Tensor, sim::Sim};

const SIZES: [usize; 8] = [1, 2, 3, 5, 8, 11, 16, 100];

/// Many ties, and negative values.
fn x_at(i: usize) -> f64 {
    ((i * 7919) % 37) as f64 / 2.0 - 9.0
}

fn sorted(mut values: Vec<f64>, descending: bool) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    if descending {
        values.reverse();
    }
    values
}

fn row(i: usize, size: usize) -> Vec<f64> {
    (0..size).map(|j| x_at(i * size + j)).collect()
}

/// The indices are a permutation that gives the values.
fn check_indices(found: Vec<f64>, values: &[f64], from: &[f64]) {
    let mut indices: Vec<usize> = found.into_iter().map(|index| index as usize).collect();
    assert!(indices.iter().zip(values).all(|(&index, &value)| from[index] == value), "{indices:?}");
    indices.sort_unstable();
    indices.dedup();
    assert_eq!(indices.len(), values.len());
}

#[test]
fn every_size_is_sorted() {
    for (protocol, parties) in [(ProtocolKind::Dealer, 2), (ProtocolKind::Dealer, 3), (ProtocolKind::Plain, 2)] {
        for size in SIZES {
            agreed(Sim::new(parties).protocol(protocol).run(async |s: Session| {
                let x = alice(&s, [3, size], x_at);
                for descending in [false, true] {
                    let expected: Vec<_> = (0..3).flat_map(|i| sorted(row(i, size), descending)).collect();
                    let found = x.sort(1, descending).reveal().await?;
                    assert_eq!(found.shape(), [3, size]);
                    close(found, expected.iter().copied(), 0.0);
                    let (values, index) = x.t().sort_with_index(0, descending);
                    let (values, index) = (values.t().reveal().await?, index.t().reveal().await?);
                    assert_eq!(values.shape(), [3, size]);
                    close(values, expected.iter().copied(), 0.0);
                    for i in 0..3 {
                        let found = index.rows().into_iter().nth(i).unwrap().to_vec();
                        check_indices(found, &expected[i * size..(i + 1) * size], &row(i, size));
                    }
                }
                let median = |i: usize| {
                    let sorted = sorted(row(i, size), false);
                    (sorted[(size - 1) / 2] + sorted[size / 2]) / 2.0
                };
                close(x.median(1).reveal().await?, (0..3).map(median), ULP);
                Ok(())
            }));
        }
    }
}

#[test]
fn the_largest_few_are_found() {
    for parties in [2, 3] {
        for (size, k) in [(1, 1), (5, 2), (8, 3), (16, 1), (19, 2), (100, 1), (100, 5), (100, 60), (9, 9), (7, 0)] {
            agreed(Sim::new(parties).run(async |s: Session| {
                let x = alice(&s, [2, size], x_at);
                let (values, index) = x.topk_with_index(k, 1);
                let (alone, values, index) =
                    (x.topk(k, 1).reveal().await?, values.reveal().await?, index.reveal().await?);
                assert_eq!((values.shape(), index.shape()), (&[2, k][..], &[2, k][..]));
                let expected: Vec<_> = (0..2).flat_map(|i| sorted(row(i, size), true).into_iter().take(k)).collect();
                close(alone, expected.iter().copied(), 0.0);
                close(values, expected.iter().copied(), 0.0);
                for i in 0..2 {
                    let found = index.rows().into_iter().nth(i).map_or(Vec::new(), |row| row.to_vec());
                    check_indices(found, &expected[i * k..(i + 1) * k], &row(i, size));
                }
                Ok(())
            }));
        }
    }
}

/// Rounds, bytes sent and dealt of a program on a shared `[2, size]`; the cost report gives the same.
fn cost(parties: usize, size: usize, program: impl Fn(&Tensor<Secret>) -> Tensor<Secret> + Sync) -> (u64, u64, u64) {
    let measure = async |s: Session| {
        let x = alice(&s, [2, size], x_at);
        s.flush();
        let (before, dealt) = (s.traffic().total, s.dealer_sent());
        let y = program(&x);
        s.flush();
        drop(y);
        let spent = s.traffic().total - before;
        Ok((spent.rounds, spent.sent, s.dealer_sent() - dealt))
    };
    let sim = Sim::new(parties);
    let measured = agreed(sim.run(measure));
    let counted = std::cell::Cell::new((0, 0, 0));
    sim.explain(async |s: Session| {
        counted.set(measure(s).await?);
        Ok(())
    })
    .unwrap();
    assert_eq!(counted.get(), measured, "the cost report");
    measured
}

#[test]
fn rounds_are_four_a_stage() {
    for parties in [2, 3] {
        for (size, rounds) in [(1, 0), (2, 4), (3, 12), (5, 24), (8, 24), (16, 40), (100, 112)] {
            assert_eq!(cost(parties, size, |x| x.sort(1, true)).0, rounds, "{size}");
            assert_eq!(cost(parties, size, |x| x.sort_with_index(1, false).1).0, rounds, "{size}");
            assert_eq!(cost(parties, size, |x| x.shuffle(1)).0, if size < 2 { 0 } else { rounds + 1 }, "{size}");
        }
        // Blocks of 8: 6 stages; 13 blocks are 4 halvings of 4 stages.
        assert_eq!(cost(parties, 100, |x| x.topk(5, 1)).0, 4 * (6 + 4 * 4));
        assert_eq!(cost(parties, 100, |x| x.topk(1, 1)).0, 28);
        assert_eq!(cost(parties, 100, |x| x.median(1)).0, 113);
    }
    // 19 comparisons of a row of 8 open 19 differences.
    let (_, sent, _) = cost(2, 8, |x| x.sort(1, false));
    assert_eq!(sent, 2 * 19 * 8 + 6 * (33 + 1) * 8);
}

#[test]
fn gradients_go_back_to_where_values_came_from() {
    for parties in [2, 3] {
        agreed(Sim::new(parties).run(async |s: Session| {
            let value = |i: usize| [3.0, -1.5, 7.0, 0.0, 2.0, -8.0][i];
            let x = bob(&s, 6, value).requires_grad();
            let weights = alice(&s, 6, |i| i as f64 + 1.0);
            let gradient = (x.sort(0, false) * &weights).sum().backward().of(&x).reveal().await?;
            let rank = |i: usize| (0..6).filter(|&j| value(j) < value(i)).count() as f64;
            close(gradient, (0..6).map(|i| rank(i) + 1.0), 4.0 * ULP);
            let gradient = x.median(0).backward().of(&x).reveal().await?;
            close(gradient, [0.0, 0.0, 0.0, 0.5, 0.5, 0.0], ULP);
            let gradient = x.topk(2, 0).sum().backward().of(&x).reveal().await?;
            close(gradient, [1.0, 0.0, 1.0, 0.0, 0.0, 0.0], ULP);
            Ok(())
        }));
    }
}

#[test]
fn a_shuffle_is_a_permutation_of_whole_slices() {
    for parties in [2, 3] {
        agreed(Sim::new(parties).run(async |s: Session| {
            let x = alice(&s, [2, 20, 3], |i| i as f64);
            let y = x.shuffle(1).reveal().await?;
            assert_eq!(y.shape(), [2, 20, 3]);
            let mut slices: Vec<usize> = Vec::new();
            for j in 0..20 {
                let from = y[[0, j, 0]] as usize / 3;
                slices.push(from);
                let moved = (0..6).all(|k| y[[k / 3, j, k % 3]] == ((k / 3 * 20 + from) * 3 + k % 3) as f64);
                assert!(moved, "slice {j}");
            }
            assert!(!slices.iter().copied().eq(0..20));
            slices.sort_unstable();
            assert!(slices.into_iter().eq(0..20));
            Ok(())
        }));
    }
}

#[test]
fn all_orders_are_as_likely() {
    // 600 shuffles of 4 rows, where each comes from.
    let orders = agreed(Sim::new(2).seed(4).run(async |s: Session| {
        let mut shuffles = Vec::new();
        for _ in 0..600 {
            shuffles.push(alice(&s, 4, |i| i as f64).shuffle(0).reveal());
        }
        let mut orders = Vec::new();
        for shuffled in shuffles {
            orders.push(shuffled.await?.into_raw_vec_and_offset().0.iter().fold(0, |order, &x| 4 * order + x as usize));
        }
        Ok(orders)
    }));
    let mut counts = std::collections::BTreeMap::new();
    orders.into_iter().for_each(|order| *counts.entry(order).or_insert(0f64) += 1.0);
    assert_eq!(counts.len(), 24);
    let statistic: f64 = counts.values().map(|count| (count - 25.0).powi(2) / 25.0).sum();
    assert!(statistic < 55.0, "{statistic}"); // mean 23, deviation 6.8
}

#[test]
fn mistakes_are_errors_with_their_line() {
    agreed(Sim::new(2).run(async |s: Session| {
        let x = alice(&s, [2, 3], x_at);
        let none = alice(&s, [2, 0], x_at);
        for wrong in [x.sort(2, false), x.topk(4, 1), none.median(1), x.shuffle(2), x.median(7)] {
            let error = wrong.handle().error();
            assert!(
                matches!(error, Some(mpc_core::Error::Usage { at, .. }) if at.file().contains("tests/")),
                "{error:?}"
            );
        }
        assert_eq!(none.sort(1, true).reveal().await?.shape(), [2, 0]);
        Ok(())
    }));
}
