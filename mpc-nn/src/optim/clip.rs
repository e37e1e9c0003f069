//! Gradients of limited size. Secret: neither the norm nor whether it was too large comes out.

use mpc_core::{Secret, Session, Tensor};

/// Every element between `-limit` and `limit`.
#[track_caller]
pub(super) fn by_value(gradient: &Tensor<Secret>, limit: f64) -> Tensor<Secret> {
    gradient.clamp(-limit, limit)
}

/// All gradients times `min(1, limit / norm)`, the norm being that of all together.
///
/// A small limit is measured in larger units, or the square of the norm would have no digits left: the limit is between 4
/// and 8 of them, if it is not larger anyway.
#[track_caller]
pub(super) fn by_norm(s: &Session, gradients: &mut [Tensor<Secret>], limit: f64) {
    let _scope = s.scope("clip");
    let bits = (8.0 / limit).log2().floor().clamp(0.0, 10.0);
    let unit = bits.exp2();
    let squares = gradients.iter().map(|gradient| (gradient * unit).norm_squared());
    let Some(square) = squares.reduce(|sum, square| sum + square) else { return };
    let ratio = s.public([], &[limit * unit]).over_sqrt(&square);
    let factor = 1.0 - (1.0 - ratio).relu();
    gradients.iter_mut().for_each(|gradient| *gradient = &*gradient * &factor);
}
