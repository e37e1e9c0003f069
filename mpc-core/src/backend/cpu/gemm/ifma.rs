//! AVX-512 IFMA: products of 52-bit numbers, of which an instruction adds the low or the high 52 bits to a sum. With
//! `x = a mod 2^52`, `y = b mod 2^52`, the low and high 12 bits a0, a1 of a and b0, b1 of b:
//!
//! ```text
//! a b = x y + 2^52 (a0 b1 + a1 b0)                                                  modulo 2^64
//! (2^16 a0 + 2^40 a1) (2^12 b0 + 2^36 b1) = 2^28 a0 b0 + 2^52 (a0 b1 + a1 b0) + 2^76 a1 b1
//! ```
//!
//! `2^28 a0 b0 < 2^52`, so the high part of the second product is `a0 b1 + a1 b0` modulo 2^12, exactly: it can be added
//! to the sum of the high parts of x y. That sum is needed modulo 2^12 and the sum of the low parts modulo 2^64, so both
//! may wrap and panels may be of any depth. Three instructions for eight products.

#![allow(unsafe_code, reason = "instructions that the target does not promise; each call is guarded by the token")]

use super::{
    avx512,
    kernel::{Kernel, Span},
    operand::Operand,
};
use std::arch::x86_64::*;

/// The processor has AVX-512 F, DQ and IFMA.
#[derive(Clone, Copy)]
pub(super) struct Ifma(());

impl Ifma {
    pub(super) fn new() -> Option<Self> {
        let wide = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq");
        (wide && is_x86_feature_detected!("avx512ifma")).then_some(Self(()))
    }
}

/// Vectors in a row of a tile.
const VECTORS: usize = 2;
const ROWS: usize = 6;
const COLS: usize = 8 * VECTORS;

impl Kernel<u64> for Ifma {
    const ROWS: usize = ROWS;
    const COLS: usize = COLS;
    const LEFT: usize = 2 * ROWS;
    const RIGHT: usize = 2 * COLS;
    const DEPTH: usize = 128;

    fn pack_left(self, from: &Operand<'_, u64>, lanes: Span, depths: Span, panel: &mut [u64]) {
        from.pack::<ROWS, { 2 * ROWS }>(lanes, depths, panel);
        ends::<ROWS>(panel, 16);
    }
    fn pack_right(self, from: &Operand<'_, u64>, lanes: Span, depths: Span, panel: &mut [u64]) {
        from.pack::<COLS, { 2 * COLS }>(lanes, depths, panel);
        ends::<COLS>(panel, 12);
    }
    fn tile(self, left: &[u64], right: &[u64], out: &mut [u64]) {
        // SAFETY: `self` was made where the processor has AVX-512 F and IFMA.
        unsafe { tile(left, right, out) }
    }
    fn dot(self, a: &[u64], b: &[u64]) -> u64 {
        // SAFETY: `self` was made where the processor has AVX-512 F and DQ.
        unsafe { avx512::dot(a, b) }
    }
    fn axpy(self, c: u64, b: &[u64], to: &mut [u64]) {
        // SAFETY: as above.
        unsafe { avx512::axpy(c, b, to) }
    }
}

/// After the lanes of each row, their low 12 bits shifted by `shift` and their high 12 bits by 24 more.
fn ends<const LANES: usize>(panel: &mut [u64], shift: u32) {
    for row in panel.chunks_exact_mut(2 * LANES) {
        let (words, ends) = row.split_at_mut(LANES);
        ends.iter_mut().zip(words).for_each(|(end, &mut x)| *end = (x & 0xFFF) << shift | (x >> 52) << (shift + 24));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn tile(left: &[u64], right: &[u64], out: &mut [u64]) {
    let mut low = [[_mm512_setzero_si512(); VECTORS]; ROWS];
    let mut high = [[_mm512_setzero_si512(); VECTORS]; ROWS];
    for (a, b) in left.as_chunks::<{ 2 * ROWS }>().0.iter().zip(right.as_chunks::<{ 2 * COLS }>().0) {
        // SAFETY: vector v is words 8 v to 8 v + 7 of an array of 16 VECTORS words; the load needs no alignment.
        let b: [__m512i; 2 * VECTORS] =
            std::array::from_fn(|v| unsafe { _mm512_loadu_si512(b.as_ptr().add(8 * v).cast()) });
        for i in 0..ROWS {
            let (x, ends) = (_mm512_set1_epi64(a[i] as i64), _mm512_set1_epi64(a[ROWS + i] as i64));
            for v in 0..VECTORS {
                low[i][v] = _mm512_madd52lo_epu64(low[i][v], x, b[v]);
                high[i][v] = _mm512_madd52hi_epu64(high[i][v], x, b[v]);
                high[i][v] = _mm512_madd52hi_epu64(high[i][v], ends, b[VECTORS + v]);
            }
        }
    }
    let sums = low.as_flattened().iter().zip(high.as_flattened());
    for ((&low, &high), out) in sums.zip(out.as_chunks_mut::<8>().0) {
        let sum = _mm512_add_epi64(low, _mm512_slli_epi64::<52>(high));
        // SAFETY: an array of eight words; the store needs no alignment.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), sum) };
    }
}
