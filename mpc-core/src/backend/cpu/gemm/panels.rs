//! Factors as the panels that tiles read: for a block of a product, or all of a factor once for many products.

use super::{
    Job, at_level,
    blocked::{PACKED, blocks},
    kernel::Kernel,
    operand::Operand,
};
use crate::{backend::cpu::array::CpuArray, level::Level, ring::Ring};
use rayon::prelude::*;
use std::ops::Range;

/// Elements to spare, so that panels can begin with a cache line.
const LINE: usize = 64;

/// Memory for panels.
#[derive(Debug)]
pub(super) struct Panels<R> {
    data: Vec<R>,
    len: usize,
}

impl<R: Ring> Panels<R> {
    pub(super) fn room(len: usize) -> Self {
        Self { data: vec![R::ZERO; if len > 0 { len + LINE } else { 0 }], len }
    }

    /// From the first cache line on.
    fn start(&self) -> usize {
        self.data.as_ptr().align_offset(LINE).min(LINE).min(self.data.len())
    }

    pub(super) fn as_mut(&mut self) -> &mut [R] {
        let start = self.start();
        &mut self.data[start..][..self.len]
    }

    fn into_array(self) -> CpuArray<R> {
        let start = self.start();
        let len = self.len;
        CpuArray::from(self.data).slice(start..start + len)
    }
}

/// Which factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Side {
    Left,
    Right,
}

/// What is packed at a time.
pub(super) struct Part {
    pub(super) lanes: Range<usize>,
    pub(super) depths: Range<usize>,
}

impl Side {
    /// Lanes of a panel, and elements in a row of it.
    fn sizes<R: Ring, K: Kernel<R>>(self) -> [usize; 2] {
        match self {
            Self::Left => [K::ROWS, K::LEFT],
            Self::Right => [K::COLS, K::RIGHT],
        }
    }

    /// Elements of the panels of so many lanes, at most [`PACKED`], and depths.
    pub(super) fn len<R: Ring, K: Kernel<R>>(self, lanes: usize, depths: usize) -> usize {
        let [of, width] = self.sizes::<R, K>();
        lanes.div_ceil(of) * width * depths.next_multiple_of(K::STEP)
    }

    /// Where the panels of a part lie among those of all depths. Parts of lanes and of depths before it are whole.
    fn place<R: Ring, K: Kernel<R>>(self, depths: usize, part: &Part) -> Range<usize> {
        let before = part.lanes.start / PACKED * self.len::<R, K>(PACKED, depths);
        let start = before + self.len::<R, K>(part.lanes.len(), part.depths.start);
        start..start + self.len::<R, K>(part.lanes.len(), part.depths.len())
    }

    fn pack<R: Ring, K: Kernel<R>>(
        self,
        kernel: K,
        from: &Operand<'_, R>,
        part: &Part,
        parallel: bool,
        panels: &mut [R],
    ) {
        let [of, width] = self.sizes::<R, K>();
        let size = width * part.depths.len().next_multiple_of(K::STEP);
        let one = |(lanes, panel): (_, &mut [R])| match self {
            Self::Left => kernel.pack_left(from, lanes, part.depths.clone(), panel),
            Self::Right => kernel.pack_right(from, lanes, part.depths.clone(), panel),
        };
        let jobs: Vec<Range<usize>> = blocks(part.lanes.clone(), of).collect();
        if parallel {
            jobs.into_par_iter().zip(panels.par_chunks_mut(size)).for_each(one);
        } else {
            jobs.into_iter().zip(panels.chunks_mut(size)).for_each(one);
        }
    }

    /// The panels of a part of a factor with so many lanes and depths: those that it has, or made in `room`.
    pub(super) fn panels<'a, R: Ring, K: Kernel<R>>(
        self,
        kernel: K,
        from: &Operand<'a, R>,
        depths: usize,
        part: &Part,
        parallel: bool,
        room: &'a mut Panels<R>,
    ) -> &'a [R] {
        if let Some(panels) = from.packed {
            return &panels[self.place::<R, K>(depths, part)];
        }
        let room = &mut room.as_mut()[..self.len::<R, K>(part.lanes.len(), part.depths.len())];
        self.pack(kernel, from, part, parallel, room);
        room
    }
}

/// A whole factor of `lanes` lanes and `depths` depths, as the kernel of a level reads it.
pub(in super::super) fn pack(
    level: Level,
    side: Side,
    from: &Operand<'_, u64>,
    [lanes, depths]: [usize; 2],
) -> CpuArray<u64> {
    at_level(level, Whole { side, from, lanes, depths }).into_array()
}

struct Whole<'a> {
    side: Side,
    from: &'a Operand<'a, u64>,
    lanes: usize,
    depths: usize,
}

impl Job for Whole<'_> {
    type Out = Panels<u64>;

    fn run<K: Kernel<u64>>(self, kernel: K) -> Panels<u64> {
        let Self { side, from, lanes, depths } = self;
        let last = lanes / PACKED * PACKED;
        let all = last / PACKED * side.len::<u64, K>(PACKED, depths) + side.len::<u64, K>(lanes - last, depths);
        let mut panels = Panels::room(all);
        for lanes in blocks(0..lanes, PACKED) {
            for depths_of in blocks(0..depths, K::DEPTH) {
                let part = Part { lanes: lanes.clone(), depths: depths_of };
                let room = &mut panels.as_mut()[side.place::<u64, K>(depths, &part)];
                side.pack(kernel, from, &part, rayon::current_num_threads() > 1, room);
            }
        }
        panels
    }
}
