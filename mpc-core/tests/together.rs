//! What steps give together: a layer with its activation, maxima of many, bits in views, and the edges of comparisons.

mod common;

use common::{ULP, agreed, alice, bob, close};
use mpc_core::{ProtocolKind, Result, Secret, Session, Tensor, sim::Sim};

const N: usize = 200;

fn x_at(i: usize) -> f64 {
    (i as f64 - 100.0) * 0.37 + 0.013
}

fn y_at(i: usize) -> f64 {
    ((i * 7919) % 389) as f64 / 31.0 - 6.0
}

#[test]
fn the_largest_of_a_hundred_takes_28_rounds() {
    for parties in [2, 3] {
        agreed(Sim::new(parties).run(async |s: Session| {
            let value = |i: usize| ((i * 7919) % 1009) as f64 / 7.0 - 60.0;
            let x = alice(&s, [3, 100], value);
            s.flush();
            let before = s.traffic().total.rounds;
            let (largest, smallest) = (x.max(1), x.min(1));
            s.flush();
            assert_eq!(s.traffic().total.rounds - before, 28);
            let row = |i: usize| (0..100).map(move |j| value(100 * i + j));
            close(largest.reveal().await?, (0..3).map(|i| row(i).fold(f64::MIN, f64::max)), ULP);
            close(smallest.reveal().await?, (0..3).map(|i| row(i).fold(f64::MAX, f64::min)), ULP);
            Ok(())
        }));
    }
}

#[test]
fn a_layer_with_relu_takes_5_rounds_and_21_bytes() {
    // Opens x and w; then for each result: 8 bytes, 33 bits of the tree, one bit of the choice.
    let (m, k, n) = (64, 32, 16);
    for parties in [2, 3] {
        let peers = parties as u64 - 1;
        for (with_bias, viewed) in [(false, false), (true, false), (true, true)] {
            let layer = async |s: Session| {
                let (x, w) = (alice(&s, [m, k], x_at), bob(&s, [n, k], |i| y_at(i) / 100.0));
                let bias = alice(&s, n, |j| j as f64 - 8.0);
                s.flush();
                let (before, dealt) = (s.traffic().total, s.dealer_sent());
                let (x, w) = (x.handle(), w.handle());
                let z = if with_bias {
                    x.matmul_plus(false, w, true, bias.handle())
                } else {
                    x.matmul_form(false, w, true)
                };
                // In another shape it is the same product.
                let z = if viewed { z.reshape(&[4, m / 4, n].into()).permute(&[1, 0, 2]) } else { z };
                let y = Tensor::<Secret>::from(z.relu());
                drop(z);
                let y = if viewed { y.permute(&[1, 0, 2]).reshape([m, n]) } else { y };
                s.flush();
                let spent = s.traffic().total - before;
                let values = y.reveal().await?.into_raw_vec_and_offset().0;
                Ok((spent.rounds, spent.sent, s.dealer_sent() - dealt, values))
            };
            let (rounds, sent, dealt, values) = agreed(Sim::new(parties).run(layer));
            let (operands, results) = ((m * k + n * k) as u64, (m * n) as u64);
            assert_eq!((rounds, sent), (5, peers * (8 * operands + 8 * results + 34 * results / 8)));
            assert_eq!(dealt, results * (8 + 16 + 32 + 12 + 24));
            let bias = |j: usize| if with_bias { j as f64 - 8.0 } else { 0.0 };
            let dot = |i: usize, j: usize| (0..k).map(|l| x_at(i * k + l) * y_at(j * k + l) / 100.0).sum::<f64>();
            close(values, (0..m * n).map(|at| (dot(at / n, at % n) + bias(at % n)).max(0.0)), 32.0 * 600.0 * ULP);
        }
    }
}

