//! Pooling as layers. All options are those of [`Pool`]: `MaxPool2d(Pool::new(3).stride(2).partial())`.

use super::{Layer, scope};
use mpc_core::{Pool, Secret, Tensor};

macro_rules! pools {
    ($($(#[$doc:meta])* $name:ident $((#[$field_doc:meta] $type:ty))? as $scope:literal: |$self:ident, $x:ident| $y:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name $((#[$field_doc] pub $type))?;

        impl Layer for $name {
            #[track_caller]
            fn forward(&$self, $x: &Tensor<Secret>) -> Tensor<Secret> {
                let _scope = scope($x, $scope);
                $y
            }
        }

        parts!($name);
    )+};
}

pools! {
    /// The largest of each window over the last two axes. Exact. 4 rounds for each halving of the window's rows and of its
    /// columns: 8 for 2 x 2, 9 together with a ReLU before. `MaxPool2d(Pool::new(2))` halves an image.
    MaxPool2d(#[doc = "The window and how it moves."] Pool) as "max_pool2d": |self, x| x.max_pool2d(&self.0);
    /// The largest of each window over the last axis, by the columns' options. Exact. 4 rounds for each halving.
    MaxPool1d(#[doc = "The window and how it moves."] Pool) as "max_pool1d": |self, x| x.max_pool1d(&self.0);
    /// The mean of each window over the last two axes. 1 round. Error: one unit of the last place.
    AvgPool2d(#[doc = "The window and how it moves."] Pool) as "avg_pool2d": |self, x| x.avg_pool2d(&self.0);
    /// The mean of each window over the last axis, by the columns' options. 1 round. Error: one unit of the last place.
    AvgPool1d(#[doc = "The window and how it moves."] Pool) as "avg_pool1d": |self, x| x.avg_pool1d(&self.0);
    /// The mean of `[rows, columns]` windows that cover the last two axes evenly. 1 round. Error: one unit of the last place.
    AdaptiveAvgPool2d(#[doc = "Rows and columns of the result."] [usize; 2]) as "adaptive_avg_pool2d":
        |self, x| x.adaptive_avg_pool2d(self.0);
    /// The mean of windows that cover the last axis evenly. 1 round. Error: one unit of the last place.
    AdaptiveAvgPool1d(#[doc = "The length of the result."] usize) as "adaptive_avg_pool1d":
        |self, x| x.adaptive_avg_pool1d(self.0);
    /// The largest of each of `[rows, columns]` windows that cover the last two axes evenly. Exact. 4 rounds for each halving
    /// of the larger windows' rows and columns.
    AdaptiveMaxPool2d(#[doc = "Rows and columns of the result."] [usize; 2]) as "adaptive_max_pool2d":
        |self, x| x.adaptive_max_pool2d(self.0);
    /// The largest of each window of those that cover the last axis evenly. Exact. 4 rounds for each halving.
    AdaptiveMaxPool1d(#[doc = "The length of the result."] usize) as "adaptive_max_pool1d":
        |self, x| x.adaptive_max_pool1d(self.0);
    /// The mean over the last two axes, which keep size 1. 1 round. Error: one unit of the last place.
    GlobalAvgPool as "global_avg_pool": |self, x| x.global_avg_pool();
    /// The largest over the last two axes, which keep size 1. Exact. 4 rounds for each halving of their product.
    GlobalMaxPool as "global_max_pool": |self, x| x.global_max_pool();
}
