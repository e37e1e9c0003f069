//! Gradients of functions agree with finite differences in f64.

mod common;

use common::{agreed, alice, bob, close};
use mpc_core::{Secret, Session, Tensor, sim::Sim};

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn logsumexp(x: &[f64]) -> f64 {
    let largest = x.iter().copied().fold(f64::MIN, f64::max);
    largest + x.iter().map(|x| (x - largest).exp()).sum::<f64>().ln()
}

/// The gradient of `sum_i i f(x_i)` by finite differences.
fn check_gradient(name: &str, f: impl Fn(&Tensor<Secret>) -> Tensor<Secret> + Sync, clear: fn(f64) -> f64, at: &[f64]) {
    let weight = |i: usize| 1.0 + (i % 3) as f64;
    for parties in [2, 3] {
        let gradient = agreed(Sim::new(parties).run(async |s: Session| {
            let x = alice(&s, at.len(), |i| at[i]).requires_grad();
            let loss = (f(&x) * bob(&s, at.len(), weight)).sum();
            Ok(loss.backward().of(&x).reveal().await?.into_raw_vec_and_offset().0)
        }));
        for (i, (&x, found)) in at.iter().zip(gradient).enumerate() {
            let expected = weight(i) * (clear(x + 1e-5) - clear(x - 1e-5)) / 2e-5;
            let claim = 4e-4 * expected.abs().max(1.0);
            assert!((found - expected).abs() <= claim, "{name}' at {x}: {found}, not {expected}");
        }
    }
}

#[test]
fn gradients_of_functions() {
    let everywhere: Vec<f64> = (0..60).map(|i| f64::from(i - 30) * 0.47 + 0.013).chain([100.3, -200.7]).collect();
    let positive: Vec<f64> = (0..40).map(|i| 0.3 + f64::from(i) * 0.7).collect();
    let gelu_tanh =
        |x: f64| 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x)).tanh());
    check_gradient("tanh", |x| x.tanh(), f64::tanh, &everywhere);
    check_gradient("erf", |x| x.erf(), libm::erf, &everywhere);
    check_gradient("gelu", |x| x.gelu(), |x| 0.5 * x * libm::erfc(-x / 2f64.sqrt()), &everywhere);
    check_gradient("gelu_tanh", |x| x.gelu_tanh(), gelu_tanh, &everywhere);
    check_gradient("silu", |x| x.silu(), |x| x * logistic(x), &everywhere);
    check_gradient("elu", |x| x.elu(1.5), |x| if x < 0.0 { 1.5 * x.exp_m1() } else { x }, &everywhere);
    check_gradient("sin", |x| x.sin(), f64::sin, &everywhere);
    check_gradient("cos", |x| x.cos(), f64::cos, &everywhere);
    check_gradient("exp", |x| (x * 0.25).exp(), |x| (0.25 * x).exp(), &everywhere[..60]);
    check_gradient("sqrt", |x| x.sqrt(), f64::sqrt, &positive);
    check_gradient("rsqrt", |x| x.rsqrt(), |x| x.sqrt().recip(), &positive);
    check_gradient("log", |x| x.log(), f64::ln, &positive);
    check_gradient("reciprocal", |x| x.reciprocal(), f64::recip, &positive);
    check_gradient("numerator", |x| x / (x * x + 1.0), |x| x / (x * x + 1.0), &everywhere[22..38]);
    check_gradient("pow", |x| x.pow(0.75), |x| x.powf(0.75), &positive);
}

/// The second derivative by finite differences of the first.
fn check_curvature(f: fn(&Tensor<Secret>) -> Tensor<Secret>, clear: fn(f64) -> f64, at: &[f64]) {
    let curvature = agreed(Sim::new(2).run(async |s: Session| {
        let x = alice(&s, at.len(), |i| at[i]).requires_grad();
        let slope = f(&x).sum().backward().of(&x);
        Ok(slope.sum().backward().of(&x).reveal().await?.into_raw_vec_and_offset().0)
    }));
    for (&x, found) in at.iter().zip(curvature) {
        let h = 1e-4;
        let expected = (clear(x + h) - 2.0 * clear(x) + clear(x - h)) / (h * h);
        assert!((found - expected).abs() <= 1e-3 * expected.abs().max(1.0), "at {x}: {found}, not {expected}");
    }
}

#[test]
fn gradients_of_gradients() {
    let everywhere: Vec<f64> = (0..50).map(|i| f64::from(i - 25) * 0.31 + 0.013).collect();
    let positive: Vec<f64> = (0..20).map(|i| 0.6 + f64::from(i) * 0.4).collect();
    check_curvature(|x| x.sigmoid(), logistic, &everywhere);
    check_curvature(|x| x.softplus(), |x| x.exp().ln_1p(), &everywhere);
    check_curvature(|x| x.tanh(), f64::tanh, &everywhere);
    check_curvature(|x| x.erf(), libm::erf, &everywhere);
    check_curvature(|x| x.gelu(), |x| 0.5 * x * libm::erfc(-x / 2f64.sqrt()), &everywhere);
    check_curvature(|x| x.silu(), |x| x * logistic(x), &everywhere);
    check_curvature(|x| x.elu(1.5), |x| if x < 0.0 { 1.5 * x.exp_m1() } else { x }, &everywhere);
    check_curvature(|x| x.sin(), f64::sin, &everywhere);
    check_curvature(|x| x.cos(), f64::cos, &everywhere);
    check_curvature(|x| (x * 0.25).exp(), |x| (0.25 * x).exp(), &everywhere);
    check_curvature(|x| x.powi(3), |x| x.powi(3), &everywhere);
    check_curvature(|x| x.sqrt(), f64::sqrt, &positive);
    check_curvature(|x| x.rsqrt(), |x| x.sqrt().recip(), &positive);
    check_curvature(|x| x.log(), f64::ln, &positive);
    check_curvature(|x| x.reciprocal(), f64::recip, &positive);
    check_curvature(|x| 1.0 / (x * x + 1.0), |x| 1.0 / (x * x + 1.0), &everywhere);
}

