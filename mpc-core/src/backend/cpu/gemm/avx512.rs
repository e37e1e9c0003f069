//! AVX-512 DQ: `vpmullq` gives the low 64 bits of a product.

#![allow(unsafe_code, reason = "instructions that the target does not promise; each call is guarded by the token")]

use super::{
    kernel::{self, Kernel, Span},
    operand::Operand,
};
use std::arch::x86_64::*;

/// The processor has AVX-512 F and DQ.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

impl Avx512 {
    pub(super) fn new() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq")).then_some(Self(()))
    }
}

/// Vectors in a row of a tile.
const VECTORS: usize = 3;
const ROWS: usize = 8;
const COLS: usize = 8 * VECTORS;

impl Kernel<u64> for Avx512 {
    const ROWS: usize = ROWS;
    const COLS: usize = COLS;
    const LEFT: usize = ROWS;
    const RIGHT: usize = COLS;
    const DEPTH: usize = 128;

    fn pack_left(self, from: &Operand<'_, u64>, lanes: Span, depths: Span, panel: &mut [u64]) {
        from.pack::<ROWS, ROWS>(lanes, depths, panel);
    }
    fn pack_right(self, from: &Operand<'_, u64>, lanes: Span, depths: Span, panel: &mut [u64]) {
        from.pack::<COLS, COLS>(lanes, depths, panel);
    }
    fn tile(self, left: &[u64], right: &[u64], out: &mut [u64]) {
        // SAFETY: `self` was made where the processor has AVX-512 F and DQ.
        unsafe { tile(left, right, out) }
    }
    fn dot(self, a: &[u64], b: &[u64]) -> u64 {
        // SAFETY: as above.
        unsafe { dot(a, b) }
    }
    fn axpy(self, c: u64, b: &[u64], to: &mut [u64]) {
        // SAFETY: as above.
        unsafe { axpy(c, b, to) }
    }
}

#[target_feature(enable = "avx512f,avx512dq")]
fn tile(left: &[u64], right: &[u64], out: &mut [u64]) {
    let mut sums = [[_mm512_setzero_si512(); VECTORS]; ROWS];
    for (a, b) in left.as_chunks::<ROWS>().0.iter().zip(right.as_chunks::<COLS>().0) {
        // SAFETY: vector v is words 8 v to 8 v + 7 of an array of 8 VECTORS words; the load needs no alignment.
        let b: [__m512i; VECTORS] =
            std::array::from_fn(|v| unsafe { _mm512_loadu_si512(b.as_ptr().add(8 * v).cast()) });
        for i in 0..ROWS {
            let a = _mm512_set1_epi64(a[i] as i64);
            for v in 0..VECTORS {
                sums[i][v] = _mm512_add_epi64(sums[i][v], _mm512_mullo_epi64(a, b[v]));
            }
        }
    }
    for (sum, out) in sums.as_flattened().iter().zip(out.as_chunks_mut::<8>().0) {
        // SAFETY: an array of eight words; the store needs no alignment.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), *sum) };
    }
}

#[target_feature(enable = "avx512f,avx512dq")]
pub(super) fn dot(a: &[u64], b: &[u64]) -> u64 {
    kernel::dot(a, b)
}

#[target_feature(enable = "avx512f,avx512dq")]
pub(super) fn axpy(c: u64, b: &[u64], to: &mut [u64]) {
    kernel::axpy(c, b, to);
}
