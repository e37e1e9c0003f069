//! The executor: what runs, when, in how many rounds, and what stays in memory.

mod common;

use common::{Alice, Bob, ULP, agreed, alice, bob, close};
use mpc_core::{Error, Result, Session, sim::Sim};

#[test]
fn a_line_of_model_code_at_any_number_of_parties() {
    for parties in [2, 3, 4] {
        let z = agreed(Sim::new(parties).run(async |s: Session| {
            let (x, w) = (alice(&s, [2, 2], |i| i as f64 - 1.5), bob(&s, [2, 2], |i| 0.5 * i as f64));
            let b = s.public([2, 2], &[1.0, 2.0, 3.0, 4.0]);
            (x * w + b).sum().reveal().item().await
        }));
        close([z], [10.0 + 0.5 * (-0.5) + 0.5 + 1.5 * 1.5], 4.0 * ULP);
    }
}

#[test]
fn eight_products_cost_the_rounds_of_one() {
    let cost = |products: usize| {
        agreed(Sim::new(2).run(async |s: Session| {
            let one = |i: usize| alice(&s, [8, 8], move |_| i as f64) * bob(&s, [8, 8], |_| 0.5);
            let sum = (1..products).fold(one(0), |sum, i| sum + one(i));
            let z = sum.reveal().await?;
            close(z, [0.25 * (products * (products - 1)) as f64; 64], products as f64 * ULP);
            let total = s.traffic().total;
            Ok((total.rounds, total.sent))
        }))
    };
    // 64 values: two openings of 8 bytes and one bit each, per product; the result is revealed once.
    assert_eq!(cost(1), (3, (2 * 64 * 8 + 8) + 64 * 8));
    assert_eq!(cost(8), (3, 8 * (2 * 64 * 8 + 8) + 64 * 8));
}

#[test]
fn a_chain_costs_two_rounds_a_product() {
    for (parties, depth) in [(2, 1), (2, 7), (3, 5)] {
        let rounds = agreed(Sim::new(parties).run(async |s: Session| {
            let x = alice(&s, 1, |_| 1.25);
            let y = (0..depth).fold(bob(&s, 1, |_| 1.0), |y, _| y * &x);
            close([y.reveal().item().await?], [1.25f64.powi(depth)], 16.0 * ULP);
            Ok(s.traffic().total.rounds)
        }));
        assert_eq!(rounds, 2 * depth as u64 + 1);
    }
}

#[test]
fn a_wire_is_opened_once() {
    let sent = agreed(Sim::new(2).run(async |s: Session| {
        let (x, w, v) = (alice(&s, [16, 4], |_| 2.0), bob(&s, [16, 4], |_| 3.0), bob(&s, [16, 4], |_| 5.0));
        (&x * &w).reveal().await?;
        let first = s.traffic().total.sent;
        close((&x * &v).reveal().await?, [10.0; 64], ULP);
        Ok((first, s.traffic().total.sent - first))
    }));
    assert_eq!(sent, (3 * 512 + 8, 2 * 512 + 8)); // the second product sends nothing for x
}