#[test]
fn a_fused_relu_is_the_relu_of_what_is_revealed() {
    // Also where products round to zero from below, and where the product itself is used too.
    for parties in [2, 3] {
        agreed(Sim::new(parties).run(async |s: Session| {
            let (x, y) =
                (alice(&s, 4096, |i| (i as f64 - 2048.0) * ULP * 4.0), bob(&s, 4096, |i| (i % 9) as f64 / 16.0));
            let z = &x * &y;
            let (relu, z) = (z.relu().reveal(), z.reveal());
            let (relu, z) = (relu.await?, z.await?);
            assert!(z.iter().any(|z| *z == 0.0) && z.iter().any(|z| *z < 0.0));
            close(relu, z.into_iter().map(|z| z.max(0.0)), 0.0);
            Ok(())
        }));
    }
}

#[test]
fn bits_are_viewed_and_revealed_like_numbers() {
    for protocol in [ProtocolKind::Dealer, ProtocolKind::Plain] {
        agreed(Sim::new(3).protocol(protocol).run(async |s: Session| {
            let x = alice(&s, [5, 30], |i| (i % 7) as f64 - 3.0);
            let known = s.input::<common::Bob>([5, 30], || (0..150).map(|i| f64::from(i % 2)).collect::<Vec<_>>());
            let bits = (x.lt(0.0) ^ known.gt(0.5)).t().slice(0, 3..9);
            let expected = |k: usize| {
                let i = (k % 5) * 30 + 3 + k / 5;
                ((i % 7) < 3) != (i % 2 == 1)
            };
            assert!(bits.reveal().await?.into_iter().eq((0..30).map(expected)));
            let mine = bits.reveal_to::<common::Alice>().await?;
            assert_eq!(mine.is_some(), s.is::<common::Alice>());
            Ok(())
        }));
    }
}

#[test]
fn comparisons_hold_at_the_edges() {
    let edges = [0.0, ULP, -ULP, 1.0, -1.0, 65535.0, -65536.0, 2f64.powi(29), -2f64.powi(29), 2f64.powi(30) - 1.0];
    let pairs = move |k: usize| (edges[k / 10], edges[k % 10]);
    for parties in [2, 3] {
        agreed(Sim::new(parties).run(async |s: Session| {
            let (x, y) = (alice(&s, 100, |k| pairs(k).0), bob(&s, 100, |k| pairs(k).1));
            let check = async |bits: Tensor<Secret, mpc_core::Bit>, clear: fn(f64, f64) -> bool| {
                for (k, bit) in bits.reveal().await?.into_iter().enumerate() {
                    assert_eq!(bit, clear(pairs(k).0, pairs(k).1), "{:?}", pairs(k));
                }
                Ok::<_, mpc_core::Error>(())
            };
            check(x.lt(&y), |x, y| x < y).await?;
            check(x.le(&y), |x, y| x <= y).await?;
            check(x.gt(&y), |x, y| x > y).await?;
            check(x.ge(&y), |x, y| x >= y).await?;
            check(x.equal(&y), |x, y| x == y).await?;
            check(x.not_equal(&y), |x, y| x != y).await?;
            check(x.le(1.0), |x, _| x <= 1.0).await?;
            check(x.gt(-1.0), |x, _| x > -1.0).await?;
            Ok(())
        }));
    }
}

#[test]
fn other_precisions_are_as_precise_as_they_say() -> Result<()> {
    for fraction_bits in [10, 20, 24] {
        let settings = mpc_core::Settings { fraction_bits, ..Default::default() };
        let ulp = 0.5f64.powi(fraction_bits as i32);
        agreed(Sim::new(2).settings(settings).run(async |s: Session| {
            let (x, y) = (alice(&s, N, |i| x_at(i) / 8.0), bob(&s, N, y_at));
            close((&x * &y).reveal().await?, (0..N).map(|i| x_at(i) / 8.0 * y_at(i)), 9.0 * ulp);
            let sigmoid = |i: usize| 1.0 / (1.0 + (-x_at(i) / 8.0).exp());
            close(x.sigmoid().reveal().await?, (0..N).map(sigmoid), 1.0e-5 + 3.0 * ulp);
            Ok(())
        }));
    }
    Ok(())
}
