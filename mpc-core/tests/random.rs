//! Random values: their distribution, their cost, and that no party alone decides them.

mod common;

use common::{ULP, agreed, alice, close};
use mpc_core::{ProtocolKind, Session, Settings, rand::Prg, sim::Sim};

const N: usize = 20_000;

/// Values of one kind, in runs that repeat.
fn draw(sim: &Sim, kind: usize) -> Vec<f64> {
    agreed(sim.run(async |s: Session| {
        let drawn = match kind {
            0 => s.random_uniform(N),
            1 => s.random_normal(N),
            2 => s.random_bits(N).number(),
            _ => s.random_bernoulli(0.3, N).number(),
        };
        Ok(drawn.reveal().await?.into_raw_vec_and_offset().0)
    }))
}

fn moments(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (mean, values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64)
}

/// Pearson's statistic of counts in equally likely classes.
fn chi_square(classes: usize, class: impl Iterator<Item = usize>) -> f64 {
    let mut counts = vec![0f64; classes];
    class.for_each(|class| counts[class] += 1.0);
    let expected = counts.iter().sum::<f64>() / classes as f64;
    counts.iter().map(|count| (count - expected).powi(2) / expected).sum()
}

/// Either generator computes, with masks, truncations, comparisons and values of its own; and the parties agree on which.
#[test]
fn every_generator_computes() {
    let of = |prg| Settings { prg, ..Settings::default() };
    for parties in [2, 3] {
        let drawn = Prg::ALL.map(|prg| {
            agreed(Sim::new(parties).settings(of(prg)).seed(7).run(async |s: Session| {
                let x = alice(&s, 3, |i| [-1.5, 0.25, 3.0][i]);
                let (y, drawn) = ((&x * &x).relu() - x.relu(), s.random_uniform(64));
                close(y.reveal().await?, [2.25, -0.1875, 6.0], 2.0 * ULP);
                Ok(drawn.reveal().await?.into_raw_vec_and_offset().0)
            }))
        });
        assert_ne!(drawn[0], drawn[1]);
    }
    let agreements = Prg::ALL.map(|prg| of(prg).agreement());
    assert_ne!(agreements[0], agreements[1]);
}

