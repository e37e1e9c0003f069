//! Circuits: functions built from a protocol's steps, generic over protocols.

mod guarded;
mod table;

pub use guarded::{Guarded, Tail, guarded, needs_guarded};
pub use table::{SIGMOID, SOFTPLUS};
