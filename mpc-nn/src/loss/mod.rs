//! Losses: scalars to call `backward` on. A loss that nobody reads is not computed, only its gradient.
//!
//! A function such as [`mse`] gives the mean; with `_with` at its end it takes a [`Reduction`]. Losses of classes take
//! probabilities along the last axis, one-hot rows for example: [`one_hot`] makes them of secret class numbers, and
//! [`smooth`] smooths them. Targets may be public, private or secret.

mod classes;
mod labels;
mod regression;

pub use classes::{cross_entropy, cross_entropy_with, kl, kl_with, nll, nll_with, one_hot, smooth};
pub use labels::{
    bce, bce_with, bce_with_logits, bce_with_logits_with, cosine_embedding, cosine_embedding_with, hinge, hinge_with,
};
pub use regression::{huber, huber_with, l1, l1_with, mse, mse_with, smooth_l1};

use mpc_core::op::Handle;

/// What becomes of the losses of single elements (of classes and pairs: of rows).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reduction {
    /// Their mean: a scalar.
    #[default]
    Mean,
    /// Their sum: a scalar. The gradients are as much larger, so choose a smaller learning rate.
    Sum,
    /// Nothing: one loss for each.
    None,
}

impl Reduction {
    #[track_caller]
    fn of(self, each: &Handle) -> Handle {
        match self {
            Self::Mean => each.mean(&[], false),
            Self::Sum => each.sum(&[], false),
            Self::None => each.clone(),
        }
    }
}

/// `x + c`
#[track_caller]
fn plus(x: &Handle, c: f64) -> Handle {
    x.add(&Handle::public(x.runtime(), mpc_core::Shape::scalar(), &[c]))
}
