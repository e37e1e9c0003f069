//! What a product reads, and how it is packed.

use crate::ring::Ring;
use std::ops::Range;

/// Where the elements along one axis lie.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Offsets<'a> {
    /// Element i at this many times i.
    Steps(usize),
    /// Element i at the i-th of these.
    Table(&'a [usize]),
}

impl Offsets<'_> {
    #[inline]
    pub(super) fn at(self, i: usize) -> usize {
        match self {
            Self::Steps(step) => i * step,
            Self::Table(table) => table[i],
        }
    }
}

/// One factor. Its element at lane i (a row of the left factor, a column of the right one) and depth l is
/// `data[lanes(i) + depths(l)]`: so stored and transposed matrices, and the patches of an image, are read where they lie.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Operand<'a, R> {
    pub(in super::super) data: &'a [R],
    pub(in super::super) lanes: Offsets<'a>,
    pub(in super::super) depths: Offsets<'a>,
    /// All of it as panels of the kernel that reads it ([`pack`](super::pack)): then there need not be any data.
    pub(in super::super) packed: Option<&'a [R]>,
}

/// The most lanes of a panel.
pub(super) const MOST_LANES: usize = 32;

impl<'a, R: Ring> Operand<'a, R> {
    /// The left factor of m x k elements in rows, or of k x m if `transposed`.
    pub(in super::super) fn left(data: &'a [R], m: usize, k: usize, transposed: bool) -> Self {
        let (lanes, depths) = if transposed { (1, m) } else { (k, 1) };
        Self::at_offsets(data, Offsets::Steps(lanes), Offsets::Steps(depths))
    }

    /// A factor whose elements lie so.
    pub(in super::super) fn at_offsets(data: &'a [R], lanes: Offsets<'a>, depths: Offsets<'a>) -> Self {
        Self { data, lanes, depths, packed: None }
    }

    /// The right factor of k x n elements in rows, or of n x k if `transposed`.
    pub(in super::super) fn right(data: &'a [R], k: usize, n: usize, transposed: bool) -> Self {
        Self::left(data, n, k, !transposed)
    }

    /// The factor that was packed.
    pub(in super::super) fn packed(panels: &'a [R]) -> Self {
        Self { packed: Some(panels), ..Self::at_offsets(&[], Offsets::Steps(0), Offsets::Steps(0)) }
    }

    #[inline]
    pub(super) fn at(&self, lane: usize, depth: usize) -> R {
        self.data[self.lanes.at(lane) + self.depths.at(depth)]
    }

    /// The lanes of a range at one depth, where they lie one after the other.
    #[inline]
    pub(super) fn run(&self, lanes: Range<usize>, depth: usize) -> Option<&'a [R]> {
        let first = self.lanes.at(lanes.start);
        let consecutive = match self.lanes {
            Offsets::Steps(step) => step == 1,
            Offsets::Table(table) => table[lanes.clone()].iter().enumerate().all(|(i, &at)| at == first + i),
        };
        let from = first + self.depths.at(depth);
        consecutive.then(|| &self.data[from..from + lanes.len()])
    }

    /// Lane `lane` at a range of depths, where they lie one after the other.
    #[inline]
    pub(super) fn column(&self, lane: usize, depths: Range<usize>) -> Option<&'a [R]> {
        let from = self.lanes.at(lane);
        matches!(self.depths, Offsets::Steps(1)).then(|| &self.data[from + depths.start..from + depths.end])
    }

    /// Packs up to `LANES` lanes: a row of `STRIDE` elements for each depth, in which lanes come first, and zeros for
    /// those that are not there.
    pub(super) fn pack<const LANES: usize, const STRIDE: usize>(
        &self,
        lanes: Range<usize>,
        depths: Range<usize>,
        panel: &mut [R],
    ) {
        let mut from = [0; MOST_LANES];
        lanes.clone().zip(&mut from).for_each(|(lane, from)| *from = self.lanes.at(lane));
        let from = &from[..lanes.len()];
        let rows = panel.chunks_exact_mut(STRIDE);
        if lanes.len() == LANES && from.iter().enumerate().all(|(i, &at)| at == from[0] + i) {
            for (depth, row) in depths.zip(rows) {
                let at = from[0] + self.depths.at(depth);
                row[..LANES].copy_from_slice(&self.data[at..at + LANES]);
            }
            return;
        }
        if let Offsets::Steps(1) = self.depths {
            for (i, &from) in from.iter().enumerate() {
                let source = &self.data[from + depths.start..from + depths.end];
                panel.chunks_exact_mut(STRIDE).zip(source).for_each(|(row, &x)| row[i] = x);
            }
        } else {
            for (depth, row) in depths.zip(rows) {
                let at = self.depths.at(depth);
                row.iter_mut().zip(from).for_each(|(x, from)| *x = self.data[from + at]);
            }
        }
        if lanes.len() < LANES {
            panel.chunks_exact_mut(STRIDE).for_each(|row| row[lanes.len()..LANES].fill(R::ZERO));
        }
    }
}
