//! Where the largest is, one-hot rows, and rows picked by secret indices: against plain Rust, with their exact rounds.

mod common;

use common::{Alice, ULP, agreed, alice, bob, close};
use mpc_comm::{Kind, PartyId, Transcript};
use mpc_core::{ProtocolKind, Secret, Session, Tensor, sim::Sim};

const SIZES: [usize; 6] = [1, 2, 3, 5, 8, 100];

/// Many ties, and negative values.
fn x_at(i: usize) -> f64 {
    ((i * 7919) % 13) as f64 / 2.0 - 4.0
}

/// The first of the largest among `size` values.
fn first_largest(size: usize, value: impl Fn(usize) -> f64) -> usize {
    (0..size).rev().max_by(|&i, &j| value(i).total_cmp(&value(j))).unwrap()
}

/// What both cost: the rounds measured, which the cost report gives too.
fn rounds(sim: &Sim, program: impl AsyncFn(&Session) -> mpc_core::Result<u64> + Sync) -> u64 {
    let measured = agreed(sim.run(async |s: Session| program(&s).await));
    let counted = std::cell::Cell::new(0);
    sim.explain(async |s: Session| {
        counted.set(program(&s).await?);
        Ok(())
    })
    .unwrap();
    assert_eq!(counted.get(), measured, "the cost report");
    measured
}

#[test]
fn the_first_of_the_largest_is_found() {
    for (protocol, parties) in [(ProtocolKind::Dealer, 2), (ProtocolKind::Dealer, 3), (ProtocolKind::Plain, 2)] {
        for size in SIZES {
            agreed(Sim::new(parties).protocol(protocol).run(async |s: Session| {
                // Rows, columns in the middle, and the same in the clear.
                let (rows, middle) = (alice(&s, [3, size], x_at), alice(&s, [2, size, 3], x_at));
                let row = |i: usize| move |j: usize| x_at(i * size + j);
                let column = |k: usize| move |j: usize| x_at((k / 3 * size + j) * 3 + k % 3);
                let (value, index) = rows.max_with_index(1);
                close(value.reveal().await?, (0..3).map(|i| row(i)(first_largest(size, row(i)))), 0.0);
                close(index.reveal().await?, (0..3).map(|i| first_largest(size, row(i)) as f64), 0.0);
                let smallest = |i: usize| first_largest(size, |j| -row(i)(j));
                close(rows.argmin(1).reveal().await?, (0..3).map(|i| smallest(i) as f64), 0.0);
                let (value, index) = rows.min_with_index(1);
                close(value.reveal().await?, (0..3).map(|i| row(i)(smallest(i))), 0.0);
                close(index.reveal().await?, (0..3).map(|i| smallest(i) as f64), 0.0);
                close(middle.argmax(1).reveal().await?, (0..6).map(|k| first_largest(size, column(k)) as f64), 0.0);

                let bits = middle.argmax_one_hot(1).reveal().await?;
                assert_eq!(bits.shape(), [2, size, 3]);
                for (at, bit) in bits.into_iter().enumerate() {
                    let (k, j) = (at / 3 / size * 3 + at % 3, at / 3 % size);
                    assert_eq!(bit, first_largest(size, column(k)) == j, "size {size}, element {at}");
                }
                for (at, bit) in rows.argmin_one_hot(1).reveal().await?.into_iter().enumerate() {
                    assert_eq!(bit, smallest(at / size) == at % size, "size {size}, element {at}");
                }
                let clear = s.public([3, size], &(0..3 * size).map(x_at).collect::<Vec<_>>());
                close(clear.argmax(1).await?, (0..3).map(|i| first_largest(size, row(i)) as f64), 0.0);
                assert!(clear.argmax_one_hot(1).await?.into_iter().filter(|&bit| bit).count() == 3);
                Ok(())
            }));
        }
    }
}

#[test]
fn an_index_adds_no_round_to_the_largest() {
    for parties in [2, 3] {
        for (size, expected) in [(1, 0), (2, 4), (3, 8), (5, 12), (8, 12), (100, 28)] {
            let found = rounds(&Sim::new(parties), async |s: &Session| {
                let x = alice(s, [3, size], x_at);
                s.flush();
                let before = s.traffic().total.rounds;
                let all = (x.max_with_index(1), x.argmax_one_hot(1), x.argmin(1));
                s.flush();
                drop(all);
                Ok(s.traffic().total.rounds - before)
            });
            assert_eq!(found, expected, "{size} elements, {parties} parties");
        }
    }
}

