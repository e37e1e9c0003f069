//! Metrics, computed on shares: reveal what you mean to.

use mpc_core::{Secret, Tensor};

/// The share of logits on the right side of zero, for labels 0 and 1 of the same shape: a scalar. Right at exactly zero
/// means label 1.
#[track_caller]
pub fn binary_accuracy(logits: &Tensor<Secret>, labels: &Tensor<Secret>) -> Tensor<Secret> {
    let wrong = logits.step() - labels;
    1.0 - (&wrong * &wrong).mean()
}
