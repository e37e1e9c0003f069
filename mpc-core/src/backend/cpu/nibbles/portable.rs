//! Plain Rust, for every ring: four tables, which share a word, at a time.

use super::Kernel;
use crate::{backend::tree, ring::Ring};

#[derive(Clone, Copy)]
pub(super) struct Portable;

/// The same 16 bits in each quarter of a word.
const fn quarters(bits: u64) -> u64 {
    bits * 0x0001_0001_0001_0001
}

impl<R: Ring> Kernel<R> for Portable {
    fn block<const LESS: bool>(self, c: &[R], tables: &[u64], planes: &mut [u64]) {
        let (count, words) = (tree::nibbles(R::BITS), tree::table_words(R::BITS));
        for word in 0..words {
            let top = LESS && word + 1 == words;
            let mut rows = [0u8; 64];
            for (row, (&c, tables)) in rows.iter_mut().zip(c.iter().zip(tables.chunks_exact(words))) {
                *row = four::<LESS>(R::low(R::shr(c, 16 * word as u32)), tables[word], top);
            }
            let bits = transpose(&rows);
            let eq = if LESS { count } else { 0 } + 4 * word;
            planes[eq..eq + 4].copy_from_slice(&bits[..4]);
            if LESS {
                planes[4 * word..4 * word + 4].copy_from_slice(&bits[4..]);
            }
        }
    }
}

/// The `eq` of four nibbles, then their `lt`.
fn four<const LESS: bool>(c: u64, table: u64, top: bool) -> u8 {
    // Entry v of a table of `above`: the exclusive or of the entries above v.
    let mut above = table >> 1 & quarters(0x7FFF);
    if LESS {
        above ^= above >> 1 & quarters(0x7FFF);
        above ^= above >> 2 & quarters(0x3FFF);
        above ^= above >> 4 & quarters(0x0FFF);
        above ^= above >> 8 & quarters(0x00FF);
    }
    // The top nibble has a table for lt.
    let (c, above) = if top { (c & 0x7FFF, above & ((1 << 48) - 1) | table >> 8 & (0xFF << 48)) } else { (c, above) };
    (0..4).fold(0, |row, nibble| {
        let at = 16 * nibble + (c >> (4 * nibble) & 15);
        let lt = if LESS { (above >> at & 1) << (nibble + 4) } else { 0 };
        row | ((table >> at & 1) << nibble | lt) as u8
    })
}

/// Bit i of every row, for i = 0 .. 8.
fn transpose(rows: &[u8; 64]) -> [u64; 8] {
    let mut planes = [0; 8];
    for (at, rows) in rows.as_chunks::<8>().0.iter().enumerate() {
        // Squares of 1, 2 and 4 bits change sides of the diagonal: Warren, Hacker's Delight, section 7-3.
        let mut square = u64::from_le_bytes(*rows);
        for (shift, mask) in [(7, 0x00AA_00AA_00AA_00AA), (14, 0x0000_CCCC_0000_CCCC), (28, 0x0000_0000_F0F0_F0F0)] {
            let swapped = (square ^ square >> shift) & mask;
            square ^= swapped ^ swapped << shift;
        }
        for (plane, byte) in planes.iter_mut().zip(square.to_le_bytes()) {
            *plane |= u64::from(byte) << (8 * at);
        }
    }
    planes
}
