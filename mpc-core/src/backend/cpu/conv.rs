//! Convolutions: the patches of one image and group as a matrix [taps, pixels of y], tile by tile, and a matrix product.

use super::product::matmul;
use crate::{
    conv::{Geometry, Third},
    ring::Ring,
};
use rayon::prelude::*;
use std::ops::Range;

/// The most elements of a tile of patches, unless one pixel of y has more.
const TILE: usize = if cfg!(test) { 64 } else { 1 << 18 };

/// The third argument from the other two: (x, w), (y, w) or (x, y).
pub(super) fn conv<R: Ring>(third: Third, geometry: &Geometry, a: &[R], b: &[R]) -> Vec<R> {
    let (x, w, y) = geometry.lens().unwrap_or_default();
    let (sizes, out) = match third {
        Third::Output => ((x, w), y),
        Third::Input => ((y, w), x),
        Third::Weight => ((x, y), w),
    };
    assert_eq!((a.len(), b.len()), sizes, "operands of the sizes that the map says");
    if x == 0 || w == 0 || y == 0 {
        return vec![R::ZERO; out];
    }
    // What one image and group have of each.
    let blocks = geometry.images * geometry.groups;
    let (x, w, y) = (x / blocks, w / geometry.groups, y / blocks);
    let weight = |at: usize| &b[at % geometry.groups * w..][..w];
    let mut result = vec![R::ZERO; out];
    match third {
        Third::Output => result.par_chunks_mut(y).zip(a.par_chunks(x)).enumerate().for_each(|(at, (y, x))| {
            tiles(geometry, |tile, patches| {
                tile.gather(x, patches);
                let found = matmul(geometry.filters, geometry.taps(), tile.width(), weight(at), false, patches, false);
                tile.each_row(|from, to, count| y[from..from + count].copy_from_slice(&found[to..to + count]));
            });
        }),
        Third::Input => result.par_chunks_mut(x).zip(a.par_chunks(y)).enumerate().for_each(|(at, (x, y))| {
            tiles(geometry, |tile, patches| {
                let part = tile.part(y);
                *patches = matmul(geometry.taps(), geometry.filters, tile.width(), weight(at), true, &part, false);
                tile.scatter(patches, x);
            });
        }),
        Third::Weight => result.chunks_mut(w).enumerate().for_each(|(group, w)| {
            let add = |mut sum: Vec<R>, image: usize| {
                let at = image * geometry.groups + group;
                let (x, y) = (&a[at * x..][..x], &b[at * y..][..y]);
                tiles(geometry, |tile, patches| {
                    tile.gather(x, patches);
                    let part = tile.part(y);
                    let found = matmul(geometry.filters, tile.width(), geometry.taps(), &part, false, patches, true);
                    add_to(&mut sum, &found);
                });
                sum
            };
            let sums = (0..geometry.images).into_par_iter().fold(|| vec![R::ZERO; w.len()], add);
            let total = sums.reduce_with(|mut a, b| {
                add_to(&mut a, &b);
                a
            });
            w.copy_from_slice(&total.unwrap_or_else(|| vec![R::ZERO; w.len()]));
        }),
    }
    result
}

fn add_to<R: Ring>(sum: &mut [R], more: &[R]) {
    sum.iter_mut().zip(more).for_each(|(s, &x)| *s = R::add(*s, x));
}

/// Some pixels of y, of all filters of one image and group: whole rows, or a part of one row.
struct Tile<'a> {
    of: &'a Geometry,
    rows: Range<usize>,
    columns: Range<usize>,
}

