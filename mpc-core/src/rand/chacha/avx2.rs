//! Eight blocks at a time: word w of all of them is one vector, and two transpositions bring the blocks into order.

#![allow(unsafe_code, reason = "instructions that the target does not promise; each call is guarded by the token")]

use super::BLOCK;
use std::arch::x86_64::*;

/// The processor has AVX2.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

/// Blocks at a time.
const LANES: usize = 8;

impl Avx2 {
    pub(super) fn new() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    pub(super) fn fill(self, key: &[u8; 32], stream: u64, mut block: u64, out: &mut [u8]) {
        let state = super::state(key, stream);
        let (whole, rest) = out.as_chunks_mut::<{ LANES * BLOCK }>();
        for out in whole {
            // SAFETY: `self` was made where the processor has AVX2.
            unsafe { blocks(&state, block, out) };
            block = block.wrapping_add(LANES as u64);
        }
        if !rest.is_empty() {
            let mut last = [0; LANES * BLOCK];
            // SAFETY: as above.
            unsafe { blocks(&state, block, &mut last) };
            rest.copy_from_slice(&last[..rest.len()]);
        }
    }
}

#[target_feature(enable = "avx2")]
fn blocks(state: &[u32; 16], block: u64, out: &mut [u8; LANES * BLOCK]) {
    let mut first = [_mm256_setzero_si256(); 16];
    for (vector, &word) in first.iter_mut().zip(state) {
        *vector = _mm256_set1_epi32(word as i32);
    }
    let number = |lane: u64| block.wrapping_add(lane);
    let low = |lane: u64| number(lane) as i32;
    let high = |lane: u64| (number(lane) >> 32) as i32;
    first[12] = _mm256_setr_epi32(low(0), low(1), low(2), low(3), low(4), low(5), low(6), low(7));
    first[13] = _mm256_setr_epi32(high(0), high(1), high(2), high(3), high(4), high(5), high(6), high(7));
    let mut x = first;
    for _ in 0..10 {
        for column in 0..4 {
            quarter(&mut x, [column, column + 4, column + 8, column + 12]);
        }
        for d in 0..4 {
            quarter(&mut x, [d, 4 + (d + 1) % 4, 8 + (d + 2) % 4, 12 + (d + 3) % 4]);
        }
    }
    for (x, &first) in x.iter_mut().zip(&first) {
        *x = _mm256_add_epi32(*x, first);
    }
    let (halves, _) = x.as_chunks::<8>();
    for (half, words) in halves.iter().enumerate() {
        for (words, out) in transposed(words).iter().zip(out.as_chunks_mut::<BLOCK>().0) {
            let out = &mut out[half * BLOCK / 2..][..BLOCK / 2];
            // SAFETY: a slice of 32 bytes; the store needs no alignment.
            unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), *words) };
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn quarter(x: &mut [__m256i; 16], [a, b, c, d]: [usize; 4]) {
    x[a] = _mm256_add_epi32(x[a], x[b]);
    x[d] = by_bytes::<2>(_mm256_xor_si256(x[d], x[a]));
    x[c] = _mm256_add_epi32(x[c], x[d]);
    x[b] = by_bits::<12, 20>(_mm256_xor_si256(x[b], x[c]));
    x[a] = _mm256_add_epi32(x[a], x[b]);
    x[d] = by_bytes::<1>(_mm256_xor_si256(x[d], x[a]));
    x[c] = _mm256_add_epi32(x[c], x[d]);
    x[b] = by_bits::<7, 25>(_mm256_xor_si256(x[b], x[c]));
}

/// Words rotated left by whole bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn by_bytes<const BYTES: u8>(x: __m256i) -> __m256i {
    let from: [u8; 16] = std::array::from_fn(|at| (at as u8 & !3) | ((at as u8).wrapping_sub(BYTES) & 3));
    // SAFETY: an array of 16 bytes; the load needs no alignment.
    let from = unsafe { _mm_loadu_si128(from.as_ptr().cast()) };
    _mm256_shuffle_epi8(x, _mm256_broadcastsi128_si256(from))
}

/// Words rotated left by `LEFT` bits; `RIGHT` is the rest of 32.
#[inline]
#[target_feature(enable = "avx2")]
fn by_bits<const LEFT: i32, const RIGHT: i32>(x: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_slli_epi32::<LEFT>(x), _mm256_srli_epi32::<RIGHT>(x))
}

/// From vectors of one word of all blocks to vectors of one block's words.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed(x: &[__m256i; 8]) -> [__m256i; 8] {
    let zero = _mm256_setzero_si256();
    // quads[g][j]: in its 128-bit part p, words 4 g to 4 g + 3 of block 4 p + j.
    let mut quads = [[zero; 4]; 2];
    for (quads, [a, b, c, d]) in quads.iter_mut().zip(x.as_chunks::<4>().0) {
        let (ab, cd) = (_mm256_unpacklo_epi32(*a, *b), _mm256_unpacklo_epi32(*c, *d));
        quads[0] = _mm256_unpacklo_epi64(ab, cd);
        quads[1] = _mm256_unpackhi_epi64(ab, cd);
        let (ab, cd) = (_mm256_unpackhi_epi32(*a, *b), _mm256_unpackhi_epi32(*c, *d));
        quads[2] = _mm256_unpacklo_epi64(ab, cd);
        quads[3] = _mm256_unpackhi_epi64(ab, cd);
    }
    let mut blocks = [zero; 8];
    for j in 0..4 {
        blocks[j] = _mm256_permute2x128_si256::<0x20>(quads[0][j], quads[1][j]);
        blocks[4 + j] = _mm256_permute2x128_si256::<0x31>(quads[0][j], quads[1][j]);
    }
    blocks
}
