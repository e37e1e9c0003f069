//! Circuits: functions built from a protocol's steps, generic over protocols.

mod activation;
mod guarded;
mod power;
mod scaled;
mod table;
mod waves;
mod wide;

pub use activation::{ERF, GAUSS, GELU, GELU_SLOPE, GELU_TANH, GELU_TANH_SLOPE, SILU, SILU_SLOPE, TANH};
pub use guarded::{Guarded, Tail, guarded, needs_guarded};
pub use power::{Power, needs_power, power};
pub use scaled::{Piece, Scaled, needs_scaled, needs_wave, scaled, wave};
pub use table::{SIGMOID, SOFTPLUS};
pub use wide::{Function, Lift, Plan, Wide};
