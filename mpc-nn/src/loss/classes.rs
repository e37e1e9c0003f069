//! Losses of classes, along the last axis. A row is one sample: a mean is over rows.

use super::Reduction;
use mpc_core::{Join, Tensor, Visibility, op::Handle};

/// The mean cross-entropy of logits `[.., classes]` for probabilities of the same shape that add up to 1 in each row. Its
/// gradient costs a softmax and does not need the value.
#[track_caller]
pub fn cross_entropy<V, W>(logits: &Tensor<V>, targets: &Tensor<W>) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    logits.cross_entropy(targets)
}

/// The cross-entropies of rows of logits.
#[track_caller]
pub fn cross_entropy_with<V, W>(logits: &Tensor<V>, targets: &Tensor<W>, reduction: Reduction) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    match reduction {
        Reduction::Mean => logits.cross_entropy(targets),
        _ => nll_with(&logits.log_softmax(logits.shape().rank().saturating_sub(1)), targets, reduction),
    }
}

/// The mean of minus the logarithms of probabilities `[.., classes]` at the targets, one-hot rows or mixtures of them: the
/// cross-entropy after a [`LogSoftmax`](crate::layers::LogSoftmax).
#[track_caller]
pub fn nll<V, W>(log_probabilities: &Tensor<V>, targets: &Tensor<W>) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    nll_with(log_probabilities, targets, Reduction::Mean)
}

/// Minus the logarithms of probabilities at the targets.
#[track_caller]
pub fn nll_with<V, W>(log_probabilities: &Tensor<V>, targets: &Tensor<W>, reduction: Reduction) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    rows(&log_probabilities.handle().mul(targets.handle()).neg(), reduction).into()
}

/// The mean Kullback-Leibler divergence of target probabilities `[.., classes]` from probabilities whose logarithms are
/// given. (PyTorch's `batchmean`, of rows.)
#[track_caller]
pub fn kl<V, W>(log_probabilities: &Tensor<V>, targets: &Tensor<W>) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    kl_with(log_probabilities, targets, Reduction::Mean)
}

/// The Kullback-Leibler divergences of rows.
#[track_caller]
pub fn kl_with<V, W>(log_probabilities: &Tensor<V>, targets: &Tensor<W>, reduction: Reduction) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    let targets = targets.handle();
    rows(&targets.log().sub(log_probabilities.handle()).mul(targets), reduction).into()
}

/// The sum along the last axis, reduced over rows.
#[track_caller]
fn rows(each: &Handle, reduction: Reduction) -> Handle {
    let axis = each.shape().rank().saturating_sub(1);
    reduction.of(&each.sum(&[axis], false))
}

/// Class numbers `[..]`, which may be secret, as rows `[.., classes]` of 0 and 1. At most 3 rounds. A secret number that is
/// not whole and below `classes` gives a row that is not defined.
#[track_caller]
pub fn one_hot<V: Visibility>(numbers: &Tensor<V>, classes: usize) -> Tensor<V> {
    numbers.one_hot(classes).number()
}

/// Target probabilities `[.., classes]` moved by a public epsilon towards those that are all equal (Szegedy et al., 2016).
/// 1 round for secret ones.
#[track_caller]
pub fn smooth<V: Visibility>(targets: &Tensor<V>, epsilon: f64) -> Tensor<V> {
    let classes = targets.shape().dims().last().copied().unwrap_or(1).max(1);
    targets * (1.0 - epsilon) + epsilon / classes as f64
}
