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

    /// The standard deviation of all elements: a scalar, as [`Self::var`]. 7 rounds more.
    #[track_caller]
    pub fn std(&self, unbiased: bool) -> Self {
        self.handle.std(&[], false, unbiased).into()
    }

    /// The standard deviation over some axes, which disappear.
    #[track_caller]
    pub fn std_axes(&self, axes: &[usize], unbiased: bool) -> Self {
        self.handle.std(axes, false, unbiased).into()
    }

    /// The Euclidean norm of all elements: a scalar. 9 rounds on secrets, after the opening. The squares must add up to less
    /// than 2^30 (16 fractional bits).
    #[track_caller]
    pub fn norm(&self) -> Self {
        self.handle.norm(&[], false).into()
    }

    /// The Euclidean norm over some axes, which disappear; as [`Self::norm`].
    #[track_caller]
    pub fn norm_axes(&self, axes: &[usize]) -> Self {
        self.handle.norm(axes, false).into()
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
