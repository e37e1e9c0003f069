//! Gated recurrent units.

use super::{Recurrent, Unit, Weights, columns};
use mpc_core::{Secret, Tensor};

/// Gated recurrent units (Cho et al., 2014) in PyTorch's form: `r, z = sigmoid(..)`, `m = tanh(W x + b + r (U h + c))`,
/// `h' = m + z (h - m)`. Gates in the order r, z, m. 14 rounds a step.
pub type Gru = Recurrent<GruUnit>;

/// A step of a [`Gru`].
#[derive(Clone, Copy, Debug, Default)]
pub struct GruUnit;

impl Unit for GruUnit {
    const GATES: usize = 3;
    const NAME: &'static str = "gru";
    type State = Tensor<Secret>;

    #[track_caller]
    fn step(&self, weights: &Weights, inputs: &Tensor<Secret>, state: Option<&Tensor<Secret>>) -> Tensor<Secret> {
        let hidden = weights.weight_hh.shape().dims().last().copied().unwrap_or(0);
        let own = weights.gates(state);
        let own = own.expand(inputs.shape());
        let gates = (columns(inputs, 0, 2, hidden) + columns(&own, 0, 2, hidden)).sigmoid();
        let (reset, keep) = (columns(&gates, 0, 1, hidden), columns(&gates, 1, 2, hidden));
        let new = (columns(inputs, 2, 3, hidden) + reset * columns(&own, 2, 3, hidden)).tanh();
        match state {
            Some(h) => &new + keep * (h - &new),
            None => &new - keep * &new,
        }
    }

    fn output(state: &Tensor<Secret>) -> &Tensor<Secret> {
        state
    }
}
