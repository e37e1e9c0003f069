//! Convolutions: the patches of one image and group as a matrix [taps, pixels of y], strip by strip, and a matrix product.

use super::product::matmul;
use crate::{
    conv::{Geometry, Third},
    ring::Ring,
};
use rayon::prelude::*;

/// The most elements of a strip of patches, unless one row of y has more.
const STRIP: usize = 1 << 18;

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
            strips(geometry, |rows, patches| {
                gather(geometry, &rows, x, patches);
                let strip = matmul(
                    geometry.filters,
                    geometry.taps(),
                    width(geometry, &rows),
                    weight(at),
                    false,
                    patches,
                    false,
                );
                each_filter(geometry, &rows, |filter, range, part| {
                    y[filter + range.start..][..range.len()].copy_from_slice(&strip[part])
                });
            });
        }),
        Third::Input => result.par_chunks_mut(x).zip(a.par_chunks(y)).enumerate().for_each(|(at, (x, y))| {
            strips(geometry, |rows, patches| {
                let strip = strip_of(geometry, &rows, y);
                let columns = width(geometry, &rows);
                *patches = matmul(geometry.taps(), geometry.filters, columns, weight(at), true, &strip, false);
                scatter(geometry, &rows, patches, x);
            });
        }),
        Third::Weight => result.par_chunks_mut(w).enumerate().for_each(|(group, w)| {
            for image in 0..geometry.images {
                let at = image * geometry.groups + group;
                let (x, y) = (&a[at * x..][..x], &b[at * y..][..y]);
                strips(geometry, |rows, patches| {
                    gather(geometry, &rows, x, patches);
                    let strip = strip_of(geometry, &rows, y);
                    let part =
                        matmul(geometry.filters, width(geometry, &rows), geometry.taps(), &strip, false, patches, true);
                    w.iter_mut().zip(part).for_each(|(w, part)| *w = R::add(*w, part));
                });
            }
        }),
    }
    result
}

type Rows = std::ops::Range<usize>;

/// Pixels of some rows of y.
fn width(geometry: &Geometry, rows: &Rows) -> usize {
    rows.len() * geometry.output[1]
}

/// Calls `strip` for rows of y whose patches fit into one buffer, which it gets.
fn strips<R: Ring>(geometry: &Geometry, mut strip: impl FnMut(Rows, &mut Vec<R>)) {
    let rows = (STRIP / (geometry.taps() * geometry.output[1]).max(1)).max(1);
    let mut patches = Vec::new();
    for start in (0..geometry.output[0]).step_by(rows) {
        strip(start..(start + rows).min(geometry.output[0]), &mut patches);
    }
}

/// Calls `part` for each filter, with where its pixels are in y (the filter's start, then a range) and in the strip.
fn each_filter(geometry: &Geometry, rows: &Rows, mut part: impl FnMut(usize, Rows, Rows)) {
    let (pixels, columns) = (geometry.output[0] * geometry.output[1], geometry.output[1]);
    for filter in 0..geometry.filters {
        let start = filter * width(geometry, rows);
        part(filter * pixels, rows.start * columns..rows.end * columns, start..start + width(geometry, rows));
    }
}

/// Some rows of y: [filters, pixels].
fn strip_of<R: Ring>(geometry: &Geometry, rows: &Rows, y: &[R]) -> Vec<R> {
    let mut strip = Vec::with_capacity(geometry.filters * width(geometry, rows));
    each_filter(geometry, rows, |filter, range, _| strip.extend_from_slice(&y[filter + range.start..][..range.len()]));
    strip
}

/// Calls `run(patch, x, count)` for each stretch of pixels of one row of y whose patches lie within x: `count` elements
/// from `patch` on meet every stride-th element from `x` on.
fn each_run(geometry: &Geometry, rows: &Rows, mut run: impl FnMut(usize, usize, usize)) {
    let ([height, breadth], [kernel_rows, kernel_columns]) = (geometry.input, geometry.kernel);
    let columns = geometry.output[1];
    for tap in 0..geometry.taps() {
        let (channel, k, l) =
            (tap / (kernel_rows * kernel_columns), tap / kernel_columns % kernel_rows, tap % kernel_columns);
        // The pixels of a row that are not in the padding are consecutive.
        let first = (0..columns).find(|&q| geometry.source(1, q, l).is_some());
        let Some((first, from)) = first.and_then(|q| Some((q, geometry.source(1, q, l)?))) else { continue };
        let count = (breadth - from).div_ceil(geometry.stride[1].max(1)).min(columns - first);
        for row in rows.clone() {
            if let Some(source) = geometry.source(0, row, k) {
                let patch = tap * width(geometry, rows) + (row - rows.start) * columns + first;
                run(patch, (channel * height + source) * breadth + from, count);
            }
        }
    }
}

/// The patches of some rows of y.
fn gather<R: Ring>(geometry: &Geometry, rows: &Rows, x: &[R], patches: &mut Vec<R>) {
    patches.clear();
    patches.resize(geometry.taps() * width(geometry, rows), R::ZERO);
    let stride = geometry.stride[1];
    each_run(geometry, rows, |patch, at, count| match stride {
        1 => patches[patch..patch + count].copy_from_slice(&x[at..at + count]),
        _ => patches[patch..patch + count].iter_mut().enumerate().for_each(|(i, p)| *p = x[at + i * stride]),
    });
}

/// The transpose: adds the patches of some rows of y to x.
fn scatter<R: Ring>(geometry: &Geometry, rows: &Rows, patches: &[R], x: &mut [R]) {
    let stride = geometry.stride[1];
    each_run(geometry, rows, |patch, at, count| {
        let own = x[at..].iter_mut().step_by(stride.max(1));
        own.zip(&patches[patch..patch + count]).for_each(|(x, &p)| *x = R::add(*x, p));
    });
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
