//! Samples as rows.

use super::{Layer, scope};
use mpc_core::{Secret, Tensor};

/// `[n, ..]` as `[n, features]`. Free. (From another axis on: [`Tensor::flatten`].)
#[derive(Clone, Copy, Debug, Default)]
pub struct Flatten;

impl Layer for Flatten {
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let _scope = scope(x, "flatten");
        x.flatten(1)
    }
}

parts!(Flatten);