#[test]
fn a_derivative_that_is_not_known_is_an_error_and_not_zero() {
    let failed = Sim::new(2).run(async |s: Session| {
        let x = alice(&s, 3, |_| 1.0).requires_grad();
        let slope = x.gelu_tanh().sum().backward().of(&x);
        slope.sum().backward().of(&x).reveal().await
    });
    for error in failed {
        let error = error.unwrap_err().to_string();
        assert!(error.contains("gelu_tanh") && error.contains("derivative"), "{error}");
    }
}

/// Finite differences of a function of 12 logits in 3 rows.
fn differences(loss: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let shifted = |k: usize, h: f64| (0..12).map(|i| value(i) + if i == k { h } else { 0.0 }).collect::<Vec<_>>();
    (0..12).map(|k| (loss(&shifted(k, 1e-5)) - loss(&shifted(k, -1e-5))) / 2e-5).collect()
}

fn value(i: usize) -> f64 {
    ((i * 5) % 12) as f64 / 2.0 - 3.0
}

#[test]
fn gradients_along_an_axis() {
    type Of = fn(&Tensor<Secret>) -> Tensor<Secret>;
    type Clear = fn(&[f64]) -> Vec<f64>;
    let weight = |i: usize| ((i * 7) % 5) as f64 - 1.0;
    let normalised: Clear = |x| {
        let mean = x.iter().sum::<f64>() / 4.0;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 4.0 + 0.125;
        x.iter().map(|x| (x - mean) / variance.sqrt()).collect()
    };
    let shares: Clear = |x| {
        let total = x.iter().map(|x| x * x).sum::<f64>() + 2.0;
        x.iter().map(|x| x / total).collect()
    };
    let cases: [(Of, Clear); 5] = [
        (|x| x / ((x * x).sum_axes(&[1]).reshape([3, 1]) + 2.0), shares),
        (|x| x.softmax(1), |x| x.iter().map(|v| (v - logsumexp(x)).exp()).collect()),
        (|x| x.log_softmax(1), |x| x.iter().map(|v| v - logsumexp(x)).collect()),
        (|x| x.logsumexp(1).expand([3, 4]), |x| vec![logsumexp(x); 4]),
        (|x| x.layer_norm(0.125), normalised),
    ];
    for (of, clear) in cases {
        let gradient = agreed(Sim::new(2).run(async |s: Session| {
            let x = alice(&s, [3, 4], value).requires_grad();
            let y = of(&x);
            let gradient = (&y * bob(&s, [3, 4], weight)).sum().backward().of(&x);
            close(y.reveal().await?, (0..3).flat_map(|r| clear(&row_of(r))), 2e-4);
            Ok(gradient.reveal().await?.into_raw_vec_and_offset().0)
        }));
        let loss = |x: &[f64]| {
            let y = x.chunks(4).flat_map(clear);
            y.enumerate().map(|(i, y)| y * weight(i)).sum::<f64>()
        };
        close(gradient, differences(loss), 1e-3);
    }
}

fn row_of(row: usize) -> Vec<f64> {
    (0..4).map(|i| value(4 * row + i)).collect()
}

#[test]
fn cross_entropy_of_labels() {
    for parties in [2, 3] {
        let label = |k: usize| f64::from(k % 4 == (k / 4 * 3) % 4);
        let clear = |x: &[f64]| {
            let of = |r: usize| {
                let x = &x[4 * r..4 * r + 4];
                logsumexp(x) - (0..4).map(|i| label(4 * r + i) * x[i]).sum::<f64>()
            };
            (0..3).map(of).sum::<f64>() / 3.0
        };
        let (gradient, rounds) = agreed(Sim::new(parties).run(async |s: Session| {
            let x = alice(&s, [3, 4], value).requires_grad();
            let loss = x.cross_entropy(&bob(&s, [3, 4], label));
            let gradient = loss.backward().of(&x);
            s.runtime().compute(&[gradient.handle()]);
            let rounds = s.traffic().total.rounds;
            close([loss.reveal().item().await?], [clear(&(0..12).map(value).collect::<Vec<_>>())], 1e-4);
            Ok((gradient.reveal().await?.into_raw_vec_and_offset().0, rounds))
        }));
        close(gradient, differences(clear), 1e-4);
        assert_eq!(rounds, 4 * 2 + 14 + 1); // a softmax and a scale: the value of the loss is not computed
    }
}
