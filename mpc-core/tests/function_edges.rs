//! Functions of shapes that repeat or do not fit, of values that are not secret, and at other precisions.

mod common;

use common::{ULP, agreed, alice, bob, close};
use mpc_core::{ProtocolKind, Secret, Session, Tensor, sim::Sim};

#[test]
fn quotients_repeat_after_the_reciprocal() {
    agreed(Sim::new(2).run(async |s: Session| {
        let at = |i: usize| (i as f64 - 300.0) / 7.0;
        let (a, b) = (alice(&s, [64, 100], at), bob(&s, 100, |i| 0.5 + i as f64));
        s.flush();
        let before = s.dealer_sent();
        let y = &a / &b;
        s.flush();
        // 100 reciprocals (32 thresholds, 17 choices); 6400 numbers made smaller or not, and products.
        assert!(s.dealer_sent() - before < 100 * 1_200 + 6_400 * (24 + 16) + 8_000, "{}", s.dealer_sent() - before);
        for (k, y) in y.reveal().await?.into_iter().enumerate() {
            let expected = at(k) / (0.5 + (k % 100) as f64);
            assert!((y - expected).abs() <= expected.abs() * 0.5f64.powi(12) + 2.0 * ULP, "{k}: {y}, not {expected}");
        }
        Ok(())
    }));
}

#[test]
fn shapes_that_do_not_fit_are_errors() {
    agreed(Sim::new(2).run(async |s: Session| {
        let (a, b) = (alice(&s, [3, 4], |_| 1.0), alice(&s, [3, 5], |_| 1.0));
        for y in [&a / &b, a.over_sqrt(&b), a.softmax(2), a.log_softmax(7), a.logsumexp(2)] {
            assert!(matches!(y.reveal().await, Err(mpc_core::Error::Usage { .. })), "{y:?}");
        }
        assert!(a.cross_entropy(&b).reveal().await.is_err());
        Ok(())
    }));
}

#[test]
fn functions_of_public_and_private_numbers() {
    agreed(Sim::new(2).run(async |s: Session| {
        let at = |i: usize| i as f64 / 4.0 + 0.25;
        let values: Vec<f64> = (0..20).map(at).collect();
        let x = s.public(20, &values);
        let traffic = s.traffic().total;
        close((&x / &x).await?, [1.0; 20], 2.0 * ULP);
        close(x.log().exp().await?, values.clone(), 6.0 * ULP);
        close((&x.sqrt() * &x.rsqrt()).await?, [1.0; 20], 6.0 * ULP);
        let total: f64 = values.iter().map(|x| x.exp()).sum();
        close(x.softmax(0).await?, values.iter().map(|x| x.exp() / total), ULP);
        assert_eq!(s.traffic().total, traffic);
        // A public factor of a secret one.
        let secret = bob(&s, 20, |i| 1.0 + i as f64);
        close((&secret / &x).reveal().await?, (0..20).map(|i| (1.0 + i as f64) / at(i)), 4.0 * ULP);
        close((&x / &secret).reveal().await?, (0..20).map(|i| at(i) / (1.0 + i as f64)), 8.0 * ULP);
        Ok(())
    }));
}

#[test]
fn numbers_divide_and_are_divided() {
    agreed(Sim::new(2).run(async |s: Session| {
        let x = alice(&s, 40, |i| i as f64 / 3.0 - 7.1);
        let at = |i: usize| i as f64 / 3.0 - 7.1;
        close((&x / 7.0).reveal().await?, (0..40).map(|i| at(i) / 7.0), 1e-4);
        close((3.0 / &x).reveal().await?, (0..40).map(|i| 3.0 / at(i)), 2e-2); // the rounding of x itself
        close((1.0 / x.clone()).reveal().await?, (0..40).map(|i| 1.0 / at(i)), 6e-3);
        let positive = alice(&s, 40, |i| 0.25 + i as f64);
        close(positive.pow(1.5).reveal().await?, (0..40).map(|i| (0.25 + i as f64).powf(1.5)), 0.07);
        close(positive.pow(-0.5).reveal().await?, (0..40).map(|i| (0.25 + i as f64).powf(-0.5)), 4e-4);
        Ok(())
    }));
}

/// The units at the ends of the window and beside them, and far outside, with one mask and another.
#[test]
fn exponentials_are_right_at_the_ends_of_their_window() {
    let ends = [-16.0f64, 30.0].map(|exponent| (exponent * std::f64::consts::LN_2 / ULP).round());
    let near = ends.into_iter().flat_map(|end| (-3..=3).map(move |d| (end + f64::from(d)) * ULP));
    let far = [-30.0, 22.0, 32.0, -32.0, 64.0, -64.0, 500.0, -500.0, 2f64.powi(29), -2f64.powi(29)];
    let x: Vec<f64> = near.chain(far).chain([0.0, ULP, -ULP, 1.0, -1.0]).collect();
    for (protocol, parties) in
        [(ProtocolKind::Plain, 2), (ProtocolKind::Dealer, 2), (ProtocolKind::Dealer, 3), (ProtocolKind::Dealer, 5)]
    {
        for seed in 0..4 {
            let found = agreed(Sim::new(parties).protocol(protocol).seed(seed).run(async |s: Session| {
                let x = alice(&s, x.len(), |i| x[i]);
                Ok(x.exp().reveal().await?.into_raw_vec_and_offset().0)
            }));
            for (&x, y) in x.iter().zip(found) {
                let expected = x.exp().min(2f64.powi(30) - ULP);
                let claim = (parties as f64 / 2.0 + 1.0) * ULP + expected * 0.5f64.powi(17);
                assert!((y - expected).abs() <= claim, "{protocol:?}, {parties} parties: e^{x} is {expected}, not {y}");
            }
        }
    }
}

