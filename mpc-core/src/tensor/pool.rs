//! Pooling over the last two axes, or over the last.

use super::Tensor;
use crate::{ops::Pool, visibility::Visibility};

impl<V: Visibility> Tensor<V> {
    /// The largest of each window over the last two axes. Exact; 4 rounds for each halving of the window's rows and columns:
    /// 8 for 2 x 2, 16 for 3 x 3. A ReLU before it that has not run yet is computed after it, where there are at most half as
    /// many windows as elements: one round more than the maximum alone. Keep no handle to such a ReLU, or it runs too.
    #[track_caller]
    pub fn max_pool2d(&self, pool: &Pool) -> Self {
        self.handle.max_pool2d(pool).into()
    }

    /// The largest of each window over the last axis, by the columns' options. Exact; 4 rounds for each halving.
    #[track_caller]
    pub fn max_pool1d(&self, pool: &Pool) -> Self {
        self.handle.max_pool1d(pool).into()
    }

    /// The mean of each window over the last two axes; padding counts as zeros, unless [`Pool::without_padding`]. A secret costs 1 round.
    #[track_caller]
    pub fn avg_pool2d(&self, pool: &Pool) -> Self {
        self.handle.avg_pool2d(pool).into()
    }

    /// The mean of each window over the last axis, by the columns' options. A secret costs 1 round.
    #[track_caller]
    pub fn avg_pool1d(&self, pool: &Pool) -> Self {
        self.handle.avg_pool1d(pool).into()
    }

    /// The mean of `[rows, columns]` windows that cover the last two axes evenly, overlapping if the sizes do not divide.
    /// A secret costs 1 round.
    #[track_caller]
    pub fn adaptive_avg_pool2d(&self, windows: [usize; 2]) -> Self {
        self.handle.adaptive_avg_pool2d(windows).into()
    }

    /// The mean of each of so many windows that cover the last axis evenly; as [`Self::adaptive_avg_pool2d`].
    #[track_caller]
    pub fn adaptive_avg_pool1d(&self, windows: usize) -> Self {
        self.handle.adaptive_avg_pool1d(windows).into()
    }

    /// The largest of each of `[rows, columns]` windows that cover the last two axes evenly, overlapping if the sizes do not
    /// divide. Exact; 4 rounds for each halving of the larger windows' rows and columns.
    #[track_caller]
    pub fn adaptive_max_pool2d(&self, windows: [usize; 2]) -> Self {
        self.handle.adaptive_max_pool2d(windows).into()
    }

    /// The largest of each of so many windows that cover the last axis evenly; as [`Self::adaptive_max_pool2d`].
    #[track_caller]
    pub fn adaptive_max_pool1d(&self, windows: usize) -> Self {
        self.handle.adaptive_max_pool1d(windows).into()
    }

    /// The mean over the last two axes, which keep size 1. A secret costs 1 round.
    #[track_caller]
    pub fn global_avg_pool(&self) -> Self {
        self.handle.global_avg_pool().into()
    }

    /// The largest over the last two axes, which keep size 1. Exact; 4 rounds for each halving of their product.
    #[track_caller]
    pub fn global_max_pool(&self) -> Self {
        self.handle.global_max_pool().into()
    }
}
