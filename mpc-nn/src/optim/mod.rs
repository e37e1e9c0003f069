//! Optimisers: one file each. The updates of all parameters of a step share their rounds.

mod sgd;

pub use sgd::Sgd;
