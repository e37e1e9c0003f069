//! Gradients agree with finite differences in f64, and reuse the openings of the forward pass.

mod common;

use common::{ULP, agreed, alice, bob, close};
use mpc_core::{Private, Secret, Session, Tensor, sim::Sim};

const X: [usize; 2] = [16, 8];

fn x_at(i: usize) -> f64 {
    (i as f64 * 0.7).sin()
}
fn w_at(i: usize) -> f64 {
    (i as f64 * 1.3).cos()
}
fn y_at(i: usize) -> f64 {
    f64::from(i.is_multiple_of(3))
}

/// Finite differences of `loss` in each of its 8 arguments around `w_at`.
fn differences(loss: impl Fn(&[f64; 8]) -> f64) -> Vec<f64> {
    let step = |k: usize, h: f64| loss(&std::array::from_fn(|i| w_at(i) + if i == k { h } else { 0.0 }));
    (0..8).map(|k| (step(k, 1e-5) - step(k, -1e-5)) / 2e-5).collect()
}

fn logit(w: &[f64; 8], row: usize) -> f64 {
    (0..8).map(|k| x_at(row * 8 + k) * w[k]).sum()
}

/// The gradient of `secret` in w [8, 1], against that of `clear`, within some units of the last place.
fn check(
    parties: usize,
    ulps: f64,
    secret: impl Fn(&Session, &Tensor<Secret>) -> Tensor<Secret> + Sync,
    clear: impl Fn(&[f64; 8]) -> f64 + Sync,
) {
    let gradient = agreed(Sim::new(parties).run(async |s: Session| {
        let w = bob(&s, [8, 1], w_at).requires_grad();
        let loss = secret(&s, &w);
        let gradient = loss.backward().of(&w).reveal().await?;
        close([loss.reveal().item().await?], [clear(&std::array::from_fn(w_at))], ulps * ULP);
        Ok(gradient.into_raw_vec_and_offset().0)
    }));
    close(gradient, differences(clear), ulps * ULP);
}

#[test]
fn least_squares() {
    for parties in [2, 3] {
        let secret = |s: &Session, w: &Tensor<Secret>| {
            let error = alice(s, X, x_at).matmul(w) - alice(s, [16, 1], y_at);
            (&error * &error).mean()
        };
        let clear = |w: &[f64; 8]| (0..16).map(|i| (logit(w, i) - y_at(i)).powi(2)).sum::<f64>() / 16.0;
        check(parties, 16.0, secret, clear);
    }
}

#[test]
fn binary_cross_entropy() {
    let secret =
        |s: &Session, w: &Tensor<Secret>| alice(s, X, x_at).matmul(w).bce_with_logits(&alice(s, [16, 1], y_at));
    let clear = |w: &[f64; 8]| {
        let one = |i: usize| logit(w, i).exp().ln_1p() - y_at(i) * logit(w, i);
        (0..16).map(one).sum::<f64>() / 16.0
    };
    check(2, 16.0, secret, clear);
    check(3, 16.0, secret, clear);
}

#[test]
fn every_other_op() {
    let secret = |s: &Session, w: &Tensor<Secret>| {
        let x = alice(s, [8, 1], x_at);
        let y = s.input::<common::Alice>([1, 8], || (0..8).map(y_at).collect::<Vec<_>>());
        let _: &Tensor<Private<common::Alice>> = &y;
        let parts = w.slice(0, 0..5).concat(&(w.slice_step(0, 1..8, 3) * 2.0), 0); // 5 and 3 rows
        let outer = parts.reshape([8, 1]).expand([8, 8]) + w.t() * &y; // broadcast rows
        let mixed = outer.flip(1).sigmoid() - outer.softplus() * 0.3 + &x;
        mixed.mean_axes(&[1]).combine(0.7, &-w.reshape(8), 0.1).sum()
    };
    let clear = |w: &[f64; 8]| {
        let parts: Vec<f64> = w[..5].iter().copied().chain([1, 4, 7].map(|i| 2.0 * w[i])).collect();
        let outer = |i: usize, j: usize| parts[i] + w[j] * y_at(j);
        let mixed =
            |i: usize, j: usize| 1.0 / (1.0 + (-outer(i, 7 - j)).exp()) - 0.3 * outer(i, j).exp().ln_1p() + x_at(i);
        (0..8).map(|i| 0.7 * (0..8).map(|j| mixed(i, j)).sum::<f64>() / 8.0 - 0.1 * w[i]).sum()
    };
    check(2, 24.0, secret, clear);
}

