//! AVX-512 with 16-bit lanes (F, BW, DQ): the 32 tables of two elements are one vector, a lane each.

#![allow(unsafe_code, reason = "instructions that the target does not promise; each call is guarded by the token")]

use super::Kernel;
use std::arch::x86_64::*;

/// The processor has AVX-512 F, BW and DQ.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

impl Avx512 {
    pub(super) fn new() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq");
        found.then_some(Self(()))
    }
}

impl Kernel<u64> for Avx512 {
    fn block<const LESS: bool>(self, c: &[u64], tables: &[u64], planes: &mut [u64]) {
        let (Some(c), Some(tables)) = (c.as_array(), tables.as_chunks().0.as_array()) else {
            unreachable!("a whole block");
        };
        // SAFETY: `self` was made where the processor has these instructions.
        unsafe { block::<LESS>(c, tables, planes) }
    }
}

/// Lane i of both elements is made by `f(i)`.
#[target_feature(enable = "avx512f")]
fn lanes(f: impl Fn(usize) -> u16) -> __m512i {
    let lanes: [u16; 32] = std::array::from_fn(|lane| f(lane % 16));
    // SAFETY: an array of 64 bytes; the load needs no alignment.
    unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq")]
fn block<const LESS: bool>(c: &[u64; 64], tables: &[[u64; 8]; 32], planes: &mut [u64]) {
    // Lane i of the element gets its quarter i / 4, by bytes of the two elements.
    let spread: [u8; 64] = std::array::from_fn(|byte| (byte / 32 * 8 + byte % 32 / 8 * 2 + byte % 2) as u8);
    // SAFETY: an array of 64 bytes; the load needs no alignment.
    let spread = unsafe { _mm512_loadu_si512(spread.as_ptr().cast()) };
    let shifts = lanes(|lane| 4 * (lane % 4) as u16);
    let nibble = lanes(|lane| if LESS && lane == 15 { 7 } else { 15 });
    // Of the top nibble lt is entry 8 after the shift, and no parity.
    let folded = lanes(|lane| if lane == 15 { 1 } else { 0xFF });
    let (one, low) = (_mm512_set1_epi16(1), _mm512_set1_epi16(15));
    let parities = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0));
    let (mut eqs, mut odd) = ([0u32; 32], [0u32; 32]);
    for (pair, (c, tables)) in c.as_chunks::<2>().0.iter().zip(tables).enumerate() {
        // SAFETY: arrays of 16 and of 64 bytes; the loads need no alignment.
        let (c, tables) = unsafe { (_mm_loadu_si128(c.as_ptr().cast()), _mm512_loadu_si512(tables.as_ptr().cast())) };
        let quarters = _mm512_shuffle_epi8(_mm512_broadcast_i64x2(c), spread);
        let values = _mm512_and_si512(_mm512_srlv_epi16(quarters, shifts), nibble);
        let entries = _mm512_srlv_epi16(tables, values);
        eqs[pair] = _mm512_test_epi16_mask(entries, one);
        if LESS {
            // (a ^ b) & c, twice: the parity of 16 bits is that of 4.
            let halves = _mm512_ternarylogic_epi64::<0x28>(entries, _mm512_srli_epi16::<8>(entries), folded);
            let fourths = _mm512_ternarylogic_epi64::<0x28>(halves, _mm512_srli_epi16::<4>(halves), low);
            odd[pair] = _mm512_test_epi16_mask(_mm512_shuffle_epi8(parities, fourths), one);
        }
    }
    if LESS {
        let (lt, eq) = planes.split_at_mut(16);
        transpose(&eqs, eq);
        transpose(&odd, lt);
        // The parity was that of the entries from the value on: without that of the value, those above it.
        lt.iter_mut().zip(eq).for_each(|(lt, eq)| *lt ^= *eq);
    } else {
        transpose(&eqs, planes);
    }
}

/// Bit i of each of 64 rows of 16 bits, for i = 0 .. 16.
#[target_feature(enable = "avx512f,avx512bw,avx512dq")]
fn transpose(rows: &[u32; 32], planes: &mut [u64]) {
    let (first, last) = rows.split_at(16);
    // SAFETY: 16 words of 32 bits each; the loads need no alignment.
    let rows = [first, last].map(|rows| unsafe { _mm512_loadu_si512(rows.as_ptr().cast()) });
    let bytes = |shifted: [__m512i; 2]| {
        let low = _mm512_castsi256_si512(_mm512_cvtepi16_epi8(shifted[0]));
        _mm512_inserti64x4::<1>(low, _mm512_cvtepi16_epi8(shifted[1]))
    };
    let halves = [bytes(rows), bytes(rows.map(|row| _mm512_srli_epi16::<8>(row)))];
    for (planes, mut bytes) in planes.as_chunks_mut::<8>().0.iter_mut().zip(halves) {
        for plane in planes.iter_mut().rev() {
            *plane = _mm512_movepi8_mask(bytes);
            bytes = _mm512_add_epi8(bytes, bytes);
        }
    }
}
