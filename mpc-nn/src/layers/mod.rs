//! Layers: one file each.

mod linear;

pub use linear::Linear;
