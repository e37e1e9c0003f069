//! Modules, layers, losses and optimisers over secret tensors.
//!
//! A model is a struct whose fields are modules; `#[secure_model]` (crate `mpc`) derives [`Module`] for it. Its `forward`
//! is an ordinary method.
//!
//! | layers | |
//! |---|---|
//! | products | [`Linear`], [`Conv1d`](layers::Conv1d), [`Conv2d`](layers::Conv2d), [`ConvTranspose2d`](layers::ConvTranspose2d) |
//! | normalisation | [`BatchNorm1d`](layers::BatchNorm1d), [`BatchNorm2d`](layers::BatchNorm2d), [`LayerNorm`](layers::LayerNorm), [`GroupNorm`](layers::GroupNorm), [`RmsNorm`](layers::RmsNorm) |
//! | tables | [`Embedding`](layers::Embedding), [`EmbeddingBag`](layers::EmbeddingBag) |
//! | pooling | [`MaxPool1d`](layers::MaxPool1d), [`MaxPool2d`](layers::MaxPool2d), [`AvgPool1d`](layers::AvgPool1d), [`AvgPool2d`](layers::AvgPool2d), [`AdaptiveAvgPool1d`](layers::AdaptiveAvgPool1d), [`AdaptiveAvgPool2d`](layers::AdaptiveAvgPool2d), [`AdaptiveMaxPool1d`](layers::AdaptiveMaxPool1d), [`AdaptiveMaxPool2d`](layers::AdaptiveMaxPool2d), [`GlobalAvgPool`](layers::GlobalAvgPool), [`GlobalMaxPool`](layers::GlobalMaxPool) |
//! | activations | [`Relu`](layers::Relu), [`Relu6`](layers::Relu6), [`LeakyRelu`](layers::LeakyRelu), [`Elu`](layers::Elu), [`Selu`](layers::Selu), [`Hardtanh`](layers::Hardtanh), [`Gelu`](layers::Gelu), [`GeluTanh`](layers::GeluTanh), [`Silu`](layers::Silu), [`Sigmoid`](layers::Sigmoid), [`Tanh`](layers::Tanh), [`Softplus`](layers::Softplus), [`Softmax`](layers::Softmax), [`LogSoftmax`](layers::LogSoftmax) |
//! | sequences | [`Rnn`](layers::Rnn), [`Gru`](layers::Gru), [`Lstm`](layers::Lstm), [`MultiheadAttention`](layers::MultiheadAttention), [`TransformerEncoderLayer`](layers::TransformerEncoderLayer), [`TransformerEncoder`](layers::TransformerEncoder) |
//! | structure | [`Sequential`](layers::Sequential), [`Residual`](layers::Residual), [`Flatten`](layers::Flatten), [`Dropout`](layers::Dropout), [`Identity`](layers::Identity), [`Map`](layers::Map) |
//!
//! [`init`] draws first values, [`loss`] has what to call `backward` on. A new model trains; [`Module::eval`] makes it
//! predict. [`onnx`] reads models that were trained elsewhere.

mod apply;
mod buffer;
pub mod checkpoint;
pub mod data;
pub mod init;
pub mod layers;
pub mod loss;
pub mod metrics;
mod module;
pub mod onnx;
pub mod optim;
mod param;
pub mod state;
pub mod train;

#[doc(hidden)]
pub use apply::scope;
pub use apply::{Apply, ApplyMut, HasFieldOfThatName, Part, name};
pub use buffer::{Buffer, Mode};
pub use layers::{Layer, Linear};
pub use module::{Leaf, LeafMut, Module, Visitor, VisitorMut};
pub use param::Param;
pub use state::StateDict;
pub use train::Trainer;
