//! AMX: tiles of 16 x 64 bytes, whose products add up in 32 bits. A word is eight limbs of 8 bits, `a = sum_i 2^(8i) a_i`, so
//!
//! ```text
//! a b = sum_s 2^(8s) sum_(i + j = s) a_i b_j        s < 8, modulo 2^64
//! ```
//!
//! 36 products of limbs count. One instruction multiplies tiles of 16 x 64 and 64 x 16 limbs; the sums for each s are a
//! tile of their own. They must stay below 2^32: `(s + 1) 255^2 k` does up to a depth k of 8256, and panels end at 512.
//!
//! What is packed, added up and put together here is the same with the instructions ([`tiles`]) and without ([`twin`]), and
//! tested with the twin on any machine.

mod limbs;
#[cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))]
pub(super) mod tiles;
pub(super) mod twin;

use super::{
    super::parts::Vectorised,
    kernel::{Kernel, Span},
    operand::Operand,
};
use crate::level::Level;

/// Rows, and columns, of a tile.
const SIDE: usize = 16;
/// Depths that one instruction adds up.
const STEP: usize = 64;
/// Words of a panel for [`STEP`] depths: eight tiles of limbs.
const BLOCK: usize = SIDE * STEP;

/// For each s the products of limbs i and j with `i + j = s`, added up: 16 rows of 16.
#[repr(C, align(64))]
pub(super) struct Sums([[u32; SIDE * SIDE]; 8]);

/// How the products of limbs are added up. The value is the proof that the processor can.
pub(super) trait Products: Copy + Send + Sync {
    /// Over all blocks of two packed panels, which are of one length.
    fn add_up(self, left: &[u64], right: &[u64], sums: &mut Sums);
}

/// The kernel, whoever adds up the products.
#[derive(Clone, Copy)]
pub(super) struct Amx<P>(pub(super) P);

impl<P: Products> Kernel<u64> for Amx<P> {
    const ROWS: usize = SIDE;
    const COLS: usize = SIDE;
    const LEFT: usize = SIDE;
    const RIGHT: usize = SIDE;
    const DEPTH: usize = 512;
    const STEP: usize = STEP;

    fn pack_left(self, from: &Operand<'_, u64>, lanes: Span, depths: Span, panel: &mut [u64]) {
        limbs::pack::<false>(from, lanes, depths, panel);
    }
    fn pack_right(self, from: &Operand<'_, u64>, lanes: Span, depths: Span, panel: &mut [u64]) {
        limbs::pack::<true>(from, lanes, depths, panel);
    }
    fn tile(self, left: &[u64], right: &[u64], tile: &mut [u64]) {
        assert!(left.len() == right.len() && left.len().is_multiple_of(BLOCK), "whole blocks of both");
        let mut sums = Sums([[0; SIDE * SIDE]; 8]);
        self.0.add_up(left, right, &mut sums);
        Level::Amx.run(Together { sums: &sums, tile });
    }
}

/// Words from the sums of their limbs.
struct Together<'a> {
    sums: &'a Sums,
    tile: &'a mut [u64],
}

impl Vectorised for Together<'_> {
    #[inline(always)]
    fn run(self) {
        for (at, word) in self.tile.iter_mut().enumerate().take(SIDE * SIDE) {
            *word = (0..8).fold(0, |word: u64, s| word.wrapping_add(u64::from(self.sums.0[s][at]) << (8 * s)));
        }
    }
}
