//! The loops around a tile: blocks of depth, packed once; blocks of the result, over threads.

use super::{
    Term,
    kernel::Kernel,
    operand::MOST_LANES,
    panels::{Panels, Part, Side},
};
use crate::ring::Ring;
use rayon::prelude::*;
use std::ops::Range;

/// Rows, and columns, that are packed at a time: bounds the memory.
pub(super) const PACKED: usize = if cfg!(test) { 96 } else { 2048 };
/// Rows of a block of the result: their packed panels stay in the second cache.
const BLOCK_ROWS: usize = if cfg!(test) { 32 } else { 192 };
/// Columns of a block of the result.
const BLOCK_COLS: usize = if cfg!(test) { 48 } else { 512 };
/// The most elements of a tile.
const MOST_TILE: usize = MOST_LANES * 8;

/// Adds a product to `out` (m x n), over threads if `parallel`.
pub(super) fn multiply<R: Ring, K: Kernel<R>>(kernel: K, term: &Term<'_, R>, parallel: bool, out: &mut [R]) {
    let [m, k, n] = term.sizes;
    let mut rooms = [(Side::Left, &term.left, m), (Side::Right, &term.right, n)].map(|(side, factor, lanes)| {
        let packed = factor.packed.is_some();
        Panels::room(if packed { 0 } else { side.len::<R, K>(lanes.min(PACKED), k.min(K::DEPTH)) })
    });
    let [left, right] = &mut rooms;
    for rows in blocks(0..m, PACKED) {
        for cols in blocks(0..n, PACKED) {
            for depths in blocks(0..k, K::DEPTH) {
                let depth = depths.len().next_multiple_of(K::STEP);
                let of_rows = Part { lanes: rows.clone(), depths: depths.clone() };
                let of_cols = Part { lanes: cols.clone(), depths };
                let left = Side::Left.panels(kernel, &term.left, k, &of_rows, parallel, left);
                let right = Side::Right.panels(kernel, &term.right, k, &of_cols, parallel, right);
                let out = &mut out[rows.start * n..rows.end * n];
                let block = |block: Block<'_, R>| block.add(kernel, depth, left, right, term.negative);
                if parallel {
                    grid::<R, K>(out, n, &cols).into_par_iter().for_each(block);
                } else {
                    grid::<R, K>(out, n, &cols).into_iter().for_each(block);
                }
            }
        }
    }
}

/// Parts of a range.
pub(super) fn blocks(all: Range<usize>, of: usize) -> impl Iterator<Item = Range<usize>> {
    all.clone().step_by(of).map(move |from| from..(from + of).min(all.end))
}

/// A block of the result: its first panels, and its rows.
struct Block<'a, R> {
    panels: [usize; 2],
    rows: Vec<&'a mut [R]>,
}

/// The blocks of the columns `cols` of rows of `n`.
fn grid<'a, R: Ring, K: Kernel<R>>(out: &'a mut [R], n: usize, cols: &Range<usize>) -> Vec<Block<'a, R>> {
    // Whole panels.
    let (high, wide) = (BLOCK_ROWS.div_ceil(K::ROWS), BLOCK_COLS.div_ceil(K::COLS));
    let mut grid = Vec::new();
    for (down, rows) in out.chunks_mut(high * K::ROWS * n).enumerate() {
        let first = grid.len();
        let across = cols.len().div_ceil(wide * K::COLS);
        grid.extend((0..across).map(|across| Block { panels: [down * high, across * wide], rows: Vec::new() }));
        for row in rows.chunks_mut(n) {
            for (block, part) in grid[first..].iter_mut().zip(row[cols.clone()].chunks_mut(wide * K::COLS)) {
                block.rows.push(part);
            }
        }
    }
    grid
}

impl<R: Ring> Block<'_, R> {
    /// Adds the product of its panels, or subtracts it.
    fn add<K: Kernel<R>>(mut self, kernel: K, depth: usize, left: &[R], right: &[R], negative: bool) {
        let mut tile = [R::ZERO; MOST_TILE];
        let tile = &mut tile[..K::ROWS * K::COLS];
        let [down, across] = self.panels;
        let cols = self.rows.first().map_or(0, |row| row.len());
        for (j, right) in blocks(0..cols, K::COLS).zip(right.chunks_exact(K::RIGHT * depth).skip(across)) {
            let left = left.chunks_exact(K::LEFT * depth).skip(down);
            for (rows, left) in self.rows.chunks_mut(K::ROWS).zip(left) {
                kernel.tile(left, right, tile);
                for (row, tile) in rows.iter_mut().zip(tile.chunks_exact(K::COLS)) {
                    let to = row[j.clone()].iter_mut().zip(tile);
                    if negative {
                        to.for_each(|(to, &x)| *to = R::sub(*to, x));
                    } else {
                        to.for_each(|(to, &x)| *to = R::add(*to, x));
                    }
                }
            }
        }
    }
}
