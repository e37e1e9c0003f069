//! Modules, layers, losses and optimisers over secret tensors.
//!
//! A model is a struct whose fields are modules; `#[secure_model]` (crate `mpc`) derives [`Module`] for it. Its `forward`
//! is an ordinary method.

mod apply;
pub mod checkpoint;
pub mod data;
pub mod layers;
pub mod loss;
pub mod metrics;
mod module;
pub mod optim;
mod param;
pub mod state;
pub mod train;

#[doc(hidden)]
pub use apply::scope;
pub use apply::{Apply, ApplyMut, HasFieldOfThatName, Part, name};
pub use layers::Linear;
pub use module::{Module, Visitor, VisitorMut};
pub use param::Param;
pub use state::StateDict;
pub use train::Trainer;
