//! Losses of two classes.

use super::{Reduction, plus};
use mpc_core::{Join, Secret, Tensor, Visibility};

/// The mean binary cross-entropy of logits for labels in [0, 1] of the same shape. Its gradient costs a sigmoid, and is
/// precise where the probability is near 0 or 1.
#[track_caller]
pub fn bce_with_logits<V, W>(logits: &Tensor<V>, labels: &Tensor<W>) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    logits.bce_with_logits(labels)
}

/// The binary cross-entropies of logits: `softplus(x) - x y`.
#[track_caller]
pub fn bce_with_logits_with<V, W>(logits: &Tensor<V>, labels: &Tensor<W>, reduction: Reduction) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    if reduction == Reduction::Mean {
        return logits.bce_with_logits(labels);
    }
    let (x, y) = (logits.handle(), labels.handle());
    reduction.of(&x.softplus().sub(&x.mul(y))).into()
}

/// The mean binary cross-entropy of probabilities for labels in [0, 1]. Prefer [`bce_with_logits`]: this needs two
/// logarithms and, for the gradient, two quotients. What is further below 2^-16 counts as that, so a loss is at most 11.1.
#[track_caller]
pub fn bce<V, W>(probabilities: &Tensor<V>, labels: &Tensor<W>) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    bce_with(probabilities, labels, Reduction::Mean)
}

/// The binary cross-entropies of probabilities.
#[track_caller]
pub fn bce_with<V, W>(probabilities: &Tensor<V>, labels: &Tensor<W>, reduction: Reduction) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    let (p, y) = (probabilities.handle(), labels.handle());
    let (yes, no) = (p.log(), plus(&p.neg(), 1.0).log());
    reduction.of(&yes.sub(&no).mul(y).add(&no).neg()).into()
}

/// The mean of `max(0, 1 - score * label)`, for labels -1 and 1: the loss of a support vector machine.
#[track_caller]
pub fn hinge<V, W>(scores: &Tensor<V>, labels: &Tensor<W>) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    hinge_with(scores, labels, Reduction::Mean)
}

/// The hinge losses.
#[track_caller]
pub fn hinge_with<V, W>(scores: &Tensor<V>, labels: &Tensor<W>, reduction: Reduction) -> Tensor<V::Out>
where
    V: Visibility + Join<W>,
    W: Visibility,
{
    let margin = scores.handle().mul(labels.handle()).neg();
    reduction.of(&plus(&margin, 1.0).relu()).into()
}

/// For rows a and b `[n, width]` with the cosine c of the angle between them: the mean of `1 - c` for the label 1, and of
/// `max(0, c - margin)` for the label -1. Labels `[n]`.
#[track_caller]
pub fn cosine_embedding<V>(a: &Tensor<Secret>, b: &Tensor<Secret>, labels: &Tensor<V>, margin: f64) -> Tensor<Secret>
where
    V: Visibility,
{
    cosine_embedding_with(a, b, labels, margin, Reduction::Mean)
}

/// The cosine losses of pairs of rows. Rows of a squared norm below 2^-8 lose precision.
#[track_caller]
pub fn cosine_embedding_with<V>(
    a: &Tensor<Secret>,
    b: &Tensor<Secret>,
    labels: &Tensor<V>,
    margin: f64,
    reduction: Reduction,
) -> Tensor<Secret>
where
    V: Visibility,
{
    let (a, b) = (a.handle(), b.handle());
    let norms = a.norm_squared(&[1], false).mul(&b.norm_squared(&[1], false));
    let cosine = a.einsum("nd,nd->n", &[b]).over_sqrt(&norms);
    let (alike, other) = (plus(&cosine.neg(), 1.0), plus(&cosine, -margin).relu());
    let bits = labels.ge(0.0);
    reduction.of(&bits.handle().select(&alike, &other)).into()
}