#[test]
fn one_hot_rows_and_their_rounds() {
    // Opening, at most one round of conjunctions, and the number.
    for (classes, expected) in [(1, 2), (2, 2), (10, 2), (16, 2), (17, 3), (100, 3), (300, 3)] {
        for parties in [2, 3] {
            let found = rounds(&Sim::new(parties), async |s: &Session| {
                let index = |i: usize| ((i * 7919) % classes) as f64;
                let x = alice(s, [5, 3], index);
                s.flush();
                let before = s.traffic().total.rounds;
                let rows = x.one_hot(classes).number();
                s.flush();
                let spent = s.traffic().total.rounds - before;
                let rows = rows.reveal().await?;
                assert_eq!(rows.shape(), [5, 3, classes]);
                if spent > 0 && rows.sum() > 0.0 {
                    close(rows, (0..15 * classes).map(|k| f64::from(index(k / classes) == (k % classes) as f64)), 0.0);
                }
                Ok(spent)
            });
            assert_eq!(found, expected, "{classes} classes, {parties} parties");
        }
    }
}

#[test]
fn one_hot_rows_at_other_precisions_and_of_known_indices() {
    for (fraction_bits, protocol) in [(10, ProtocolKind::Dealer), (23, ProtocolKind::Dealer), (16, ProtocolKind::Plain)]
    {
        let settings = mpc_core::Settings { fraction_bits, protocol, ..Default::default() };
        agreed(Sim::new(2).settings(settings).run(async |s: Session| {
            let secret = alice(&s, 40, |i| i as f64).one_hot(40).reveal().await?;
            assert!(secret.into_iter().enumerate().all(|(k, bit)| bit == (k / 40 == k % 40)));
            let known = s.input::<Alice>(3, || vec![2.0, 0.0, 1.0]).one_hot(3).share().reveal().await?;
            assert!(known.into_iter().enumerate().all(|(k, bit)| bit == (k % 3 == [2, 0, 1][k / 3])));
            Ok(())
        }));
    }
}

#[test]
fn secret_indices_pick_rows() {
    for parties in [2, 3] {
        let spent = rounds(&Sim::new(parties), async |s: &Session| {
            let (weights, tokens) = (bob(s, [30, 4], x_at), alice(s, [2, 3], |i| [7.0, 0.0, 29.0, 7.0, 13.0, 1.0][i]));
            s.flush();
            let before = s.traffic().total.rounds;
            let rows = weights.embedding(&tokens);
            s.flush();
            let spent = s.traffic().total.rounds - before;
            let rows = rows.reveal().await?;
            assert_eq!(rows.shape(), [2, 3, 4]);
            if rows.iter().any(|&x| x != 0.0) {
                close(rows, (0..24).map(|k| x_at([7, 0, 29, 7, 13, 1][k / 4] * 4 + k % 4)), 0.0);
            }
            Ok(spent)
        });
        assert_eq!(spent, 5);
        agreed(Sim::new(parties).run(async |s: Session| {
            let (x, index) = (bob(&s, [2, 5, 3], x_at), alice(&s, 2, |i| [4.0, 1.0][i]));
            let picked = x.gather_secret(1, &index).reveal().await?;
            assert_eq!(picked.shape(), [2, 2, 3]);
            close(picked, (0..12).map(|k| x_at((k / 6 * 5 + [4, 1][k / 3 % 2]) * 3 + k % 3)), 0.0);
            let last = x.gather_secret(2, &alice(&s, [], |_| 2.0)).reveal().await?;
            assert_eq!(last.shape(), [2, 5]);
            close(last, (0..10).map(|k| x_at(k * 3 + 2)), 0.0);
            Ok(())
        }));
    }
}