#[test]
fn views_reuse_the_opening_of_their_base() {
    let sent = agreed(Sim::new(2).run(async |s: Session| {
        let (x, w) = (alice(&s, [8, 4], |i| i as f64), bob(&s, [4, 1], |i| 1.0 + i as f64));
        let row = |i: usize| (0..4).map(|j| (4 * i + j) as f64 * (1.0 + j as f64)).sum::<f64>();
        let spent = |before: &mut u64| {
            let sent = s.traffic().total.sent;
            sent - std::mem::replace(before, sent)
        };
        let mut before = 0;
        close(x.rows(0..2).matmul(&w).reveal().await?, (0..2).map(row), ULP);
        let first = spent(&mut before); // 8 of x, 4 of w, a bit a value, 2 revealed
        close(x.rows(0..2).matmul(&w).reveal().await?, (0..2).map(row), ULP);
        let again = spent(&mut before); // the same rows: nothing opened
        close(x.t().slice(1, 2..4).t().matmul(&w).reveal().await?, (2..4).map(row), ULP);
        let piece = spent(&mut before); // other rows, seen through two transposes
        let whole = (x.t() * x.reshape([4, 8])).reveal().await?;
        close(whole, (0..32).map(|k| ((k % 8) * 4 + k / 8) as f64 * k as f64), ULP);
        let whole = spent(&mut before); // all of x, once for both factors
        close(x.rows(4..6).matmul(&w).reveal().await?, (4..6).map(row), ULP);
        Ok([first, again, piece, whole, spent(&mut before)])
    }));
    assert_eq!(sent, [(8 + 4 + 1 + 2) * 8, (1 + 2) * 8, (8 + 1 + 2) * 8, (32 + 1 + 32) * 8, (1 + 2) * 8]);
}

#[test]
fn the_dealers_load_rotates() {
    let dealt: Vec<u64> = Sim::new(2)
        .run(async |s: Session| {
            let x = alice(&s, [8, 8], |_| 1.0);
            for _ in 0..8 {
                close([(&x * &x).reveal().sum().item().await?], [64.0], 64.0 * ULP);
            }
            Ok(s.traffic().total.dealt)
        })
        .into_iter()
        .collect::<Result<_>>()
        .unwrap();
    assert_eq!(dealt.iter().sum::<u64>(), 8 * 2 * 64 * 8);
    assert!(dealt.iter().all(|&bytes| bytes > 0), "{dealt:?}");
}

#[test]
fn what_one_party_has_costs_nothing() {
    let seen = Sim::new(2).run(async |s: Session| {
        let x = s.input::<Alice>([2, 2], || vec![1.0, 2.0, 3.0, 4.0]);
        let y = (&x * &x + s.public([2, 2], &[1.0; 4])).matmul(&x).await?;
        assert_eq!(s.traffic().total, Default::default());
        Ok(y.map(|y| y.into_raw_vec_and_offset().0))
    });
    let seen: Vec<_> = seen.into_iter().map(Result::unwrap).collect();
    assert_eq!(seen, [Some(vec![17.0, 24.0, 61.0, 88.0]), None]);
}

#[test]
fn one_party_may_see_what_the_others_may_not() {
    let seen = Sim::new(3).run(async |s: Session| {
        let z = alice(&s, 1, |_| 3.0) - bob(&s, 1, |_| 5.0);
        let z = z.reveal_to::<Bob>().await?;
        Ok((z.map(|z| z[0]), s.traffic().total.sent, s.ledger().len()))
    });
    let seen: Vec<_> = seen.into_iter().map(Result::unwrap).collect();
    assert_eq!(seen, [(None, 8, 1), (Some(-2.0), 0, 1), (None, 8, 1)]);
}

#[test]
fn a_program_may_await_between_batches() {
    let seen = agreed(Sim::new(2).run(async |s: Session| {
        let (x, y) = (alice(&s, 1, |_| 4.0), bob(&s, 1, |_| 0.5));
        let (product, sum) = ((&x * &y).reveal(), (&x + &y).reveal()); // recorded together, run together
        let (product, sum) = (product.item().await?, sum.item().await?);
        let rounds = s.traffic().total.rounds;
        let next = x * (product + sum);
        Ok((next.reveal().item().await?, rounds, s.traffic().total.rounds))
    }));
    close([seen.0], [26.0], 8.0 * ULP);
    assert_eq!((seen.1, seen.2), (3, 5));
}

#[test]
fn what_nobody_reads_is_not_run() {
    let total = agreed(Sim::new(2).run(async |s: Session| {
        let x = alice(&s, [100, 100], |_| 1.0);
        let unused = (0..10).fold(x.clone(), |y, _| &y * &y);
        drop(unused);
        x.rows(0..1).reveal().await?;
        Ok(s.traffic().total)
    }));
    assert_eq!((total.rounds, total.sent, total.dealt), (1, 800, 0));
}

