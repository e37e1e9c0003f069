//! Layers: one file each.
//!
//! Constructors are of three kinds. `init` draws the weights of PyTorch's default distribution such that nobody knows
//! them; `new` takes given ones, a party's own for example ([`init::of_owner`](crate::init::of_owner)); and fields are
//! public, so `layer.weight = Param::new(init::xavier_uniform(..))` replaces one. What nobody reads is not computed, a
//! replaced weight neither.
//!
//! Names and shapes of parameters are PyTorch's. So is the rule that a new model trains and that [`Module::eval`] makes it
//! predict; that matters to [`Dropout`] and [`BatchNorm`] alone.
//!
//! The scope of a layer's steps is the name that it is called by: `LeNet/conv1` for a field of a model, `body` or `0` for a
//! part of another layer, as in the names of parameters. A layer that nobody gave a name goes by its kind: `conv2d`.
//!
//! Rounds are for secrets, with the opening of the input and with weights that are not open yet: an opening takes one
//! round, and everything that is opened at the same depth shares it. In later batches between two updates the weights are
//! open, which saves bytes but no round, unless the input is open as well.

#[macro_use]
mod parts;

mod activation;
mod attention;
mod batch_norm;
mod conv;
mod conv_transpose;
mod dropout;
mod embedding;
mod embedding_bag;
mod flatten;
mod group_norm;
mod layer_norm;
mod linear;
mod pool;
mod recurrent;
mod residual;
mod rms_norm;
mod sequential;
mod transformer;

pub use activation::{
    Elu, Gelu, GeluTanh, Hardtanh, LeakyRelu, LogSoftmax, Relu, Relu6, Selu, Sigmoid, Silu, Softmax, Softplus, Tanh,
};
pub use attention::{MultiheadAttention, causal_mask};
pub use batch_norm::{BatchNorm, BatchNorm1d, BatchNorm2d};
pub use conv::{Conv1d, Conv2d};
pub use conv_transpose::ConvTranspose2d;
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use embedding_bag::{Bag, EmbeddingBag};
pub use flatten::Flatten;
pub use group_norm::GroupNorm;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use pool::{
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AvgPool1d, AvgPool2d, GlobalAvgPool,
    GlobalMaxPool, MaxPool1d, MaxPool2d,
};
pub use recurrent::{Gru, GruUnit, Lstm, LstmState, LstmUnit, Recurrent, Rnn, RnnUnit, Stack, Unit, Weights};
pub use residual::{Identity, Residual};
pub use rms_norm::RmsNorm;
pub use sequential::{Map, Sequential};
pub use transformer::{TransformerEncoder, TransformerEncoderLayer};

use crate::Module;
use mpc_core::{Secret, Tensor, Usage, Visibility, op::Handle, scope::ScopeGuard};
use std::fmt;

/// A module that makes one tensor of one: what a [`Sequential`] is made of.
///
/// Layers whose input may be public or private as well have a method `forward` of their own; that of this trait is for
/// secrets. A model of one's own becomes a layer by `impl Layer for Model`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no layer",
    label = "this does not make one tensor of one",
    note = "implement `nn::Layer` for it, with `fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret>`, or wrap a function: `nn::layers::Map::new(\"name\", |x| ..)`"
)]
pub trait Layer: Module + fmt::Debug {
    /// The layer applied to a tensor.
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret>;
}

impl<L: Layer + ?Sized> Layer for Box<L> {
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        (**self).forward(x)
    }
}

/// Names the steps of a layer by its kind, unless it is called as a part of another and goes by that name. Every layer enters
/// this first.
fn scope<V: Visibility>(x: &Tensor<V>, name: &str) -> ScopeGuard {
    x.handle().runtime().scopes().enter(name)
}

/// Names the steps of a part that is called next by its place in the layer.
fn part(name: &str) -> ScopeGuard {
    mpc_core::lang::field(name)
}

/// The mistake of giving a layer this x, or an earlier one that x carries. Not for closures: they have a source line of
/// their own.
#[track_caller]
fn misused<V: Visibility>(x: &Tensor<V>, op: &'static str, problem: Usage) -> Tensor<Secret> {
    match x.handle().error() {
        Some(_) => x.handle().clone().into(),
        None => Handle::misused(x.handle().runtime(), op, problem, vec![x.shape()]).into(),
    }
}

/// `x w + b` with w and perhaps b for the channels in axis 1.
#[track_caller]
fn scaled_channels(x: &Handle, weight: &Handle, bias: Option<&Handle>) -> Handle {
    let rank = x.shape().rank();
    let y = x.mul(&as_channels(weight, rank));
    match bias {
        Some(bias) => y.add(&as_channels(bias, rank)),
        None => y,
    }
}

/// A vector `[channels]` as `[channels, 1, ..]`, for a tensor of `rank` axes with the channels in axis 1.
#[track_caller]
fn as_channels(vector: &Handle, rank: usize) -> Handle {
    let mut dims = vec![1; rank.max(2) - 1];
    dims[0] = vector.shape().len();
    vector.reshape(&dims[..].into())
}
