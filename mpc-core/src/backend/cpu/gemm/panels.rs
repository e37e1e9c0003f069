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

/// How a factor lies: groups of matrices one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Matrix {
    pub(in super::super) side: Side,
    pub(in super::super) lanes: usize,
    pub(in super::super) depths: usize,
    /// Lanes lie next to each other, not depths.
    pub(in super::super) transposed: bool,
    pub(in super::super) groups: usize,
}

/// All of a factor as the kernel of a level reads it, group after group.
pub(in super::super) fn pack(level: Level, matrix: Matrix, elements: &[u64]) -> CpuArray<u64> {
    assert_eq!(elements.len(), matrix.groups * matrix.lanes * matrix.depths, "a factor of the size that it has");
    at_level(level, Whole { matrix, elements }).into_array()
}

struct Whole<'a> {
    matrix: Matrix,
    elements: &'a [u64],
}

impl Job for Whole<'_> {
    type Out = Panels<u64>;

    fn run<K: Kernel<u64>>(self, kernel: K) -> Panels<u64> {
        let Matrix { side, lanes, depths, transposed, groups } = self.matrix;
        let last = lanes / PACKED * PACKED;
        let group = last / PACKED * side.len::<u64, K>(PACKED, depths) + side.len::<u64, K>(lanes - last, depths);
        let (mut panels, parallel) = (Panels::room(groups * group), rayon::current_num_threads() > 1);
        let of_groups = panels.as_mut().chunks_exact_mut(group).zip(self.elements.chunks_exact(lanes * depths));
        for (panels, elements) in of_groups {
            let from = Operand::left(elements, lanes, depths, transposed);
            for lanes in blocks(0..lanes, PACKED) {
                for depths_of in blocks(0..depths, K::DEPTH) {
                    let part = Part { lanes: lanes.clone(), depths: depths_of };
                    side.pack(kernel, &from, &part, parallel, &mut panels[side.place::<u64, K>(depths, &part)]);
                }
            }
        }
        panels
    }
}