#[test]
fn other_precisions_stay_in_range() {
    for fraction_bits in [10, 13, 20, 24] {
        let settings = mpc_core::Settings { fraction_bits, ..Default::default() };
        let ulp = 0.5f64.powi(fraction_bits as i32);
        let largest = 2f64.powi(62 - 2 * fraction_bits as i32) - ulp;
        let edges = [0.0, ulp, 2.0 * ulp, 0.5, 1.0, 1.5, 3.0, 100.0, largest.min(1e4), -ulp, -0.5, -1.0, -7.0, -100.0];
        let smallest = ulp.max(2f64.powi(2 * fraction_bits as i32 - 61));
        agreed(Sim::new(2).settings(settings).run(async |s: Session| {
            let x = alice(&s, edges.len(), |i| edges[i]);
            let check = async |y: Tensor<Secret>, clear: &dyn Fn(f64) -> f64| {
                for (found, x) in y.reveal().await?.into_iter().zip(edges) {
                    let expected = clear(((x / ulp).round() + 0.0) * ulp);
                    let claim = (8.0 * ulp).max(0.5f64.powi(12) * expected.abs()).max(2e-5);
                    let close = (found - expected).abs() <= claim;
                    assert!(close, "{fraction_bits} bits, at {x}: {found}, not {expected}");
                }
                Ok::<_, mpc_core::Error>(())
            };
            check(x.reciprocal(), &|x| 1.0 / x.abs().max(smallest).copysign(x + 0.0)).await?;
            check(x.rsqrt(), &|x| x.max(ulp).sqrt().recip()).await?;
            check(x.sqrt(), &|x| x.max(0.0).sqrt()).await?;
            check(x.log(), &|x| x.max(ulp).ln()).await?;
            check(x.exp(), &|x| x.exp().min(largest.min(2f64.powi(46 - fraction_bits as i32)))).await?;
            check(x.sin(), &f64::sin).await?;
            check(x.tanh(), &f64::tanh).await?;
            let halves = x.slice(0, 3..7).softmax(0);
            let total: f64 = edges[3..7].iter().map(|x| x.exp()).sum();
            close(halves.reveal().await?, edges[3..7].iter().map(|x| x.exp() / total), (4.0 * ulp).max(5e-5));
            Ok(())
        }));
    }
}

/// Where intervals meet, on both sides of 0 and beside it: every threshold with its neighbours, with one mask and another. The masks
/// decide which blocks borrow.
#[test]
fn functions_are_right_where_intervals_meet() {
    let ends = (0..16).flat_map(|k| (-2..=2).map(move |d| f64::from(d) + 2f64.powi(3 * k)));
    let positive: Vec<f64> = ends.map(|units| units * ULP).collect();
    let x: Vec<f64> = positive.iter().flat_map(|&x| [x, -x]).collect();
    for (protocol, parties) in [(ProtocolKind::Plain, 2), (ProtocolKind::Dealer, 2), (ProtocolKind::Dealer, 3)] {
        for seed in 0..6 {
            let [reciprocals, roots, logarithms] =
                agreed(Sim::new(parties).protocol(protocol).seed(seed).run(async |s: Session| {
                    let x = alice(&s, x.len(), |i| x[i]);
                    let [a, b, c] = [x.reciprocal(), x.rsqrt(), x.log()];
                    let values = async |y: Tensor<Secret>| {
                        Ok::<Vec<f64>, mpc_core::Error>(y.reveal().await?.into_raw_vec_and_offset().0)
                    };
                    Ok([values(a).await?, values(b).await?, values(c).await?])
                }));
            for (i, &x) in x.iter().enumerate() {
                let close = |name: &str, found: f64, expected: f64| {
                    let claim = 0.5f64.powi(13).max(expected.abs() * 0.5f64.powi(12));
                    let place = format!("{protocol:?}, {parties} parties, seed {seed}: {name} of {} units", x / ULP);
                    assert!((found - expected).abs() <= claim, "{place} is {expected}, not {found}");
                };
                close("reciprocal", reciprocals[i], 1.0 / x.abs().max(ULP).copysign(x + 0.0));
                close("rsqrt", roots[i], x.max(ULP).sqrt().recip());
                close("log", logarithms[i], x.max(ULP).ln());
            }
        }
    }
}

/// The smallest number that has a reciprocal is larger than a unit: what is below it counts as it, with its sign.
#[test]
fn reciprocals_of_less_than_the_smallest_saturate_with_their_sign() {
    let settings = mpc_core::Settings { fraction_bits: 22, ..Default::default() };
    let (ulp, smallest) = (0.5f64.powi(22), 2f64.powi(3 * 22 - 61 - 22));
    let units = [0.0, 1.0, 2.0, 30.0, 31.0, 32.0, 33.0, 255.0, 256.0, 257.0];
    let x: Vec<f64> = units.into_iter().flat_map(|units| [units * ulp, -units * ulp]).collect();
    agreed(Sim::new(2).settings(settings).run(async |s: Session| {
        let y = alice(&s, x.len(), |i| x[i]).reciprocal();
        for (&x, y) in x.iter().zip(y.reveal().await?) {
            let expected = 1.0 / x.abs().max(smallest).copysign(x + 0.0);
            assert!((y - expected).abs() <= expected.abs() * 0.5f64.powi(12), "1 / {x} is {expected}, not {y}");
        }
        Ok(())
    }));
}