#[test]
fn choices() {
    let secret = |s: &Session, w: &Tensor<Secret>| {
        let (x, w) = (alice(s, 8, x_at), w.reshape(8));
        let pieces = w.relu() * 2.0 + w.abs() * 0.5 + w.leaky_relu(0.25) - (&w * &w).clamp(0.1, 0.8);
        let pairs = w.maximum(&x) * &x + w.minimum(&x) + w.gt(&x).select(&(&w * &w), &x);
        (pieces + pairs).sum() + w.reshape([2, 4]).max(1).sum() * 3.0 + w.min(0)
    };
    let clear = |w: &[f64; 8]| {
        let one = |i: usize| {
            let (w, x) = (w[i], x_at(i));
            let leaky = if w < 0.0 { 0.25 * w } else { w };
            let pieces = 2.0 * w.max(0.0) + 0.5 * w.abs() + leaky - (w * w).clamp(0.1, 0.8);
            pieces + w.max(x) * x + w.min(x) + if w > x { w * w } else { x }
        };
        let largest = |range: std::ops::Range<usize>| w[range].iter().copied().fold(f64::MIN, f64::max);
        let smallest = w.iter().copied().fold(f64::MAX, f64::min);
        (0..8).map(one).sum::<f64>() + 3.0 * (largest(0..4) + largest(4..8)) + smallest
    };
    check(2, 64.0, secret, clear);
    check(3, 64.0, secret, clear);
}

#[test]
fn the_gradient_of_a_relu_compares_nothing_again() {
    let rounds = agreed(Sim::new(2).run(async |s: Session| {
        let w = bob(&s, 64, w_at).requires_grad();
        let y = w.relu();
        s.flush();
        let before = s.traffic().total;
        let gradient = (&y * &alice(&s, 64, x_at)).sum().backward().of(&w);
        s.runtime().compute(&[gradient.handle()]);
        Ok((s.traffic().total.rounds - before.rounds, s.traffic().total.sent - before.sent))
    }));
    // The gradient is x where the bit is set: x is opened beside one bit. No tree of 33 bits.
    assert_eq!(rounds, (1, 64 * 8 + 8));
}

#[test]
fn gradients_of_products_in_every_form() {
    for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
        let secret = move |s: &Session, w: &Tensor<Secret>| {
            let (a, b) =
                (alice(s, if ta { [4, 3] } else { [3, 4] }, x_at), w.reshape(if tb { [2, 4] } else { [4, 2] }));
            let product = Tensor::<Secret>::from(a.handle().matmul_form(ta, b.handle(), tb));
            let other = Tensor::<Secret>::from(b.handle().matmul_form(!tb, a.handle(), !ta));
            (&product * &product).sum() + (&other * 0.5).sum()
        };
        let clear = move |w: &[f64; 8]| {
            let a = |i: usize, l: usize| x_at(if ta { l * 3 + i } else { i * 4 + l });
            let b = |l: usize, j: usize| if tb { w[j * 4 + l] } else { w[l * 2 + j] };
            let at = |i: usize, j: usize| (0..4).map(|l| a(i, l) * b(l, j)).sum::<f64>();
            (0..6).map(|k| at(k / 2, k % 2).powi(2) + 0.5 * at(k / 2, k % 2)).sum()
        };
        check(2, 32.0, secret, clear);
    }
}

#[test]
fn backward_reuses_openings_and_computes_no_loss_that_nobody_reads() {
    let total = agreed(Sim::new(2).run(async |s: Session| {
        let (x, y) = (alice(&s, X, x_at), alice(&s, [16, 1], y_at));
        let w = bob(&s, [8, 1], w_at).requires_grad();
        let loss = x.matmul(&w).bce_with_logits(&y);
        let gradient = loss.backward().of(&w);
        drop(loss);
        gradient.reveal().await?;
        let total = s.traffic().total;
        Ok((total.rounds, total.sent))
    }));
    let sigmoid = 8 + 2 * 33 * 8 + 16 * 8 + 2 * 8; // rescale, two comparisons, its value opened, two choices
    let forward = (128 + 8) * 8 + 8 + 16 * 8 + sigmoid; // x and w opened, a rescale, the logits opened
    let backward = 8 + 16 * 8 + 8 + 8 * 8; // scale the error, open it, rescale the product with x; reveal. x: nothing.
    assert_eq!(total, (3 + 3 + 4, forward + backward));
}

#[test]
fn a_leaf_that_the_loss_does_not_need_has_gradient_zero() {
    agreed(Sim::new(2).run(async |s: Session| {
        let (w, v) = (bob(&s, 3, w_at).requires_grad(), bob(&s, 3, w_at).requires_grad());
        let gradients = (&w * &w).sum().backward();
        close(gradients.of(&v).reveal().await?, [0.0; 3], 0.0);
        close(gradients.of(&w).reveal().await?, (0..3).map(|i| 2.0 * w_at(i)), 3.0 * ULP);
        Ok(())
    }));
}
