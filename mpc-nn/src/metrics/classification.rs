//! How often a classifier is right.

use mpc_core::{Secret, Tensor};

/// The share of logits on the right side of zero, for labels 0 and 1 of the same shape: a scalar. Right at exactly zero
/// means label 1. 7 rounds.
#[track_caller]
pub fn binary_accuracy(logits: &Tensor<Secret>, labels: &Tensor<Secret>) -> Tensor<Secret> {
    let wrong = logits.step() - labels;
    1.0 - wrong.square().mean()
}

/// The share of rows of logits `[n, classes]` whose largest is at the label, for labels `[n]`: a scalar. Of equal logits
/// the first counts. Rounds of [`Tensor::argmax`] and 5.
#[track_caller]
pub fn accuracy(logits: &Tensor<Secret>, labels: &Tensor<Secret>) -> Tensor<Secret> {
    logits.argmax(1).equal(labels).number().mean()
}

/// How many elements of each class (row) were taken for each class (column): `[classes, classes]`. Both are class numbers
/// `[n]`; take [`Tensor::argmax`] of logits. 4 rounds for up to 16 classes, else 5. Exact.
#[track_caller]
pub fn confusion_matrix(predicted: &Tensor<Secret>, labels: &Tensor<Secret>, classes: usize) -> Tensor<Secret> {
    let (predicted, labels) = (predicted.one_hot(classes).number(), labels.one_hot(classes).number());
    labels.t().matmul(&predicted)
}

/// Precision, recall and their harmonic mean F1, for each class or for one. 0 where there is nothing to divide by.
#[derive(Clone, Debug)]
pub struct Scores {
    /// Of what was taken for the class, the share that is.
    pub precision: Tensor<Secret>,
    /// Of what is of the class, the share that was taken for it.
    pub recall: Tensor<Secret>,
    /// `2 hits / (taken + are)`.
    pub f1: Tensor<Secret>,
}

impl Scores {
    #[track_caller]
    fn of(hits: &Tensor<Secret>, taken: &Tensor<Secret>, are: &Tensor<Secret>) -> Self {
        Self { precision: hits / taken, recall: hits / are, f1: (hits * 2.0) / (taken + are) }
    }
}

/// The scores of each class, `[classes]`, from a [`confusion_matrix`]. 10 rounds.
#[track_caller]
pub fn scores(confusion: &Tensor<Secret>) -> Scores {
    Scores::of(&confusion.diagonal(0), &confusion.sum_axes(&[0]), &confusion.sum_axes(&[1]))
}

/// The scores of class 1 from logits and labels 0 and 1 of one shape: scalars. As in [`binary_accuracy`], a logit of exactly
/// zero counts as class 1. 14 rounds.
#[track_caller]
pub fn binary_scores(logits: &Tensor<Secret>, labels: &Tensor<Secret>) -> Scores {
    let (taken, len) = (logits.step(), logits.shape().len());
    let hits = taken.reshape([len]).dot(&labels.reshape([len]));
    Scores::of(&hits, &taken.sum(), &labels.sum())
}
