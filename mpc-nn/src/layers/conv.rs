//! Convolutions.

use super::{Layer, scope};
use crate::{Param, init};
use mpc_core::{Conv, Join, Secret, Session, Tensor, Visibility};

/// The convolution of images `[n, inputs, rows, columns]` plus a bias: `[n, outputs, ..]`.
///
/// 2 rounds. Error: one unit of the last place.
#[derive(Clone, Debug)]
pub struct Conv2d {
    /// `[outputs, inputs / groups, kernel rows, kernel columns]`.
    pub weight: Param,
    /// `[outputs]`.
    pub bias: Option<Param>,
    /// Stride, padding, dilation, groups.
    pub options: Conv,
}

/// The convolution of signals `[n, inputs, length]` plus a bias: `[n, outputs, ..]`. Of the options, those of the columns
/// count.
///
/// 2 rounds. Error: one unit of the last place.
#[derive(Clone, Debug)]
pub struct Conv1d {
    /// `[outputs, inputs / groups, kernel]`.
    pub weight: Param,
    /// `[outputs]`.
    pub bias: Option<Param>,
    /// Stride, padding, dilation, groups.
    pub options: Conv,
}

macro_rules! conv {
    ($name:ident, $op:ident, $scope:literal, $window:ty, |$kernel:ident| $dims:expr) => {
        impl $name {
            /// A layer of random weights that nobody knows: all of `[-1 / sqrt(f), 1 / sqrt(f))` for f = inputs of an
            /// output.
            #[track_caller]
            pub fn init(s: &Session, inputs: usize, outputs: usize, $kernel: $window, options: Conv) -> Self {
                let window = $dims;
                let each = inputs / options.groups.max(1);
                let fan = each * window.iter().product::<usize>();
                let weight = init::by_fan(s, &[&[outputs, each][..], &window].concat()[..], fan);
                Self::new(weight, Some(init::by_fan(s, outputs, fan)), options)
            }

            /// A layer with a given weight and perhaps a bias `[outputs]`.
            pub fn new(weight: Tensor<Secret>, bias: Option<Tensor<Secret>>, options: Conv) -> Self {
                Self { weight: Param::new(weight), bias: bias.map(Param::new), options }
            }

            /// Without the bias, which is then never drawn.
            #[must_use]
            pub fn without_bias(mut self) -> Self {
                self.bias = None;
                self
            }

            /// The convolution.
            #[track_caller]
            pub fn forward<V>(&self, x: &Tensor<V>) -> Tensor<Secret>
            where
                V: Visibility + Join<Secret, Out = Secret>,
            {
                let _scope = scope(x, $scope);
                let bias = self.bias.as_ref().map(|bias| bias.handle());
                x.handle().$op(self.weight.handle(), bias, &self.options).into()
            }
        }

        impl Layer for $name {
            #[track_caller]
            fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
                self.forward(x)
            }
        }

        parts!($name: weight, bias);
    };
}
conv!(Conv2d, conv2d, "conv2d", [usize; 2], |kernel| kernel);
conv!(Conv1d, conv1d, "conv1d", usize, |kernel| [kernel]);
