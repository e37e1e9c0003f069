//! Losses of numbers. Rounds are those of the gradient of secrets, which is all that training computes.

use super::Reduction;
use mpc_core::{Join, Tensor, Visibility, op::Handle};

/// The mean of the squared differences of two tensors of the same shape. 2 rounds.
#[track_caller]
pub fn mse<V, W>(prediction: &Tensor<V>, target: &Tensor<W>) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    mse_with(prediction, target, Reduction::Mean)
}

/// The squared differences of two tensors of the same shape.
#[track_caller]
pub fn mse_with<V, W>(prediction: &Tensor<V>, target: &Tensor<W>, reduction: Reduction) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    let error = prediction.handle().sub(target.handle());
    reduction.of(&error.square()).into()
}

/// The mean of the absolute differences. 4 rounds.
#[track_caller]
pub fn l1<V, W>(prediction: &Tensor<V>, target: &Tensor<W>) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    l1_with(prediction, target, Reduction::Mean)
}

/// The absolute differences.
#[track_caller]
pub fn l1_with<V, W>(prediction: &Tensor<V>, target: &Tensor<W>, reduction: Reduction) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    reduction.of(&prediction.handle().sub(target.handle()).abs()).into()
}

/// The mean of `e^2 / 2` for differences e of at most delta, and of `delta (|e| - delta / 2)` beyond (Huber, 1964).
#[track_caller]
pub fn huber<V, W>(prediction: &Tensor<V>, target: &Tensor<W>, delta: f64) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    huber_with(prediction, target, delta, Reduction::Mean)
}

/// Huber's losses of the differences.
#[track_caller]
pub fn huber_with<V, W>(prediction: &Tensor<V>, target: &Tensor<W>, delta: f64, reduction: Reduction) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    reduction.of(&huber_each(&prediction.handle().sub(target.handle()), delta)).into()
}

/// Huber's loss over beta: the slope is 1 beyond it.
#[track_caller]
pub fn smooth_l1<V, W>(prediction: &Tensor<V>, target: &Tensor<W>, beta: f64) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    let each = huber_each(&prediction.handle().sub(target.handle()), beta);
    Reduction::Mean.of(&each.scale(1.0 / beta)).into()
}

/// With `m = clamp(e, -delta, delta)`, the loss is `m (e - m / 2)`, and its slope by e is m in both cases, as if m were
/// constant: so m has no tape.
#[track_caller]
fn huber_each(error: &Handle, delta: f64) -> Handle {
    let clamped = error.runtime().no_grad(|| error.clamp(-delta, delta));
    clamped.mul(&error.sub(&clamped.scale(0.5)))
}