#[test]
fn gradients_go_to_what_was_chosen() {
    for parties in [2, 3] {
        agreed(Sim::new(parties).run(async |s: Session| {
            let w = bob(&s, [4, 3], |i| i as f64).requires_grad();
            let picked = w.embedding(&alice(&s, 3, |i| [2.0, 0.0, 2.0][i]));
            let loss = (picked * alice(&s, [3, 3], |i| i as f64 + 1.0)).sum();
            let gradient = loss.backward().of(&w).reveal().await?;
            let expected = [4.0, 5.0, 6.0, 0.0, 0.0, 0.0, 8.0, 10.0, 12.0, 0.0, 0.0, 0.0];
            close(gradient, expected, 2.0 * ULP);

            let x: Tensor<Secret> = bob(&s, [2, 7], x_at).requires_grad();
            let gradient = (x.max_with_index(1).0 * 3.0).sum().backward().of(&x).reveal().await?;
            let first = |row: usize| first_largest(7, |j| x_at(row * 7 + j));
            close(gradient, (0..14).map(|k| if first(k / 7) == k % 7 { 3.0 } else { 0.0 }), 0.0);
            Ok(())
        }));
    }
}

#[test]
fn mistakes_are_errors_with_their_line() {
    agreed(Sim::new(2).run(async |s: Session| {
        let x = alice(&s, [2, 3], x_at);
        let none = alice(&s, [2, 0], x_at);
        for wrong in [x.argmax(2), none.argmax(1), x.one_hot(0).number(), x.one_hot(1 << 20).number()] {
            assert!(matches!(wrong.handle().error(), Some(mpc_core::Error::Usage { at, .. }) if at.file().contains("tests/")));
        }
        assert!(x.argmax_one_hot(5).handle().error().is_some());
        assert!(x.gather_secret(3, &none).handle().error().is_some());
        Ok(())
    }));
}

/// What the compute parties send in the rounds of a program on given secrets, and its shape.
fn sent(parties: usize, value: impl Fn(usize) -> f64 + Sync) -> (Vec<u64>, String) {
    let transcript = Transcript::with_words();
    agreed(Sim::new(parties).transcript(&transcript).run(async |s: Session| {
        let x = alice(&s, [64, 9], &value);
        let index = x.argmax(1);
        let chosen = (
            x.argmax_one_hot(1),
            bob(&s, [9, 7], &value).embedding(&index),
            bob(&s, [30, 7], &value).embedding(&index),
            x.sort_with_index(1, true),
            x.topk(2, 1),
            x.shuffle(0).dropout(0.2, true),
            x.rows_equal(&bob(&s, [64, 9], &value)),
        );
        // No reveal: what is revealed is meant to be seen.
        s.flush();
        drop(chosen);
        Ok(())
    }));
    let between = |from: usize, to: usize| transcript.between(PartyId(from as u16), PartyId(to as u16));
    // To one peer each: an opening sends the same words to all.
    let pairs = (0..parties).map(|from| (from, (from + 1) % parties));
    let rounds = pairs.flat_map(|(from, to)| between(from, to)).filter(|entry| entry.kind == Kind::Round);
    (rounds.flat_map(common::payload).collect(), format!("{:?}", transcript.shape()))
}

#[test]
fn frames_show_nothing_of_the_secrets() {
    for parties in [2, 3] {
        let (zeros, others) = (sent(parties, |_| 0.0), sent(parties, |i| (i % 5) as f64));
        assert_eq!(zeros.1, others.1);
        for (words, _) in [zeros, others] {
            assert!(words.len() > 10_000);
            // Differences and bits leave under masks: whole words are uniform. A plane's last word is whole here.
            let mut counts = [0f64; 256];
            words.iter().flat_map(|word| word.to_le_bytes()).for_each(|byte| counts[usize::from(byte)] += 1.0);
            let expected = words.len() as f64 * 8.0 / 256.0;
            let statistic: f64 = counts.iter().map(|count| (count - expected).powi(2) / expected).sum();
            assert!((150.0..420.0).contains(&statistic), "{statistic}"); // mean 255, deviation 23
        }
    }
}

#[test]
fn one_hot_rows_cost_what_the_table_says() {
    agreed(Sim::new(2).run(async |s: Session| {
        for (classes, nibbles) in [(10, 1), (64, 2)] {
            let x = alice(&s, 128, |i| (i % 10) as f64);
            s.flush();
            let (before, dealt) = (s.traffic().total.sent, s.dealer_sent());
            let rows = x.one_hot(classes);
            s.flush();
            let bits = if nibbles == 1 { 0 } else { 128 * classes as u64 / 8 };
            let products = (1 << nibbles) - nibbles - 1;
            assert_eq!(s.traffic().total.sent - before, 128 * 8 + nibbles * bits);
            assert_eq!(s.dealer_sent() - dealt, 128 * 32 + products * bits);
            drop(rows);
        }
        Ok(())
    }));
}
