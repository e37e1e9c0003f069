//! Long short-term memory.

use super::{Recurrent, Unit, Weights, columns};
use mpc_core::{Secret, Tensor};

/// Long short-term memory (Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000):
/// `i, f, o = sigmoid(..)`, `g = tanh(..)`, `c' = f c + i g`, `h' = o tanh(c')`. Gates in PyTorch's order: i, f, g, o.
/// 14 rounds a step.
pub type Lstm = Recurrent<LstmUnit>;

/// A step of an [`Lstm`].
#[derive(Clone, Copy, Debug, Default)]
pub struct LstmUnit;

/// What an [`Lstm`] keeps from step to step, `[n, hidden]` each.
#[derive(Clone, Debug)]
pub struct LstmState {
    /// The output.
    pub hidden: Tensor<Secret>,
    /// The memory.
    pub cell: Tensor<Secret>,
}

impl Unit for LstmUnit {
    const GATES: usize = 4;
    const NAME: &'static str = "lstm";
    type State = LstmState;

    #[track_caller]
    fn step(&self, weights: &Weights, inputs: &Tensor<Secret>, state: Option<&LstmState>) -> LstmState {
        let hidden = weights.weight_hh.shape().dims().last().copied().unwrap_or(0);
        let gates = weights.gates(state.map(|state| &state.hidden)) + inputs;
        let both = columns(&gates, 0, 2, hidden).sigmoid();
        let (enter, keep) = (columns(&both, 0, 1, hidden), columns(&both, 1, 2, hidden));
        let new = columns(&gates, 2, 3, hidden).tanh();
        let show = columns(&gates, 3, 4, hidden).sigmoid();
        let entered = enter * new;
        let cell = match state {
            Some(state) => keep * &state.cell + entered,
            None => entered,
        };
        LstmState { hidden: show * cell.tanh(), cell }
    }

    fn output(state: &LstmState) -> &Tensor<Secret> {
        &state.hidden
    }
}
