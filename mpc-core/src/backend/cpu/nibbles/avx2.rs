//! AVX2: the 16 tables of an element are one vector, a 16-bit lane each. It has no shifts by lane: a table look-up of bytes
//! makes the one-hot mask of the entry.

#![allow(unsafe_code, reason = "instructions that the target does not promise; each call is guarded by the token")]

use super::Kernel;
use std::arch::x86_64::*;

/// The processor has AVX2.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    pub(super) fn new() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

impl Kernel<u64> for Avx2 {
    fn block<const LESS: bool>(self, c: &[u64], tables: &[u64], planes: &mut [u64]) {
        let (Some(c), Some(tables)) = (c.as_array(), tables.as_chunks().0.as_array()) else {
            unreachable!("a whole block");
        };
        // SAFETY: `self` was made where the processor has these instructions.
        unsafe { block::<LESS>(c, tables, planes) }
    }
}

/// Lane i is `f(i)`.
#[target_feature(enable = "avx2")]
fn lanes(f: impl Fn(usize) -> u16) -> __m256i {
    let lanes: [u16; 16] = std::array::from_fn(f);
    // SAFETY: an array of 32 bytes; the load needs no alignment.
    unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) }
}

/// A table of 16 bytes, in both halves.
#[target_feature(enable = "avx2")]
fn table(f: impl Fn(usize) -> u8) -> __m256i {
    let bytes: [u8; 32] = std::array::from_fn(|at| f(at % 16));
    // SAFETY: an array of 32 bytes; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn block<const LESS: bool>(c: &[u64; 64], tables: &[[u64; 4]; 64], planes: &mut [u64]) {
    let zero = _mm256_setzero_si256();
    // Both bytes of lane i get byte i / 2 of the element.
    let spread = lanes(|lane| 0x0101 * (lane / 2) as u16);
    let nibble = lanes(|lane| if LESS && lane == 15 { 0x0707 } else { 0x0F0F });
    // The upper byte counts from 8 on.
    let upper = lanes(|_| 0x0800);
    let one_hot = table(|value| if value < 8 { 1 << value } else { 0 });
    let parities = table(|value| (value.count_ones() & 1) as u8);
    let (top, low) = (lanes(|lane| if lane == 15 { 0xFFFF } else { 0 }), lanes(|_| 15));
    // By bytes of a row: lt of the lower eight nibbles, eq of them, and the same of the upper eight.
    let mut rows = [[0u8; 64]; 4];
    for (at, (&c, tables)) in c.iter().zip(tables).enumerate() {
        // SAFETY: an array of 32 bytes; the load needs no alignment.
        let tables = unsafe { _mm256_loadu_si256(tables.as_ptr().cast()) };
        let bytes = _mm256_shuffle_epi8(_mm256_set1_epi64x(c as i64), spread);
        let values = _mm256_blend_epi16::<0xAA>(bytes, _mm256_srli_epi16::<4>(bytes));
        let values = _mm256_xor_si256(_mm256_and_si256(values, nibble), upper);
        let entry = _mm256_shuffle_epi8(one_hot, values);
        let eq = _mm256_cmpeq_epi16(_mm256_and_si256(tables, entry), entry);
        let lt = if LESS {
            let above = _mm256_xor_si256(entry, _mm256_sub_epi16(zero, entry));
            let above = _mm256_blendv_epi8(above, _mm256_slli_epi16::<8>(entry), top);
            let above = _mm256_and_si256(tables, above);
            let halves = _mm256_xor_si256(above, _mm256_srli_epi16::<8>(above));
            let fourths = _mm256_xor_si256(halves, _mm256_srli_epi16::<4>(halves));
            _mm256_cmpgt_epi16(_mm256_shuffle_epi8(parities, _mm256_and_si256(fourths, low)), zero)
        } else {
            zero
        };
        let row = _mm256_movemask_epi8(_mm256_packs_epi16(lt, eq)).to_le_bytes();
        rows.iter_mut().zip(row).for_each(|(rows, row)| rows[at] = row);
    }
    let [lt, eq, lt_upper, eq_upper] = rows;
    if LESS {
        let (lts, eqs) = planes.split_at_mut(16);
        transpose([&lt, &lt_upper], lts);
        transpose([&eq, &eq_upper], eqs);
    } else {
        transpose([&eq, &eq_upper], planes);
    }
}

/// Bit i of each of 64 rows of 16 bits, for i = 0 .. 16.
#[target_feature(enable = "avx2")]
fn transpose(rows: [&[u8; 64]; 2], planes: &mut [u64]) {
    for (planes, rows) in planes.as_chunks_mut::<8>().0.iter_mut().zip(rows) {
        let (first, last) = rows.split_at(32);
        // SAFETY: 32 bytes each; the loads need no alignment.
        let mut halves = [first, last].map(|rows| unsafe { _mm256_loadu_si256(rows.as_ptr().cast()) });
        for plane in planes.iter_mut().rev() {
            let [first, last] = halves.map(|half| u64::from(_mm256_movemask_epi8(half) as u32));
            *plane = first | last << 32;
            halves = halves.map(|half| _mm256_add_epi8(half, half));
        }
    }
}
