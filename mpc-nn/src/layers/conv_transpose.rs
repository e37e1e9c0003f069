//! The transposed convolution.

use super::{Layer, scope};
use crate::{Param, init};
use mpc_core::{Conv, Join, Secret, Session, Tensor, Visibility};

/// The transposed convolution of images `[n, inputs, rows, columns]` plus a bias: `[n, outputs, ..]`, larger where the
/// stride is larger than 1.
///
/// 2 rounds. Error: one unit of the last place.
#[derive(Clone, Debug)]
pub struct ConvTranspose2d {
    /// `[inputs, outputs / groups, kernel rows, kernel columns]`.
    pub weight: Param,
    /// `[outputs]`.
    pub bias: Option<Param>,
    /// Stride, padding, dilation, groups, output padding.
    pub options: Conv,
}

impl ConvTranspose2d {
    /// A layer of random weights that nobody knows, with PyTorch's bound: `1 / sqrt(f)` for f = outputs / groups times the
    /// size of the kernel.
    #[track_caller]
    pub fn init(s: &Session, inputs: usize, outputs: usize, kernel: [usize; 2], options: Conv) -> Self {
        let each = outputs / options.groups.max(1);
        let fan = each * kernel[0] * kernel[1];
        let weight = init::by_fan(s, [inputs, each, kernel[0], kernel[1]], fan);
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

    /// The transposed convolution.
    #[track_caller]
    pub fn forward<V>(&self, x: &Tensor<V>) -> Tensor<Secret>
    where
        V: Visibility + Join<Secret, Out = Secret>,
    {
        let _scope = scope(x, "conv_transpose2d");
        let bias = self.bias.as_ref().map(|bias| bias.handle());
        x.handle().conv_transpose2d(self.weight.handle(), bias, &self.options).into()
    }
}

impl Layer for ConvTranspose2d {
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        self.forward(x)
    }
}

parts!(ConvTranspose2d: weight, bias);
