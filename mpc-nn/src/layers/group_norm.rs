//! Group normalisation.

use super::{Layer, misused, scaled_channels, scope};
use crate::{Param, init};
use mpc_core::{Secret, Session, Tensor, Usage};

/// `(x - mean) / sqrt(variance + epsilon)` over groups of channels of a sample together, times weight plus bias by channel,
/// for `[n, channels, ..]` (Wu and He, 2018). One group: all of a sample; as many as channels: instance normalisation.
///
/// 16 rounds. Error: 2^-12 of the value and a few units of the last place.
#[derive(Clone, Debug)]
pub struct GroupNorm {
    /// `[channels]`; none: ones.
    pub weight: Option<Param>,
    /// `[channels]`; none: zeros.
    pub bias: Option<Param>,
    /// How many groups.
    pub groups: usize,
    /// How many channels.
    pub channels: usize,
    /// Added to the variance: not less than a unit of the last place.
    pub epsilon: f64,
}

impl GroupNorm {
    /// A layer with the weights 1 and 0 and an epsilon of 1e-5. `groups` divides `channels`.
    #[track_caller]
    pub fn init(s: &Session, groups: usize, channels: usize) -> Self {
        Self::new(groups, init::ones(s, channels), init::zeros(s, channels))
    }

    /// A layer with given weights `[channels]`.
    pub fn new(groups: usize, weight: Tensor<Secret>, bias: Tensor<Secret>) -> Self {
        let channels = weight.shape().len();
        Self { weight: Some(Param::new(weight)), bias: Some(Param::new(bias)), groups, channels, epsilon: 1e-5 }
    }

    /// Without weight and bias.
    #[must_use]
    pub fn without_affine(mut self) -> Self {
        (self.weight, self.bias) = (None, None);
        self
    }

    /// With another epsilon.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Layer for GroupNorm {
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let _scope = scope(x, "group_norm");
        let (shape, &Self { groups, channels, .. }) = (x.shape(), self);
        let fits = shape.dims().get(1) == Some(&channels) && groups > 0 && channels.is_multiple_of(groups);
        if !fits || shape.is_empty() {
            let expected = format!("[n, {channels}, ..] with channels in {groups} equal groups");
            return misused(x, "group_norm", Usage::Shape { expected });
        }
        let samples = shape.dims()[0];
        let rows = x.reshape([samples, groups, shape.len() / samples / groups]);
        let y = rows.layer_norm(self.epsilon).reshape(shape);
        match &self.weight {
            Some(weight) => {
                let bias = self.bias.as_ref().map(|bias| bias.handle());
                scaled_channels(y.handle(), weight.handle(), bias).into()
            }
            None => y,
        }
    }
}

parts!(GroupNorm: weight, bias);
