//! The plain recurrent network.

use super::{Recurrent, Unit, Weights};
use mpc_core::{Secret, Tensor};

/// `h' = tanh(W x + b + U h + c)` (Elman, 1990), or with a ReLU. 6 rounds a step.
pub type Rnn = Recurrent<RnnUnit>;

/// A step of an [`Rnn`].
#[derive(Clone, Copy, Debug, Default)]
pub struct RnnUnit {
    relu: bool,
}

impl Rnn {
    /// With a ReLU instead of the hyperbolic tangent.
    #[must_use]
    pub fn relu(mut self) -> Self {
        self.unit.relu = true;
        self
    }
}

impl Unit for RnnUnit {
    const GATES: usize = 1;
    const NAME: &'static str = "rnn";
    type State = Tensor<Secret>;

    #[track_caller]
    fn step(&self, weights: &Weights, inputs: &Tensor<Secret>, state: Option<&Tensor<Secret>>) -> Tensor<Secret> {
        let sum = weights.gates(state) + inputs;
        if self.relu { sum.relu() } else { sum.tanh() }
    }

    fn output(state: &Tensor<Secret>) -> &Tensor<Secret> {
        state
    }
}