#[test]
fn values_have_their_distribution() {
    let deviations = |found: f64, expected: f64, variance: f64| (found - expected).abs() / (variance / N as f64).sqrt();
    for (protocol, parties) in [(ProtocolKind::Dealer, 2), (ProtocolKind::Dealer, 3), (ProtocolKind::Plain, 2)] {
        let sim = Sim::new(parties).protocol(protocol).seed(7);

        let uniform = draw(&sim, 0);
        assert!(uniform.iter().all(|x| (0.0..1.0).contains(x) && (x / ULP).fract() == 0.0));
        let (mean, variance) = moments(&uniform);
        assert!(deviations(mean, 0.5, 1.0 / 12.0) < 4.0 && (variance * 12.0 - 1.0).abs() < 0.03, "{mean} {variance}");
        let statistic = chi_square(64, uniform.iter().map(|x| (x * 64.0) as usize));
        assert!((25.0..115.0).contains(&statistic), "{statistic}"); // mean 63, deviation 11
        let low = chi_square(64, uniform.iter().map(|x| (x / ULP) as usize % 64));
        assert!((25.0..115.0).contains(&low), "{low}");

        let normal = draw(&sim, 1);
        let (mean, variance) = moments(&normal);
        assert!(deviations(mean, 0.0, 1.0) < 4.0 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
        let kurtosis = normal.iter().map(|x| x.powi(4)).sum::<f64>() / N as f64;
        assert!((kurtosis - 3.0).abs() < 0.3, "{kurtosis}");
        let distribution = |x: f64| 0.5 * libm::erfc(-x / 2f64.sqrt());
        let statistic = chi_square(64, normal.iter().map(|&x| (distribution(x) * 64.0) as usize));
        assert!((25.0..115.0).contains(&statistic), "{statistic}");

        for (kind, p) in [(2, 0.5), (3, 0.3)] {
            let bits = draw(&sim, kind);
            assert!(bits.iter().all(|&x| x == 0.0 || x == 1.0));
            assert!(deviations(moments(&bits).0, p, p * (1.0 - p)) < 4.0, "{p}");
            let pairs =
                chi_square(2, bits.windows(2).filter(|pair| pair[0] == 1.0).map(|pair| usize::from(pair[1] == 1.0)));
            assert!(kind == 3 || pairs < 16.0, "neighbours depend on each other: {pairs}");
        }
    }
}

#[test]
fn every_probability_is_met() {
    let probabilities = [0.0, 1.0, 0.5, 0.25, 0.75, 0.0625, 0.9, 0.001, 1.0 - 1.0 / 65536.0];
    for p in probabilities {
        let rounds = agreed(Sim::new(2).seed(3).run(async |s: Session| {
            let bits = s.random_bernoulli(p, N);
            s.flush();
            let rounds = s.traffic().total.rounds;
            let mean = bits.count(0).reveal().item().await? / N as f64;
            let deviation = (p * (1.0 - p) / N as f64).sqrt();
            assert!((mean - p).abs() <= 4.0 * deviation + 1e-5, "{p}: {mean}");
            Ok(rounds)
        }));
        let digits = (1..=16).find(|&k| (p * f64::from(1u32 << k)).fract() == 0.0).unwrap_or(16);
        let expected = if p == 0.0 || p == 1.0 || digits == 1 {
            0
        } else if digits <= 4 {
            1
        } else {
            2
        };
        assert_eq!(rounds, expected, "{p}");
    }
}

#[test]
fn sessions_differ_unless_they_repeat() {
    for kind in 0..4 {
        let fresh = Sim::new(2);
        assert_ne!(draw(&fresh, kind), draw(&fresh, kind));
        let fixed = Sim::new(2).seed(1);
        assert_eq!(draw(&fixed, kind), draw(&fixed, kind));
        assert_ne!(draw(&fixed, kind), draw(&Sim::new(2).seed(2), kind));
    }
}

#[test]
fn no_party_and_no_dealer_decides_a_value() {
    // All links and all other parties are the same: the seeds of the dealer and of the pairs, and so every mask.
    for kind in 0..4 {
        let base = draw(&Sim::new(3).seed(1), kind);
        for party in 0..3 {
            let other = draw(&Sim::new(3).seed(1).own_seed(party, 99), kind);
            let changed = base.iter().zip(&other).filter(|(a, b)| a != b).count();
            assert!(changed > N / 3, "kind {kind}: party {party} changes {changed} values");
        }
    }
}

#[test]
fn an_index_is_drawn_by_its_weight() {
    let weights = [0.0, 2.0, 0.5, 0.0, 1.5];
    agreed(Sim::new(2).seed(11).run(async |s: Session| {
        let x = alice(&s, [N / 8, 5], |k| weights[k % 5]);
        s.flush();
        let before = s.traffic().total.rounds;
        let drawn = x.weighted_index(1);
        s.flush();
        assert_eq!(s.traffic().total.rounds - before, 6);
        let (bits, rows) = (drawn.number().sum_axes(&[0]).reveal().await?, drawn.count(1).reveal().await?);
        assert!(rows.iter().all(|&count| count == 1.0));
        let trials = (N / 8) as f64;
        for (&count, weight) in bits.iter().zip(weights) {
            let p = weight / 4.0;
            assert!((count - trials * p).abs() <= 4.0 * (trials * p * (1.0 - p)).sqrt(), "{count} for {weight}");
        }
        let last = alice(&s, [2, 3], |_| 0.0).weighted_index(1).number().reveal().await?;
        assert_eq!(last.into_raw_vec_and_offset().0, [0.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
        Ok(())
    }));
}

#[test]
fn draws_of_one_session_differ() {
    agreed(Sim::new(2).seed(5).run(async |s: Session| {
        let (a, b) = (s.random_uniform(64).reveal().await?, s.random_uniform(64).reveal().await?);
        assert!(a.iter().zip(&b).filter(|(a, b)| a == b).count() < 4);
        Ok(())
    }));
}

#[test]
fn the_cost_report_is_right() {
    for parties in [2, 3] {
        let sim = Sim::new(parties);
        let program = async |s: Session| {
            let x = alice(&s, 100, |i| i as f64);
            let dropped = x.dropout(0.3, true) + x.dropout(0.5, true) + s.random_uniform(100) + s.random_normal(100);
            let bits = s.random_bernoulli(0.1, 100) ^ s.random_bits(100);
            dropped.reveal().await?;
            bits.reveal().await?;
            Ok((s.traffic().total.rounds, s.traffic().total.sent, s.dealer_sent()))
        };
        let counted = std::cell::Cell::new((0, 0, 0));
        sim.explain(async |s: Session| {
            counted.set(program(s).await?);
            Ok(())
        })
        .unwrap();
        assert_eq!(counted.get(), agreed(sim.run(program)));
    }
}

#[test]
fn costs_are_the_documented_ones() {
    agreed(Sim::new(2).run(async |s: Session| {
        let spent = |before: mpc_comm::Count| {
            s.flush();
            let after = s.traffic().total;
            (after.rounds - before.rounds, after.sent - before.sent)
        };
        let before = s.traffic().total;
        let free = (s.random_normal(640), s.random_bits(640), s.random_bernoulli(0.5, 640));
        assert_eq!(spent(before), (0, 0));
        let uniform = s.random_uniform(640);
        assert_eq!(spent(before), (1, 16 * 80));
        drop((free, uniform));
        Ok(())
    }));
}

#[test]
fn dropout_keeps_the_mean_and_drops_in_the_gradient_what_it_dropped() {
    for (parties, p) in [(2, 0.5), (2, 0.3), (3, 0.1)] {
        agreed(Sim::new(parties).seed(11).run(async |s: Session| {
            let x = alice(&s, N, |_| 2.0).requires_grad();
            let y = x.dropout(p, true);
            let gradient = y.sum().backward().of(&x).reveal().await?;
            let y = y.reveal().await?;
            let dropped = y.iter().filter(|&&y| y == 0.0).count() as f64 / N as f64;
            assert!((dropped - p).abs() < 0.02, "{dropped}");
            for (y, gradient) in y.iter().zip(&gradient) {
                let expected = if *y == 0.0 { 0.0 } else { 1.0 / (1.0 - p) };
                assert!((y - 2.0 * expected).abs() < 1e-3 && (gradient - expected).abs() < 1e-3, "{y} {gradient}");
            }
            close(x.dropout(p, false).reveal().await?, [2.0; N], 0.0);
            assert!(x.dropout(1.0, true).handle().error().is_some());
            assert!(s.random_bernoulli(f64::NAN, 3).handle().error().is_some());
            Ok(())
        }));
    }
}
