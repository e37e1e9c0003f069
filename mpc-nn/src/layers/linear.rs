//! The fully connected layer.

use super::{Layer, scope};
use crate::{Param, init};
use mpc_core::{Join, Secret, Session, Tensor, Visibility, op::Handle};

/// `x W^T + b` for rows x. W has the shape `[outputs, inputs]`, b `[outputs]`.
///
/// 2 rounds. Error: one unit of the last place.
#[derive(Clone, Debug)]
pub struct Linear {
    /// W, `[outputs, inputs]`.
    pub weight: Param,
    /// b, `[outputs]`.
    pub bias: Option<Param>,
}

impl Linear {
    /// A layer of random weights that nobody knows: all of `[-1 / sqrt(inputs), 1 / sqrt(inputs))`.
    #[track_caller]
    pub fn init(s: &Session, inputs: usize, outputs: usize) -> Self {
        Self::new(init::by_fan(s, [outputs, inputs], inputs), Some(init::by_fan(s, outputs, inputs)))
    }

    /// A layer of zeros: the usual start of a linear or logistic regression.
    #[track_caller]
    pub fn zeros(s: &Session, inputs: usize, outputs: usize) -> Self {
        Self::new(init::zeros(s, [outputs, inputs]), Some(init::zeros(s, outputs)))
    }

    /// A layer with given weights `[outputs, inputs]` and perhaps a bias `[outputs]`.
    pub fn new(weight: Tensor<Secret>, bias: Option<Tensor<Secret>>) -> Self {
        Self { weight: Param::new(weight), bias: bias.map(Param::new) }
    }

    /// Without the bias, which is then never drawn.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.bias = None;
        self
    }

    /// The layer applied to the last axis, `[.., inputs]`: `[.., outputs]`.
    #[track_caller]
    pub fn forward<V>(&self, x: &Tensor<V>) -> Tensor<Secret>
    where
        V: Visibility + Join<Secret, Out = Secret>,
    {
        let _scope = scope(x, "linear");
        affine(x, &self.weight, self.bias.as_deref())
    }
}

/// `x W^T + b` over the last axis.
#[track_caller]
pub(super) fn affine<V: Visibility>(
    x: &Tensor<V>,
    weight: &Tensor<Secret>,
    bias: Option<&Tensor<Secret>>,
) -> Tensor<Secret> {
    let (shape, bias) = (x.shape(), bias.map(Tensor::handle));
    match shape.dims() {
        // A scalar may carry a mistake; the product reports it.
        [] | [_, _] => rows_times(x.handle(), weight.handle(), bias).into(),
        [outer @ .., inputs] => {
            let rows = outer.iter().product();
            let y = rows_times(&x.handle().reshape(&[rows, *inputs].into()), weight.handle(), bias);
            let dims = [outer, &[weight.shape().dims().first().copied().unwrap_or(1)]].concat();
            if y.error().is_some() { y.into() } else { y.reshape(&dims[..].into()).into() }
        }
    }
}

/// `x W^T + b` for a matrix x.
#[track_caller]
fn rows_times(x: &Handle, weight: &Handle, bias: Option<&Handle>) -> Handle {
    match bias {
        Some(bias) => x.matmul_plus(false, weight, true, bias),
        None => x.matmul_form(false, weight, true),
    }
}

impl Layer for Linear {
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        self.forward(x)
    }
}

parts!(Linear: weight, bias);
