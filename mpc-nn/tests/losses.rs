//! Losses agree with f64, and their gradients with finite differences, for every reduction; with two and three parties.

mod layers_common;

use layers_common::{
    Array, Check,
    clear::{self, by},
    sample,
};
use mpc_core::{Secret, Tensor, op::Handle};
use mpc_nn::loss::{self, Reduction};
use ndarray::Axis;

/// A public tensor in the session of another.
fn public(like: &Tensor<Secret>, x: &Array) -> Tensor<mpc_core::Public> {
    let values: Vec<f64> = x.iter().copied().collect();
    Handle::public(like.handle().runtime(), x.shape().into(), &values).into()
}

struct None_;

impl mpc_nn::Module for None_ {
    fn visit(&self, _: &mut mpc_nn::Visitor<'_>) {}
    fn visit_mut(&mut self, _: &mut mpc_nn::VisitorMut<'_>) {}
}

/// A loss of x and a target, by all reductions; the clear one gives single losses.
fn check(
    tolerance: f64,
    x: &Array,
    target: &Array,
    of: impl Fn(&Tensor<Secret>, &Tensor<Secret>, Reduction) -> Tensor<Secret> + Sync,
    clear: impl Fn(&Array) -> Array,
) {
    for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
        Check::new(tolerance, 2.0 * tolerance).run(
            |_| None_,
            |_, x| {
                let y = of(x, &public(x, target).share(), reduction);
                // Scalars as one element with a weight that is not zero.
                y.reshape([y.shape().len()])
            },
            x,
            |_, x| {
                let each = clear(x);
                match reduction {
                    Reduction::Mean => by(&[1], |_| each.mean().unwrap()),
                    Reduction::Sum => by(&[1], |_| each.sum()),
                    Reduction::None => by(&[each.len()], |at| each.as_slice().unwrap()[at[0]]),
                }
            },
        );
    }
}

#[test]
fn of_numbers() {
    let (x, target) = (sample(&[3, 2], 1) * 2.0, sample(&[3, 2], 2));
    check(1e-4, &x, &target, loss::mse_with, |x| (x - &target).mapv(|e| e * e));
    check(1e-4, &x, &target, loss::l1_with, |x| (x - &target).mapv(f64::abs));
    let huber = |e: f64| if e.abs() <= 0.75 { e * e / 2.0 } else { 0.75 * (e.abs() - 0.375) };
    check(1e-4, &x, &target, |x, y, r| loss::huber_with(x, y, 0.75, r), |x| (x - &target).mapv(huber));
}

#[test]
fn of_two_classes() {
    let x = sample(&[3, 2], 3) * 3.0;
    let labels = by(&[3, 2], |at| f64::from(u8::from((at[0] + at[1]) % 2 == 0)));
    check(2e-4, &x, &labels, loss::bce_with_logits_with, |x| x.mapv(|x| x.exp().ln_1p()) - x * &labels);
    let p = x.mapv(clear::sigmoid).mapv(|p| (p * 65536.0).round() / 65536.0);
    check(2e-3, &p, &labels, loss::bce_with, |p| {
        -(p.mapv(f64::ln) * &labels + p.mapv(|p| (1.0 - p).ln()) * (1.0 - &labels))
    });
    let signs = labels.mapv(|y| 2.0 * y - 1.0);
    check(1e-4, &x, &signs, loss::hinge_with, |x| (1.0 - x * &signs).mapv(|x| x.max(0.0)));
}

#[test]
fn of_pairs() {
    let (a, b, labels) = (sample(&[4, 3], 4), sample(&[4, 3], 5), by(&[4], |at| [1.0, -1.0, -1.0, 1.0][at[0]]));
    let clear = |a: &Array| {
        by(&[4], |at| {
            let (a, b) = (a.index_axis(Axis(0), at[0]), b.index_axis(Axis(0), at[0]));
            let cosine = (&a * &b).sum() / ((&a * &a).sum() * (&b * &b).sum()).sqrt();
            if labels[[at[0]]] > 0.0 { 1.0 - cosine } else { (cosine - 0.125).max(0.0) }
        })
    };
    assert!(clear(&a).iter().skip(1).take(2).any(|&x| x > 0.0));
    check(1e-3, &a, &b, |a, b, r| loss::cosine_embedding_with(a, b, &public(a, &labels), 0.125, r), clear);
}

#[test]
fn of_classes() {
    let x = sample(&[3, 4], 6) * 2.0;
    let sums = |y: Array| y.sum_axis(Axis(1));
    let targets = clear::softmax(&sample(&[3, 4], 7)).mapv(|p| (p * 65536.0).round() / 65536.0);
    let entropy = |x: &Array| sums(-clear::log_softmax(x) * &targets);
    check(3e-4, &x, &targets, loss::cross_entropy_with, entropy);
    let log = clear::log_softmax(&x).mapv(|p| (p * 65536.0).round() / 65536.0);
    check(2e-4, &log, &targets, loss::nll_with, |x| sums(-x * &targets));
    check(1e-3, &log, &targets, loss::kl_with, |x| sums((targets.mapv(f64::ln) - x) * &targets));
}

#[test]
fn of_secret_class_numbers_and_smoothed_labels() {
    let x = sample(&[3, 4], 8) * 2.0;
    let numbers = by(&[3], |at| [2.0, 0.0, 3.0][at[0]]);
    let smoothed = by(&[3, 4], |at| 0.875 * f64::from(u8::from(numbers[[at[0]]] == at[1] as f64)) + 0.125 / 4.0);
    let of = |x: &Tensor<Secret>, y: &Tensor<Secret>, r| {
        loss::cross_entropy_with(x, &loss::smooth(&loss::one_hot(y, 4), 0.125), r)
    };
    check(3e-4, &x, &numbers, of, |x| (-clear::log_softmax(x) * &smoothed).sum_axis(Axis(1)));
}

#[test]
fn short_names_are_means() {
    let (x, y) = (sample(&[2, 3], 9), clear::softmax(&sample(&[2, 3], 10)));
    let seen = mpc_core::sim::Sim::new(2).run(async |s| {
        let (x, y) = (layers_common::secret(&s, &x), layers_common::secret(&s, &y));
        let p = x.sigmoid();
        let log = x.log_softmax(1);
        let n = y.slice(1, 0..1).reshape([2]);
        let mean = Reduction::Mean;
        let pairs = [
            (loss::mse(&x, &y), loss::mse_with(&x, &y, mean)),
            (loss::l1(&x, &y), loss::l1_with(&x, &y, mean)),
            (loss::huber(&x, &y, 0.5), loss::huber_with(&x, &y, 0.5, mean)),
            (loss::smooth_l1(&x, &y, 0.5), loss::huber_with(&x, &y, 0.5, mean) * 2.0),
            (loss::bce(&p, &y), loss::bce_with(&p, &y, mean)),
            (loss::bce_with_logits(&x, &y), loss::bce_with_logits_with(&x, &y, Reduction::None).mean()),
            (loss::hinge(&x, &y), loss::hinge_with(&x, &y, mean)),
            (loss::cross_entropy(&x, &y), loss::cross_entropy_with(&x, &y, Reduction::None).mean()),
            (loss::nll(&log, &y), loss::nll_with(&log, &y, mean)),
            (loss::kl(&log, &y), loss::kl_with(&log, &y, mean)),
            (loss::cosine_embedding(&x, &y, &n, 0.0), loss::cosine_embedding_with(&x, &y, &n, 0.0, mean)),
        ];
        let mut far = Vec::new();
        for (a, b) in pairs {
            far.push((a - b).reveal().item().await?);
        }
        Ok(far)
    });
    for (at, far) in layers_common::agreed(seen).into_iter().enumerate() {
        assert!(far.abs() < 3e-4, "loss {at}: {far}");
    }
}
