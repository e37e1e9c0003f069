//! Addressed randomness (docs/protocol.md section 1): every random value has a name, and the
//! name says where in the stream of a seed it stands. No stream position is shared state, so ops may run in any order.

mod address;
mod aes;
mod chacha;
mod own;
mod prg;

pub use address::{Address, At, Purpose};
pub(crate) use own::{fixed_seed, fresh_seed};
#[cfg(feature = "cuda")]
pub(crate) use prg::KeyWords;
pub use prg::{Prg, Seed};
