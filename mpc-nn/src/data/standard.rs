//! Columns of mean 0 and variance 1.

use mpc_core::{Secret, Session, Tensor};

/// How columns are moved and scaled: by numbers that nobody knows, or by public ones.
#[derive(Clone, Debug)]
pub struct Standard {
    mean: Tensor<Secret>,
    variance: Tensor<Secret>,
}

/// Added to a variance: a column of equal values becomes zeros.
const LEAST: f64 = 1e-3;

impl Standard {
    /// As the rows of `[n, columns]` are distributed; nobody learns how. About 4 rounds. Columns may differ in size up to what
    /// numbers hold: the mean of the squares must stay below 2^30 / n (16 fractional bits), and a standard deviation much
    /// below 0.03 is lost in the 0.001 that is added to every variance.
    #[track_caller]
    pub fn of(x: &Tensor<Secret>) -> Self {
        let columns = x.shape().dims().last().copied().unwrap_or(0);
        let row = |tensor: Tensor<Secret>| tensor.reshape([1, columns]);
        Self { mean: row(x.mean_axes(&[0])), variance: row(x.var_axes(&[0], false)) }
    }

    /// By public means and standard deviations: of an earlier data set, or such as the parties have agreed to tell. Deviations
    /// below 0.032 count as that.
    #[track_caller]
    pub fn public(s: &Session, means: &[f64], deviations: &[f64]) -> Self {
        let row = |values: &[f64]| s.public([1, values.len()], values).share();
        let variances: Vec<f64> = deviations.iter().map(|d| (d * d - LEAST).max(0.0)).collect();
        Self { mean: row(means), variance: row(&variances) }
    }

    /// Rows `[n, columns]` moved and scaled: within 2^-12 of the value. 10 rounds.
    #[track_caller]
    pub fn apply(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        (x - &self.mean).over_sqrt(&(&self.variance + LEAST))
    }
}
