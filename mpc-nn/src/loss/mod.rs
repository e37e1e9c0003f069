//! Losses: scalars to call `backward` on. A loss that nobody reads is not computed, only its gradient.

use mpc_core::{Join, Tensor, Visibility};

/// The mean binary cross-entropy of logits for labels in [0, 1] of the same shape.
#[track_caller]
pub fn bce_with_logits<V, W>(logits: &Tensor<V>, labels: &Tensor<W>) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    logits.bce_with_logits(labels)
}

/// The mean of the squared differences of two tensors of the same shape.
#[track_caller]
pub fn mse<V, W>(prediction: &Tensor<V>, target: &Tensor<W>) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
    V::Out: Join<V::Out, Out = V::Out>,
{
    let error = prediction - target;
    (&error * &error).mean()
}
