//! Softmax and its kin, along an axis of n elements. The largest is subtracted first (4 rounds a halving), so every
//! exponential is at most 1; exponentials, their sum and its reciprocal have ten more fractional bits than numbers, so
//! that a sum of thousands of them keeps its precision. On secrets, after the opening of x: a softmax takes
//! `4 ceil(log2 n) + 14` rounds (54 for n = 1000), a logarithm of one `4 ceil(log2 n) + 10`. Error of a softmax: 5e-5;
//! of a logarithm: 1e-4; at 16 fractional bits.

use super::attach::{Attach, Rule};
use crate::{
    circuits::{Function, Wide},
    op::Handle,
    shape::Shape,
};

/// What is common to all: x minus its largest element, the exponentials, their sum.
struct Exponentials {
    difference: Handle,
    largest: Handle,
    each: Handle,
    sum: Handle,
    /// Fractional bits of the last two.
    bits: u32,
    /// The range of the sum.
    range: (i32, i32),
}

/// The exponential of what is not positive, with more fractional bits.
fn exp_of_negative(x: &Handle, bits: u32) -> Handle {
    let from = x.runtime().engine().fixed().bits();
    x.wide(Wide { function: Function::Exp, from, to: bits, range: (-4, bits as i32), signed: false, lift: None })
}

impl Exponentials {
    #[track_caller]
    fn of(x: &Handle, axis: usize) -> Self {
        let f = x.runtime().engine().fixed().bits();
        // The product of an exponential and a reciprocal stays below 2^57.
        let bits = (f + 10).min(28);
        let shape = x.shape();
        let count = shape.dims().get(axis).copied().unwrap_or(1).max(1);
        let kept: Vec<usize> =
            shape.dims().iter().enumerate().map(|(at, &size)| if at == axis { 1 } else { size }).collect();
        let largest = x.max(axis).reshape(&Shape::from(&kept[..]));
        let difference = x.sub(&largest);
        let each = exp_of_negative(&difference, bits);
        let sum = each.sum(&[axis], true);
        let low = bits as i32;
        Self { difference, largest, each, sum, bits, range: (low, low + count.next_power_of_two().ilog2() as i32) }
    }

    /// A function of the sum.
    #[track_caller]
    fn of_sum(&self, function: Function, to: u32) -> Handle {
        self.sum.wide(Wide { function, from: self.bits, to, range: self.range, signed: false, lift: None })
    }
}

/// The exponential of what is not positive, as a number: a softmax from its logarithm, for example.
pub(super) fn from_log(y: &Handle) -> Handle {
    let bits = y.runtime().engine().fixed().bits();
    let f = Wide { function: Function::Exp, from: bits, to: bits, range: (-2, bits as i32), signed: false, lift: None };
    let rule: Rule = |_, _, grad, _, y| y.times_grad(grad);
    Attach { name: "exp", number: 0.0, rule }.to(&[y], || y.wide(f))
}

impl Handle {
    /// `e^x / sum e^x` along an axis.
    #[track_caller]
    pub fn softmax(&self, axis: usize) -> Self {
        let rule: Rule = |attach, _, grad, _, y| {
            let both = y.mul(grad);
            let total = both.sum(&[attach.number as usize], true);
            both.sub(&y.mul(&total))
        };
        Attach { name: "softmax", number: axis as f64, rule }.to(&[self], || {
            let parts = Exponentials::of(self, axis);
            let f = self.runtime().engine().fixed().bits();
            parts.each.shifted(&parts.of_sum(Function::Reciprocal, parts.bits), 2 * parts.bits - f)
        })
    }

    /// The logarithm of a softmax along an axis.
    #[track_caller]
    pub fn log_softmax(&self, axis: usize) -> Self {
        let rule: Rule = |attach, _, grad, _, y| {
            let total = grad.sum(&[attach.number as usize], true);
            grad.sub(&from_log(y).mul(&total))
        };
        Attach { name: "log_softmax", number: axis as f64, rule }.to(&[self], || {
            let parts = Exponentials::of(self, axis);
            parts.difference.sub(&parts.of_sum(Function::Log, self.runtime().engine().fixed().bits()))
        })
    }

    /// `ln sum e^x` along an axis, which stays with size 1.
    #[track_caller]
    pub fn logsumexp(&self, axis: usize) -> Self {
        let rule: Rule = |_, _, grad, x, y| from_log(&x[0].sub(y)).mul(grad);
        Attach { name: "logsumexp", number: axis as f64, rule }.to(&[self], || {
            let parts = Exponentials::of(self, axis);
            parts.largest.add(&parts.of_sum(Function::Log, self.runtime().engine().fixed().bits()))
        })
    }

    /// The mean cross-entropy of these logits for probabilities of one shape that add up to 1 along the last axis (one-hot
    /// labels, for example). The gradient costs a softmax and does not need the value.
    #[track_caller]
    pub fn cross_entropy(&self, targets: &Self) -> Self {
        fn rows(shape: &Shape) -> f64 {
            shape.dims().split_last().map_or(1, |(_, rows)| rows.iter().product::<usize>()).max(1) as f64
        }
        let rule: Rule = |_, input, grad, x, _| {
            let axis = x[0].shape().rank().saturating_sub(1);
            let own = if input == 0 { x[0].softmax(axis).sub(&x[1]) } else { x[0].log_softmax(axis).neg() };
            let own = own.scale(1.0 / rows(&x[0].shape()));
            if grad.is_seed() { own } else { own.mul(grad) }
        };
        Attach { name: "cross_entropy", number: 0.0, rule }.to(&[self, targets], || {
            let shape = self.shape();
            let log = self.log_softmax(shape.rank().saturating_sub(1));
            log.mul(targets).sum(&[], false).scale(-1.0 / rows(&shape))
        })
    }
}
