//! What a set of instructions must give.

use crate::ring::Ring;

/// A product of two packed panels, and how they are packed. The value is the proof that the processor has the
/// instructions.
pub(super) trait Kernel<R: Ring>: Copy + Send + Sync {
    /// Rows of a tile.
    const ROWS: usize;
    /// Columns of a tile.
    const COLS: usize;
    /// Elements in a packed row of the left panel: its lanes, and what [`Self::finish`] puts after them.
    const LEFT: usize;
    /// The same for the right panel.
    const RIGHT: usize;
    /// Depths of a panel: so many that a right panel stays in the first cache.
    const DEPTH: usize;
    /// A panel's depths are rounded up to a multiple of this.
    const STEP: usize = 1;

    /// Packs lanes of the left factor: see [`Operand::pack`](super::operand::Operand::pack).
    fn pack_left(self, from: &super::operand::Operand<'_, R>, lanes: Span, depths: Span, panel: &mut [R]);
    /// Packs lanes of the right factor.
    fn pack_right(self, from: &super::operand::Operand<'_, R>, lanes: Span, depths: Span, panel: &mut [R]);
    /// The product of the packed panels: `ROWS` rows of `COLS`.
    fn tile(self, left: &[R], right: &[R], tile: &mut [R]);

    /// The dot product of two runs of one length.
    fn dot(self, a: &[R], b: &[R]) -> R {
        dot(a, b)
    }
    /// Adds `c` times `b` to `to`.
    fn axpy(self, c: R, b: &[R], to: &mut [R]) {
        axpy(c, b, to);
    }
}

/// A part of an axis.
pub(super) type Span = std::ops::Range<usize>;

#[inline(always)]
pub(super) fn dot<R: Ring>(a: &[R], b: &[R]) -> R {
    a.iter().zip(b).fold(R::ZERO, |sum, (&a, &b)| R::add(sum, R::mul(a, b)))
}

#[inline(always)]
pub(super) fn axpy<R: Ring>(c: R, b: &[R], to: &mut [R]) {
    to.iter_mut().zip(b).for_each(|(to, &b)| *to = R::add(*to, R::mul(c, b)));
}
