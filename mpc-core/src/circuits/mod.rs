//! Circuits: functions built from a protocol's steps, generic over protocols.

mod activation;
mod guarded;
mod table;

pub use activation::{
    ERF, GAUSS, GELU, GELU_SLOPE, GELU_TANH, GELU_TANH_SLOPE, SILU, SILU_SLOPE, TANH,
};
pub use guarded::{Guarded, Tail, guarded, needs_guarded};
pub use table::{SIGMOID, SOFTPLUS};
