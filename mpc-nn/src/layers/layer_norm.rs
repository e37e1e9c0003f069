//! Layer normalisation.

use super::{Layer, misused, scope};
use crate::{Param, init};
use mpc_core::{Secret, Session, Shape, Tensor, Usage, op::Meaning};

/// `(x - mean) / sqrt(variance + epsilon) * weight + bias` over the last axes together, by sample (Ba et al., 2016).
///
/// 16 rounds. Error: 2^-12 of the value and a few units of the last place.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    /// Of the shape of the last axes; none: ones.
    pub weight: Option<Param>,
    /// Of the shape of the last axes; none: zeros.
    pub bias: Option<Param>,
    /// The last axes.
    pub shape: Shape,
    /// Added to the variance: not less than a unit of the last place.
    pub epsilon: f64,
}

impl LayerNorm {
    /// A layer for tensors `[.., shape]`, with the weights 1 and 0 and an epsilon of 1e-5.
    #[track_caller]
    pub fn init(s: &Session, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        Self::new(init::ones(s, shape.clone()), Some(init::zeros(s, shape)))
    }

    /// A layer with a given weight, whose shape is that of the last axes, and perhaps a bias.
    pub fn new(weight: Tensor<Secret>, bias: Option<Tensor<Secret>>) -> Self {
        let shape = weight.shape();
        Self { weight: Some(Param::new(weight)), bias: bias.map(Param::new), shape, epsilon: 1e-5 }
    }

    /// Without weight and bias.
    #[must_use]
    pub fn without_affine(mut self) -> Self {
        (self.weight, self.bias) = (None, None);
        self
    }

    /// Without a bias.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.bias = None;
        self
    }

    /// With another epsilon.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

/// The sizes of all axes but the last ones, which must be these: otherwise a mistake.
#[track_caller]
pub(super) fn outer(x: &Tensor<Secret>, last: &Shape, op: &'static str) -> Result<usize, Tensor<Secret>> {
    let shape = x.shape();
    if shape.dims().ends_with(last.dims()) && !last.is_empty() {
        return Ok(shape.len() / last.len());
    }
    Err(misused(x, op, Usage::Shape { expected: format!("the last axes to be {last}") }))
}

/// `y w + b`, where there are any.
#[track_caller]
pub(super) fn weighted(y: Tensor<Secret>, weight: Option<&Param>, bias: Option<&Param>) -> Tensor<Secret> {
    let y = weight.map_or_else(|| y.clone(), |weight| &y * &**weight);
    bias.map_or_else(|| y.clone(), |bias| &y + &**bias)
}

impl Layer for LayerNorm {
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let _scope = scope(x, "layer_norm");
        match outer(x, &self.shape, "layer_norm") {
            Err(mistake) => mistake,
            Ok(rows) => {
                let y = x.reshape([rows, self.shape.len()]).layer_norm(self.epsilon).reshape(x.shape());
                let y = weighted(y, self.weight.as_ref(), self.bias.as_ref());
                let Some(weight) = &self.weight else { return y };
                let inputs = [Some(x.handle()), Some(weight.handle()), self.bias.as_ref().map(|bias| bias.handle())];
                let inputs: Vec<_> = inputs.into_iter().flatten().collect();
                y.handle().clone().noted(&inputs, || Meaning::LayerNorm(self.shape.rank(), self.epsilon)).into()
            }
        }
    }
}

parts!(LayerNorm: weight, bias);
