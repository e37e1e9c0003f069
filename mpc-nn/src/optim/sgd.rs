//! Stochastic gradient descent.

use super::{Optimiser, Rule, Slots, Step};
use mpc_core::{Secret, Tensor, op::Handle};

/// SGD as in PyTorch: `v = momentum v + g`, `w = w - lr v`; with Nesterov's momentum `w = w - lr (g + momentum v)`.
///
/// A step costs one round whatever the number of parameters: the new velocity and the change of the weight do not wait for
/// each other, and each term is rescaled once.
pub type Sgd = Optimiser<Descent>;

/// The rule of [`Sgd`].
#[derive(Clone, Debug, Default)]
pub struct Descent {
    momentum: f64,
    nesterov: bool,
}

impl Sgd {
    /// Plain gradient descent with a public learning rate.
    pub fn new(lr: f64) -> Self {
        Self::with_rule(Descent::default(), lr)
    }

    /// With momentum, in [0, 1).
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.rule.momentum = momentum;
        self
    }

    /// With Nesterov's momentum, in [0, 1).
    #[must_use]
    pub fn nesterov(mut self, momentum: f64) -> Self {
        self.rule = Descent { momentum, nesterov: true };
        self
    }
}

const VELOCITY: &str = "velocity";

impl Rule for Descent {
    fn name(&self) -> &'static str {
        "sgd"
    }

    fn update(&self, at: &Step<'_>, slots: &mut Slots) -> Tensor<Secret> {
        let Self { momentum, nesterov } = *self;
        let (lr, decay) = (at.lr / at.scale, at.weight_decay);
        // The change is lr (old v + new g), and the decay is added to both g's. A small decay is rescaled alone, or it would
        // have few digits beside the gradient's factor.
        let (old, new) = if nesterov { (momentum * momentum, 1.0 + momentum) } else { (momentum, 1.0) };
        let velocity = slots.get(VELOCITY);
        let gradient = at.gradient.handle();
        let mut change: Tensor<Secret> = match velocity {
            Some(v) => Handle::combine(&[(lr * old, v.handle()), (lr * new, gradient)]).into(),
            None => at.gradient * (lr * new),
        };
        if decay != 0.0 {
            change += at.value * (at.lr * new * decay);
        }
        if momentum != 0.0 {
            let kept = velocity.map(|v| v.combine(momentum, at.gradient, 1.0));
            let kept = kept.unwrap_or_else(|| at.gradient.clone());
            let kept = if decay == 0.0 { kept } else { kept + at.value * (decay * at.scale) };
            slots.set(VELOCITY, kept);
        }
        at.value - change
    }
}
