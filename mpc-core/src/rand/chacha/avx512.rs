//! Sixteen blocks at a time: word w of all of them is one vector, and a transposition brings the blocks into order. A
//! rotation is one instruction of AVX-512.

#![allow(unsafe_code, reason = "instructions that the target does not promise; each call is guarded by the token")]

use super::BLOCK;
use std::arch::x86_64::*;

/// The processor has AVX-512 F.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

/// Blocks at a time.
const LANES: usize = 16;

impl Avx512 {
    pub(super) fn new() -> Option<Self> {
        is_x86_feature_detected!("avx512f").then_some(Self(()))
    }

    pub(super) fn fill(self, key: &[u8; 32], stream: u64, mut block: u64, out: &mut [u8]) {
        let state = super::state(key, stream);
        let (whole, rest) = out.as_chunks_mut::<{ LANES * BLOCK }>();
        for out in whole {
            // SAFETY: `self` was made where the processor has AVX-512 F.
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

#[target_feature(enable = "avx512f")]
fn blocks(state: &[u32; 16], block: u64, out: &mut [u8; LANES * BLOCK]) {
    let mut first = [_mm512_setzero_si512(); 16];
    for (vector, &word) in first.iter_mut().zip(state) {
        *vector = _mm512_set1_epi32(word as i32);
    }
    let (low, high) = (_mm512_set1_epi32(block as i32), _mm512_set1_epi32((block >> 32) as i32));
    let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    first[12] = _mm512_add_epi32(low, lanes);
    let carry = _mm512_cmplt_epu32_mask(first[12], low);
    first[13] = _mm512_mask_add_epi32(high, carry, high, _mm512_set1_epi32(1));
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
        *x = _mm512_add_epi32(*x, first);
    }
    let ordered = transposed(&x);
    for (block, out) in ordered.iter().zip(out.as_chunks_mut::<BLOCK>().0) {
        // SAFETY: an array of 64 bytes; the store needs no alignment.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), *block) };
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn quarter(x: &mut [__m512i; 16], [a, b, c, d]: [usize; 4]) {
    x[a] = _mm512_add_epi32(x[a], x[b]);
    x[d] = _mm512_rol_epi32::<16>(_mm512_xor_si512(x[d], x[a]));
    x[c] = _mm512_add_epi32(x[c], x[d]);
    x[b] = _mm512_rol_epi32::<12>(_mm512_xor_si512(x[b], x[c]));
    x[a] = _mm512_add_epi32(x[a], x[b]);
    x[d] = _mm512_rol_epi32::<8>(_mm512_xor_si512(x[d], x[a]));
    x[c] = _mm512_add_epi32(x[c], x[d]);
    x[b] = _mm512_rol_epi32::<7>(_mm512_xor_si512(x[b], x[c]));
}

/// From vectors of one word of all blocks to vectors of one block's words.
#[inline]
#[target_feature(enable = "avx512f")]
fn transposed(x: &[__m512i; 16]) -> [__m512i; 16] {
    let zero = _mm512_setzero_si512();
    // quads[j][g]: in its 128-bit part p, words 4 g to 4 g + 3 of block 4 p + j.
    let mut quads = [[zero; 4]; 4];
    for g in 0..4 {
        let [a, b, c, d] = [x[4 * g], x[4 * g + 1], x[4 * g + 2], x[4 * g + 3]];
        let (ab, cd) = (_mm512_unpacklo_epi32(a, b), _mm512_unpacklo_epi32(c, d));
        quads[0][g] = _mm512_unpacklo_epi64(ab, cd);
        quads[1][g] = _mm512_unpackhi_epi64(ab, cd);
        let (ab, cd) = (_mm512_unpackhi_epi32(a, b), _mm512_unpackhi_epi32(c, d));
        quads[2][g] = _mm512_unpacklo_epi64(ab, cd);
        quads[3][g] = _mm512_unpackhi_epi64(ab, cd);
    }
    let mut blocks = [zero; 16];
    for (j, [a, b, c, d]) in quads.into_iter().enumerate() {
        // Parts 0 and 2 of two vectors, or their parts 1 and 3.
        let (even, odd) = (_mm512_shuffle_i32x4::<0x88>(a, b), _mm512_shuffle_i32x4::<0xDD>(a, b));
        let (even_next, odd_next) = (_mm512_shuffle_i32x4::<0x88>(c, d), _mm512_shuffle_i32x4::<0xDD>(c, d));
        blocks[j] = _mm512_shuffle_i32x4::<0x88>(even, even_next);
        blocks[4 + j] = _mm512_shuffle_i32x4::<0x88>(odd, odd_next);
        blocks[8 + j] = _mm512_shuffle_i32x4::<0xDD>(even, even_next);
        blocks[12 + j] = _mm512_shuffle_i32x4::<0xDD>(odd, odd_next);
    }
    blocks
}
