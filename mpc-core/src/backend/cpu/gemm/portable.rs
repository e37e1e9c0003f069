//! Plain Rust for any ring: what the other kernels must agree with.

use super::{
    kernel::{Kernel, Span},
    operand::Operand,
};
use crate::ring::Ring;

/// Needs nothing of the processor.
#[derive(Clone, Copy)]
pub(super) struct Portable;

const ROWS: usize = 4;
const COLS: usize = 4;

impl<R: Ring> Kernel<R> for Portable {
    const ROWS: usize = ROWS;
    const COLS: usize = COLS;
    const LEFT: usize = ROWS;
    const RIGHT: usize = COLS;
    const DEPTH: usize = 256;

    fn pack_left(self, from: &Operand<'_, R>, lanes: Span, depths: Span, panel: &mut [R]) {
        from.pack::<ROWS, ROWS>(lanes, depths, panel);
    }
    fn pack_right(self, from: &Operand<'_, R>, lanes: Span, depths: Span, panel: &mut [R]) {
        from.pack::<COLS, COLS>(lanes, depths, panel);
    }

    fn tile(self, left: &[R], right: &[R], tile: &mut [R]) {
        let mut sums = [[R::ZERO; COLS]; ROWS];
        for (left, right) in left.as_chunks::<ROWS>().0.iter().zip(right.as_chunks::<COLS>().0) {
            for (sums, &a) in sums.iter_mut().zip(left) {
                sums.iter_mut().zip(right).for_each(|(sum, &b)| *sum = R::add(*sum, R::mul(a, b)));
            }
        }
        tile.copy_from_slice(sums.as_flattened());
    }
}
