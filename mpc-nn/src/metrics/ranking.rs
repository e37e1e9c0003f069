//! How well scores order.

use mpc_core::{Secret, Tensor};

/// The area under the ROC curve of scores `[n]` for labels 0 and 1 `[n]`: the share of the pairs of one element of each
/// class in which that of class 1 has the larger score, equal scores counting half. Within 5e-4, for fewer than 65,536
/// elements and scores below 2^29 in magnitude. 0 if one of the classes does not occur.
///
/// Two sorts, which share their rounds: those of [`Tensor::sort`] and 8. Equal scores are ordered by label, once with
/// class 1 first and once with class 0 first; the mean of the two counts is the exact one.
#[track_caller]
pub fn auc(scores: &Tensor<Secret>, labels: &Tensor<Secret>) -> Tensor<Secret> {
    let n = labels.shape().len();
    let ulp = labels.handle().runtime().engine().fixed().ulp();
    let (twice, tie) = (scores * 2.0, labels * ulp);
    // For each of class 1, in the order of the scores, how many of class 0 came before it.
    let pairs = |keys: &Tensor<Secret>| {
        let ordered = labels.sort_by(0, keys);
        ordered.dot(&(1.0 - &ordered).cumsum(0))
    };
    let won = pairs(&(&twice + &tie)) + pairs(&(&twice - &tie));
    let positive = labels.sum();
    let all = &positive * (n as f64 - &positive);
    (won / (2.0 * n as f64)) / (all / n as f64)
}
