//! Variances and norms.

use super::Tensor;
use crate::visibility::Visibility;

impl<V: Visibility> Tensor<V> {
    /// The variance of all elements: a scalar. With `unbiased`, the sum is over one less than their number. A secret costs 4
    /// rounds.
    #[track_caller]
    pub fn var(&self, unbiased: bool) -> Self {
        self.handle.var(&[], false, unbiased).into()
    }

    /// The variance over some axes, which disappear; as [`Self::var`].
    #[track_caller]
    pub fn var_axes(&self, axes: &[usize], unbiased: bool) -> Self {
        self.handle.var(axes, false, unbiased).into()
    }

    /// The sum of the squares of all elements: a scalar. A secret costs 1 round, after its opening.
    #[track_caller]
    pub fn norm_squared(&self) -> Self {
        self.handle.norm_squared(&[], false).into()
    }

    /// The sum of squares over some axes, which disappear; as [`Self::norm_squared`].
    #[track_caller]
    pub fn norm_squared_axes(&self, axes: &[usize]) -> Self {
        self.handle.norm_squared(axes, false).into()
    }
}
