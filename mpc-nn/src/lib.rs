//! Modules, layers, losses and optimisers over secret tensors.
//!
//! A model is a struct whose fields are modules; `#[secure_model]` (crate `mpc`) derives [`Module`] for it. Its `forward`
//! is an ordinary method.

mod buffer;
pub mod data;
pub mod init;
pub mod layers;
pub mod loss;
pub mod metrics;
mod module;
pub mod optim;
mod param;

pub use buffer::{Buffer, Mode};
pub use layers::{Layer, Linear};
pub use module::{Leaf, LeafMut, Module, Visitor, VisitorMut};
pub use param::Param;