#[test]
fn what_is_not_asked_for_stays_recorded() {
    let totals = agreed(Sim::new(2).run(async |s: Session| {
        let x = alice(&s, 64, |_| 3.0);
        let (double, square) = (&x * 2.0, &x * &x);
        let shifted = &double + 1.0;
        s.runtime().compute(&[shifted.handle()]);
        let first = s.traffic().total.rounds;
        close(square.reveal().await?, [9.0; 64], ULP); // still there
        close(shifted.reveal().await?, [7.0; 64], 0.0);
        Ok((first, s.traffic().total.rounds))
    }));
    assert_eq!(totals, (0, 4));
}

#[test]
fn values_nobody_can_read_are_freed() {
    agreed(Sim::new(2).run(async |s: Session| {
        let x = alice(&s, 1, |_| 1.0);
        (0..20_000).fold(x.clone(), |y, _| y + &x).reveal().await?;
        assert_eq!(s.live_nodes(), 1);
        let w = alice(&s, 1, |_| 1.0).requires_grad();
        let y = (0..200_000).fold(w.clone(), |y, _| -&y);
        y.reveal().await?;
        assert!(s.live_nodes() > 200_000);
        drop(y); // a long chain, and no stack overflow
        assert_eq!(s.live_nodes(), 2);
        Ok(())
    }));
}

#[test]
fn a_loop_that_never_reads_stays_bounded_and_runs() {
    agreed(Sim::new(2).run(async |s: Session| {
        let (mut w, lr) = (alice(&s, 1, |_| 1.0).requires_grad(), 0.5);
        for _ in 0..50 {
            let loss = (&w * &w).sum();
            let gradient = loss.backward().of(&w);
            w = s.no_grad(|| &w - gradient * (lr * 0.1)).requires_grad();
            s.flush();
            assert!(s.live_nodes() < 12, "{} nodes", s.live_nodes());
        }
        close([w.reveal().item().await?], [0.9f64.powi(50)], 60.0 * ULP);
        Ok(())
    }));
}

#[test]
fn a_program_that_awaits_nothing_is_told() {
    let seen = Sim::new(2).run(async |_: Session| std::future::pending::<Result<()>>().await);
    assert!(seen.iter().all(|error| matches!(error, Err(Error::Stalled | Error::Aborted { .. }))), "{seen:?}");
}

#[test]
fn sessions_do_not_mix() {
    agreed(Sim::new(2).run(async |s: Session| {
        let x = s.public(1, &[1.0]);
        let other = Sim::new(2).run(async |t: Session| {
            let y = t.public(1, &[2.0]) + 1.0;
            y.item().await
        });
        assert_eq!(agreed(other), 3.0);
        assert_eq!(x.item().await?, 1.0);
        Ok(())
    }));
}

/// The memory of `--explain`: what is alive at the same time, not what was ever made.
#[test]
fn the_memory_of_a_program_is_that_of_what_lives_together() {
    let memory = |numbers: usize, times: usize, kept: bool| {
        let explained = Sim::new(2).explain(async |s: Session| {
            let x = alice(&s, [numbers], |_| 1.0);
            let mut all = Vec::new();
            for _ in 0..times {
                let y = &x * &x;
                s.runtime().compute(&[y.handle()]);
                all.extend(kept.then_some(y));
            }
            Ok(())
        });
        explained.unwrap().memory
    };
    let once = memory(1024, 1, false);
    // The input and the product, at least.
    assert!(once >= 2 * 8192, "{once}");
    assert_eq!(memory(65_536, 1, false), 64 * memory(1024, 1, false), "it grows with the numbers");
    let twice = memory(1024, 2, false);
    assert_eq!(memory(1024, 9, false), twice, "what is dropped is gone");
    assert_eq!(memory(1024, 9, true), memory(1024, 2, true) + 7 * 8192, "what is kept stays");
}
