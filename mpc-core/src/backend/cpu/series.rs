//! Trigonometric series. See [`Series`].

use crate::{backend::Series, ring::Ring};

pub(super) fn combine<R: Ring>(series: &Series, fraction_bits: u32, m: &[R], waves: &[R], first: bool) -> Vec<R> {
    let count = 2 * series.harmonics();
    assert_eq!(waves.len(), count * m.len(), "all waves of each element");
    let constant = if first { series.scaled_constant() } else { R::ZERO };
    let mut factors = vec![R::ZERO; count];
    let combine = |(&m, waves): (&R, &[R])| {
        series.factors(fraction_bits, m, &mut factors);
        factors.iter().zip(waves).fold(constant, |sum, (&f, &w)| R::add(sum, R::mul(f, w)))
    };
    m.iter().zip(waves.chunks_exact(count)).map(combine).collect()
}
