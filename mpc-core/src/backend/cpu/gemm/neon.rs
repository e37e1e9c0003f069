//! NEON: as with AVX2 there are no 64-bit products, so a = a0 + 2^32 a1 gives `a b = a0 b0 + 2^32 (a0 b1 + a1 b0)`. The
//! first product is wide, the two others are needed to 32 bits only. Sums of each wrap as they should, so panels may be of
//! any depth.

#![allow(unsafe_code, reason = "loads and stores of vectors, and calls that are guarded by the token")]

use super::{
    kernel::{Kernel, Span},
    operand::Operand,
};
use std::arch::{aarch64::*, is_aarch64_feature_detected};

/// The processor has NEON.
#[derive(Clone, Copy)]
pub(super) struct Neon(());

impl Neon {
    pub(super) fn new() -> Option<Self> {
        is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

const ROWS: usize = 8;
const COLS: usize = 4;

impl Kernel<u64> for Neon {
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
        // SAFETY: `self` was made where the processor has NEON.
        unsafe { tile(left, right, out) }
    }
}

#[target_feature(enable = "neon")]
fn tile(left: &[u64], right: &[u64], out: &mut [u64]) {
    let mut low = [[vdupq_n_u64(0); 2]; ROWS];
    let mut cross = [vdupq_n_u32(0); ROWS];
    for (a, b) in left.as_chunks::<ROWS>().0.iter().zip(right.as_chunks::<COLS>().0) {
        // SAFETY: an array of four words, of which the low and the high halves go to one register each.
        let uint32x4x2_t(b0, b1) = unsafe { vld2q_u32(b.as_ptr().cast()) };
        for i in 0..ROWS {
            let (a0, a1) = (a[i] as u32, (a[i] >> 32) as u32);
            low[i][0] = vmlal_n_u32(low[i][0], vget_low_u32(b0), a0);
            low[i][1] = vmlal_high_n_u32(low[i][1], b0, a0);
            cross[i] = vmlaq_n_u32(vmlaq_n_u32(cross[i], b1, a0), b0, a1);
        }
    }
    for ((low, cross), out) in low.iter().zip(cross).zip(out.as_chunks_mut::<COLS>().0) {
        let cross = [vmovl_u32(vget_low_u32(cross)), vmovl_high_u32(cross)];
        for (half, out) in out.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            // SAFETY: an array of two words.
            unsafe { vst1q_u64(out.as_mut_ptr(), vaddq_u64(low[half], vshlq_n_u64::<32>(cross[half]))) };
        }
    }
}
