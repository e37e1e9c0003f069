//! Dropout.

use super::{Layer, scope};
use crate::Mode;
use mpc_core::{Secret, Tensor};

/// While training, each element is 0 with a public probability and else divided by the probability that it is not;
/// nobody knows which. For prediction ([`Module::eval`](crate::Module::eval)) it does nothing.
///
/// 1 round for a probability of 1/2, 2 for a quarter, at most 4; exact for a probability whose quotient `1 / (1 - p)` is whole, such as 1/2, else one unit of the last
/// place.
#[derive(Clone, Debug)]
pub struct Dropout {
    /// Of being dropped, in [0, 1).
    pub probability: f64,
    mode: Mode,
}

impl Dropout {
    /// Drops with this probability, in [0, 1).
    pub fn new(probability: f64) -> Self {
        Self { probability, mode: Mode::default() }
    }
}

impl Layer for Dropout {
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let _scope = scope(x, "dropout");
        x.dropout(self.probability, self.mode.is_training())
    }
}

parts!(Dropout: mode);
