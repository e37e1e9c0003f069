//! AVX2: no 64-bit products, so a = a0 + 2^32 a1 gives `a b = a0 b0 + 2^32 (a0 b1 + a1 b0)`. The first product is one
//! `vpmuludq`; the two others are needed to 32 bits only, and one `vpmulld` with the halves of b exchanged gives both.
//! Sums of each wrap as they should, so panels may be of any depth.

#![allow(unsafe_code, reason = "instructions that the target does not promise; each call is guarded by the token")]

use super::{
    kernel::{self, Kernel, Span},
    operand::Operand,
};
use std::arch::x86_64::*;

/// The processor has AVX2.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    pub(super) fn new() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

const ROWS: usize = 6;
const COLS: usize = 4;

impl Kernel<u64> for Avx2 {
    const ROWS: usize = ROWS;
    const COLS: usize = COLS;
    const LEFT: usize = ROWS;
    const RIGHT: usize = COLS;
    const DEPTH: usize = 256;

    fn pack_left(self, from: &Operand<'_, u64>, lanes: Span, depths: Span, panel: &mut [u64]) {
        from.pack::<ROWS, ROWS>(lanes, depths, panel);
    }
    fn pack_right(self, from: &Operand<'_, u64>, lanes: Span, depths: Span, panel: &mut [u64]) {
        from.pack::<COLS, COLS>(lanes, depths, panel);
    }
    fn tile(self, left: &[u64], right: &[u64], out: &mut [u64]) {
        // SAFETY: `self` was made where the processor has AVX2.
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

#[target_feature(enable = "avx2")]
fn tile(left: &[u64], right: &[u64], out: &mut [u64]) {
    let mut low = [_mm256_setzero_si256(); ROWS];
    let mut cross = [_mm256_setzero_si256(); ROWS];
    for (a, b) in left.as_chunks::<ROWS>().0.iter().zip(right.as_chunks::<COLS>().0) {
        // SAFETY: an array of four words; the load needs no alignment.
        let b = unsafe { _mm256_loadu_si256(b.as_ptr().cast()) };
        let swapped = _mm256_shuffle_epi32::<0b10_11_00_01>(b);
        for i in 0..ROWS {
            let a = _mm256_set1_epi64x(a[i] as i64);
            low[i] = _mm256_add_epi64(low[i], _mm256_mul_epu32(a, b));
            cross[i] = _mm256_add_epi32(cross[i], _mm256_mullo_epi32(a, swapped));
        }
    }
    for (i, out) in out.as_chunks_mut::<COLS>().0.iter_mut().enumerate().take(ROWS) {
        // The two cross products of a word, added up in its upper half.
        let cross = _mm256_add_epi32(_mm256_slli_epi64::<32>(cross[i]), cross[i]);
        let cross = _mm256_slli_epi64::<32>(_mm256_srli_epi64::<32>(cross));
        // SAFETY: an array of four words; the store needs no alignment.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), _mm256_add_epi64(low[i], cross)) };
    }
}

#[target_feature(enable = "avx2")]
fn dot(a: &[u64], b: &[u64]) -> u64 {
    kernel::dot(a, b)
}

#[target_feature(enable = "avx2")]
fn axpy(c: u64, b: &[u64], to: &mut [u64]) {
    kernel::axpy(c, b, to);
}