/// Calls `each` for tiles whose patches fit into one buffer, which it gets, that together are y.
fn tiles<R: Ring>(of: &Geometry, mut each: impl FnMut(Tile<'_>, &mut Vec<R>)) {
    let [rows, columns] = of.output;
    let pixels = (TILE / of.taps()).max(1);
    let (high, wide) = if pixels >= columns { (pixels / columns, columns) } else { (1, pixels) };
    let mut patches = Vec::new();
    for row in (0..rows).step_by(high) {
        for column in (0..columns).step_by(wide) {
            let (rows, columns) = (row..(row + high).min(rows), column..(column + wide).min(columns));
            each(Tile { of, rows, columns }, &mut patches);
        }
    }
}

impl Tile<'_> {
    /// Pixels.
    fn width(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// Calls `row(from, to, count)` for each filter's rows: `count` elements from `from` in y are those from `to` here.
    fn each_row(&self, mut row: impl FnMut(usize, usize, usize)) {
        let ([rows, columns], mut to) = (self.of.output, 0);
        for filter in 0..self.of.filters {
            for at in self.rows.clone() {
                row((filter * rows + at) * columns + self.columns.start, to, self.columns.len());
                to += self.columns.len();
            }
        }
    }

    /// These pixels of y: [filters, pixels].
    fn part<R: Ring>(&self, y: &[R]) -> Vec<R> {
        let mut part = Vec::with_capacity(self.of.filters * self.width());
        self.each_row(|from, _, count| part.extend_from_slice(&y[from..from + count]));
        part
    }

    /// Calls `run(patch, x, count)` for each run of pixels of a row whose patches lie within x: `count` elements from
    /// `patch` on meet every stride-th element from `x` on.
    fn each_run(&self, mut run: impl FnMut(usize, usize, usize)) {
        let (of, [height, breadth], [rows, columns]) = (self.of, self.of.input, self.of.kernel);
        for tap in 0..of.taps() {
            let (channel, k, l) = (tap / (rows * columns), tap / columns % rows, tap % columns);
            // The pixels of a row that are not in the padding are consecutive.
            let mut inside = self.columns.clone().filter_map(|q| Some((q, of.source(1, q, l)?)));
            let Some((first, from)) = inside.next() else { continue };
            let count = (breadth - from).div_ceil(of.stride[1].max(1)).min(self.columns.end - first);
            for row in self.rows.clone() {
                if let Some(source) = of.source(0, row, k) {
                    let before = tap * self.width() + (row - self.rows.start) * self.columns.len();
                    let patch = before + first - self.columns.start;
                    run(patch, (channel * height + source) * breadth + from, count);
                }
            }
        }
    }

    /// The patches of these pixels: [taps, pixels].
    fn gather<R: Ring>(&self, x: &[R], patches: &mut Vec<R>) {
        patches.clear();
        patches.resize(self.of.taps() * self.width(), R::ZERO);
        let stride = self.of.stride[1];
        self.each_run(|patch, at, count| match stride {
            1 => patches[patch..patch + count].copy_from_slice(&x[at..at + count]),
            _ => patches[patch..patch + count].iter_mut().enumerate().for_each(|(i, p)| *p = x[at + i * stride]),
        });
    }

    /// The transpose: adds the patches of these pixels to x.
    fn scatter<R: Ring>(&self, patches: &[R], x: &mut [R]) {
        let stride = self.of.stride[1].max(1);
        self.each_run(|patch, at, count| {
            let own = x[at..].iter_mut().step_by(stride);
            own.zip(&patches[patch..patch + count]).for_each(|(x, &p)| *x = R::add(*x, p));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2], dilation: [usize; 2]) -> Geometry {
        let input = [9, 7];
        let output =
            [0, 1].map(|at| (input[at] + 2 * padding[at] - dilation[at] * (kernel[at] - 1) - 1) / stride[at] + 1);
        Geometry { images: 2, groups: 2, channels: 3, filters: 2, input, kernel, output, stride, padding, dilation }
    }

    /// Each product of the form, by the definition.
    fn terms(g: &Geometry, mut term: impl FnMut(usize, usize, usize)) {
        let [rows, columns] = g.output;
        for at in 0..g.images * g.groups * g.filters * rows * columns {
            let (q, p, filter) = (at % columns, at / columns % rows, at / columns / rows);
            let (block, group) = (filter / g.filters, filter / g.filters % g.groups);
            for tap in 0..g.taps() {
                let (l, k, c) = (tap % g.kernel[1], tap / g.kernel[1] % g.kernel[0], tap / g.kernel[1] / g.kernel[0]);
                let i = (p * g.stride[0] + k * g.dilation[0]).wrapping_sub(g.padding[0]);
                let j = (q * g.stride[1] + l * g.dilation[1]).wrapping_sub(g.padding[1]);
                if i < g.input[0] && j < g.input[1] {
                    let x = ((block * g.channels + c) * g.input[0] + i) * g.input[1] + j;
                    term(x, (group * g.filters + filter % g.filters) * g.taps() + tap, at);
                }
            }
        }
    }

    #[test]
    fn every_third_agrees_with_the_definition() {
        for g in [
            geometry([3, 3], [1, 1], [0, 0], [1, 1]),
            geometry([3, 2], [2, 3], [1, 0], [1, 2]),
            geometry([1, 1], [1, 1], [0, 0], [1, 1]),
            geometry([2, 5], [1, 2], [3, 4], [2, 1]),
            geometry([9, 7], [4, 4], [2, 2], [1, 1]),
        ] {
            let (x, w, y) = g.lens().unwrap();
            let value = |seed: u64, len: usize| -> Vec<u64> {
                (0..len as u64).map(|i| (i + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(i as u32)).collect()
            };
            let (x, w, y) = (value(1, x), value(2, w), value(3, y));
            let (mut dx, mut dw, mut dy) = (vec![0u64; x.len()], vec![0u64; w.len()], vec![0u64; y.len()]);
            terms(&g, |i, k, p| {
                dx[i] = dx[i].wrapping_add(w[k].wrapping_mul(y[p]));
                dw[k] = dw[k].wrapping_add(x[i].wrapping_mul(y[p]));
                dy[p] = dy[p].wrapping_add(x[i].wrapping_mul(w[k]));
            });
            assert_eq!(conv(Third::Output, &g, &x, &w), dy, "{g:?}");
            assert_eq!(conv(Third::Input, &g, &y, &w), dx, "{g:?}");
            assert_eq!(conv(Third::Weight, &g, &x, &y), dw, "{g:?}");
        }
    }

    #[test]
    fn sizes_from_outside_are_checked() {
        let g = geometry([3, 3], [1, 1], [0, 0], [1, 1]);
        assert!(g.lens().is_some());
        assert_eq!(Geometry { stride: [usize::MAX, 1], ..g }.lens(), None);
        assert_eq!(Geometry { images: 1 << 32, channels: 1 << 32, ..g }.lens(), None);
        let odd = Geometry { images: 0, output: [1 << 32, 1], stride: [0, 1 << 32], ..g };
        assert_eq!(conv::<u64>(Third::Weight, &odd, &[], &[]), vec![0; odd.lens().unwrap().1]);
        // Strides that no program makes: no index out of bounds.
        for stride in [[0, 0], [1 << 32, 1 << 32]] {
            let odd = Geometry { stride, ..g };
            let (x, w, y) = odd.lens().unwrap();
            conv(Third::Output, &odd, &vec![1u64; x], &vec![1; w]);
            conv(Third::Input, &odd, &vec![1u64; y], &vec![1; w]);
        }
    }
}
