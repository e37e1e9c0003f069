//! Secret sharing, protocols, the round executor and the operators on secret tensors.

pub mod along;
pub mod audit;
pub mod backend;
pub mod bilinear;
pub mod circuits;
mod context;
pub mod conv;
pub mod engine;
pub mod error;
pub mod exec;
pub mod fixed;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod lang;
mod level;
mod memory;
pub mod offline;
pub mod op;
mod ops;
pub mod preprocessing;
pub mod protocol;
pub mod rand;
pub mod ring;
pub mod scope;
pub mod serve;
mod session;
mod settings;
pub mod shape;
pub mod sim;
pub mod tensor;
mod visibility;

pub use context::Context;
pub use error::{DeviceError, Error, InputError, OfflineError, Result, Usage};
pub use fixed::Fixed;
pub use memory::keep_freed_memory;
pub use ops::{Conv, Pool};
pub use session::{InputOf, OwnShare, Session, check_device, run_dealer, run_dealer_watched, run_party};
pub use settings::{Device, ProtocolKind, Settings};
pub use shape::Shape;
pub use tensor::{Bit, Gradients, IntoInput, Number, Tensor};
pub use visibility::{Join, Party, PartySet, Private, Public, Secret, Visibility};
