//! RMSprop.

use super::{
    Optimiser, Rule, Slots, Step,
    adam::{SMALLEST, amplification, floor_of},
};
use mpc_core::{Secret, Tensor};

/// RMSprop (Tieleman and Hinton, 2012) as in PyTorch: `v = alpha v + (1 - alpha) g^2`, `w = w - lr g / sqrt(v + eps^2)`, with
/// or without momentum on the quotient.
///
/// A step costs 14 rounds whatever the number of parameters; 15 with weight decay. What is said of eps, of the range of
/// gradients and of the state at [`Adam`](super::Adam) holds here too.
pub type RmsProp = Optimiser<RootMeanSquare>;

/// The rule of [`RmsProp`].
#[derive(Clone, Debug)]
pub struct RootMeanSquare {
    alpha: f64,
    eps: f64,
    momentum: f64,
}

impl RmsProp {
    /// With alpha 0.99 and no momentum.
    pub fn new(lr: f64) -> Self {
        Self::with_rule(RootMeanSquare { alpha: 0.99, eps: SMALLEST, momentum: 0.0 }, lr)
    }

    /// The share of the average that stays in each step, in [0, 1).
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.rule.alpha = alpha;
        self
    }

    /// What bounds the divisor from below, in units of the gradient.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> Self {
        self.rule.eps = eps;
        self
    }

    /// With momentum, in [0, 1).
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.rule.momentum = momentum;
        self
    }
}

impl Rule for RootMeanSquare {
    fn name(&self) -> &'static str {
        "rmsprop"
    }

    fn update(&self, at: &Step<'_>, slots: &mut Slots) -> Tensor<Secret> {
        let gradient = at.decayed() * amplification(at.fixed());
        let new = gradient.square();
        let square = match slots.get("square") {
            Some(square) => square + (new - square) * (1.0 - self.alpha),
            None => new * (1.0 - self.alpha),
        };
        let quotient = gradient.over_sqrt(&(&square + floor_of(at, self.eps)));
        slots.set("square", square);
        if self.momentum == 0.0 {
            return at.value - quotient * at.lr;
        }
        let (change, velocity) = match slots.get("velocity") {
            Some(v) => (v.combine(at.lr * self.momentum, &quotient, at.lr), v.combine(self.momentum, &quotient, 1.0)),
            None => (&quotient * at.lr, quotient),
        };
        slots.set("velocity", velocity);
        at.value - change
    }
}
