//! Parties as real processes that talk over TCP: `examples/process_probe.rs`, started by its launcher or party by party.
//!
//! Every process logs everything, and wherever one ends it is checked that no input is found in what it has said.

#[path = "../common/mod.rs"]
mod common;

mod agreement;
mod canary;
mod crew;
mod deaths;
mod lines;
mod mistakes;
mod process;
mod runs;
mod signals;
#[cfg(unix)]
mod top;
