//! Data: from files into arrays, from the parties' arrays into shares, and in batches into training.
//!
//! Readers run at the party that has the file. What is wrong with one is a [`FileError`], which names file, line and column
//! and never a value.

mod batches;
mod error;
pub mod idx;
#[cfg(feature = "images")]
pub mod images;
pub mod npy;
#[cfg(feature = "parquet")]
mod parquet;
mod parties;
mod standard;
mod table;
pub mod tensors;
mod whole;

pub use batches::{batches, order, shuffled, train_test};
pub use error::{FileError, Problem};
pub use parties::{announce, horizontal, vertical};
pub use standard::Standard;
pub use table::Table;
pub use whole::write_whole;
