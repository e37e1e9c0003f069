//! Normalisation by the root of the mean square.

use super::{
    Layer,
    layer_norm::{outer, weighted},
    scope,
};
use crate::{Param, init};
use mpc_core::{Secret, Session, Shape, Tensor};

/// `x / sqrt(mean of x^2 + epsilon) * weight` over the last axes together, by sample (Zhang and Sennrich, 2019).
///
/// 15 rounds. Error: 2^-12 of the value and a few units of the last place.
#[derive(Clone, Debug)]
pub struct RmsNorm {
    /// Of the shape of the last axes; none: ones.
    pub weight: Option<Param>,
    /// The last axes.
    pub shape: Shape,
    /// Added to the mean square: not less than a unit of the last place.
    pub epsilon: f64,
}

impl RmsNorm {
    /// A layer for tensors `[.., shape]`, with the weight 1 and an epsilon of 1e-5.
    #[track_caller]
    pub fn init(s: &Session, shape: impl Into<Shape>) -> Self {
        Self::new(init::ones(s, shape))
    }

    /// A layer with a given weight, whose shape is that of the last axes.
    pub fn new(weight: Tensor<Secret>) -> Self {
        let shape = weight.shape();
        Self { weight: Some(Param::new(weight)), shape, epsilon: 1e-5 }
    }

    /// With another epsilon.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Layer for RmsNorm {
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let _scope = scope(x, "rms_norm");
        let rows = match outer(x, &self.shape, "rms_norm") {
            Err(mistake) => return mistake,
            Ok(rows) => x.reshape([rows, self.shape.len()]),
        };
        let squares = Tensor::<Secret>::from(rows.handle().norm_squared(&[1], true));
        let y = rows.over_sqrt(&(squares / self.shape.len() as f64 + self.epsilon));
        weighted(y.reshape(x.shape()), self.weight.as_ref(), None)
    }
}

parts!(RmsNorm: weight);
