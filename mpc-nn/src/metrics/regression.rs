//! How far predictions are off. Predictions and targets have one shape; the result is a scalar.

use mpc_core::{Secret, Tensor};

/// The mean of the squared errors. 3 rounds. The sum of the squares must stay below 2^30 (16 fractional bits).
#[track_caller]
pub fn mse(predicted: &Tensor<Secret>, targets: &Tensor<Secret>) -> Tensor<Secret> {
    (predicted - targets).norm_squared() / predicted.shape().len() as f64
}

/// The mean of the errors' magnitudes. 5 rounds.
#[track_caller]
pub fn mae(predicted: &Tensor<Secret>, targets: &Tensor<Secret>) -> Tensor<Secret> {
    (predicted - targets).abs().mean()
}

/// The share of the targets' variance that is explained: 1 less the sum of the squared errors over that of the distances
/// from the mean. 14 rounds. The variance must not be tiny: below 2^-12, say, the quotient has few digits.
#[track_caller]
pub fn r2(predicted: &Tensor<Secret>, targets: &Tensor<Secret>) -> Tensor<Secret> {
    let centred = targets - targets.mean();
    1.0 - mse(predicted, targets) / (centred.norm_squared() / targets.shape().len() as f64)
}
