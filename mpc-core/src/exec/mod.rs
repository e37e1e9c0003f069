//! The round executor: coroutines on one thread, and a round when none of them can move.

mod clients;
mod digest;
mod frames;
mod net;
mod slot;
mod supply;
mod tasks;

pub(crate) use digest::Digest;
pub(crate) use frames::parse_dealt;
pub(crate) use net::{Net, Wire};
pub use net::{Route, Tag, Timing};
pub use slot::Slot;
pub(crate) use supply::Preprocessing;
pub(crate) use tasks::Tasks;
