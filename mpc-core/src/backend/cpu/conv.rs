//! Convolutions as products of matrices that are never made: a product packs patches from where they lie
//! ([`Layout`]), tile by tile. Images of few pixels share a product.

use super::{
    gemm::{self, Matrix, Offsets, Operand, PARALLEL, Side, Term},
    patches::Layout,
};
use crate::{
    conv::{Geometry, Third},
    level::Level,
    ring::Ring,
};
use rayon::prelude::*;
use std::ops::Range;

/// The pixels of a product, if there are so many: enough to pay for packing the weights.
const PIXELS: usize = if cfg!(test) { 40 } else { 512 };
/// The most elements of the tile of patches from which the gradient of x is added up, unless one pixel has more.
const TILE: usize = if cfg!(test) { 64 } else { 1 << 17 };

/// A convolution's third from the two others: (x, w), (y, w) or (x, y).
#[derive(Clone, Copy, Debug)]
pub(super) struct Conv<'a> {
    pub(super) third: Third,
    pub(super) geometry: &'a Geometry,
    pub(super) level: Level,
    /// Subtract it.
    pub(super) negative: bool,
}

/// What a convolution is of. Weights may be panels instead, of each group ([`Conv::packed`]).
#[derive(Clone, Copy, Debug)]
pub(super) struct Data<'a, R> {
    pub(super) a: &'a [R],
    pub(super) b: &'a [R],
    pub(super) weights: Option<&'a [R]>,
}

/// What one product covers: a group of some images. Image i of them begins at `first + i * step` of its part of the
/// result.
struct Part {
    images: Range<usize>,
    group: usize,
    first: usize,
    step: usize,
}

impl Conv<'_> {
    /// Adds it to `out`.
    pub(super) fn add_to<R: Ring>(&self, data: Data<'_, R>, out: &mut [R]) {
        let Data { a, b, weights } = data;
        let (x, w, y) = self.geometry.lens().unwrap_or_default();
        let sizes = match self.third {
            Third::Output => (x, w, y),
            Third::Input => (y, w, x),
            Third::Weight => (x, y, w),
        };
        let b_len = if weights.is_some() { w } else { b.len() };
        assert_eq!((a.len(), b_len, out.len()), sizes, "operands of the sizes that the map says");
        if x == 0 || w == 0 || y == 0 {
            return;
        }
        match (Layout::new(self.geometry), self.third) {
            (None, _) => self.by_definition(a, b, out),
            (Some(layout), Third::Output) => self.output(&layout, data, out),
            (Some(layout), Third::Input) => self.input(&layout, a, b, out),
            (Some(layout), Third::Weight) => self.weight(&layout, a, b, out),
        }
    }

    /// The matrix of the weights of each group, if all its products pack it and have it on the left.
    pub(super) fn packed(&self) -> Option<Matrix> {
        self.geometry.lens().filter(|&(x, w, y)| x > 0 && w > 0 && y > 0)?;
        let &Geometry { images, groups, filters, .. } = self.geometry;
        let (depths, together) = (self.geometry.taps(), self.together());
        // The last product has the fewest images.
        let columns = ((images - 1) % together + 1) * self.pixels();
        let packs = self.third == Third::Output && Layout::new(self.geometry).is_some();
        let matrix = Matrix { side: Side::Left, lanes: filters, depths, transposed: false, groups };
        (packs && gemm::packs([filters, depths, columns])).then_some(matrix)
    }

    /// Pixels of one filter and image.
    fn pixels(&self) -> usize {
        self.geometry.output[0] * self.geometry.output[1]
    }

    /// Elements of y in one group of an image.
    fn y_block(&self) -> usize {
        self.geometry.filters * self.pixels()
    }

    /// Images that share a product.
    fn together(&self) -> usize {
        PIXELS.div_ceil(self.pixels()).clamp(1, self.geometry.images)
    }

    /// The weights of a group: [filters, taps].
    fn weights<'b, R>(&self, w: &'b [R], group: usize) -> &'b [R] {
        let block = self.geometry.filters * self.geometry.taps();
        &w[group * block..][..block]
    }

    fn parallel(&self) -> bool {
        self.geometry.work() >= PARALLEL
    }

    /// Calls `each` for parts of `out`, which has `block` elements for each image and group.
    fn parts<R: Ring>(&self, out: &mut [R], block: usize, each: impl Fn(Part, &mut [R]) + Sync) {
        let (groups, together) = (self.geometry.groups, self.together());
        let one = |(at, out): (usize, &mut [R])| {
            each(Part { images: at / groups..at / groups + 1, group: at % groups, first: 0, step: 0 }, out);
        };
        let some = |(at, out): (usize, &mut [R])| {
            let images = at * together..(at * together + together).min(self.geometry.images);
            for group in 0..groups {
                each(Part { images: images.clone(), group, first: group * block, step: groups * block }, out);
            }
        };
        match (together, self.parallel()) {
            (1, true) => out.par_chunks_mut(block).enumerate().for_each(one),
            (1, false) => out.chunks_mut(block).enumerate().for_each(one),
            (_, true) => out.par_chunks_mut(together * groups * block).enumerate().for_each(some),
            (_, false) => out.chunks_mut(together * groups * block).enumerate().for_each(some),
        }
    }

    /// [filters, taps] times patches [taps, pixels].
    fn output<R: Ring>(&self, layout: &Layout<'_>, Data { a: x, b: w, weights }: Data<'_, R>, out: &mut [R]) {
        let (filters, taps, pixels) = (self.geometry.filters, layout.taps(), self.pixels());
        let places = layout.pixels(self.together(), layout.step());
        let left = |group: usize| match weights {
            Some(panels) => {
                let len = panels.len() / self.geometry.groups;
                Operand::packed(&panels[group * len..][..len])
            }
            None => Operand::left(self.weights(w, group), filters, taps.len(), false),
        };
        self.parts(out, self.y_block(), |part, y| {
            let images = part.images.len();
            let planes = layout.read(x, part.images, part.group);
            let places = &places[..images * pixels];
            let term = Term {
                sizes: [filters, taps.len(), places.len()],
                left: left(part.group),
                right: Operand::at_offsets(&planes, Offsets::Table(places), Offsets::Table(&taps)),
                negative: self.negative,
            };
            if images == 1 {
                return term.add_to(self.level, &mut y[part.first..][..filters * pixels]);
            }
            let mut found = vec![R::ZERO; filters * places.len()];
            term.add_to(self.level, &mut found);
            for (filter, row) in found.chunks_exact(places.len()).enumerate() {
                for (image, found) in row.chunks_exact(pixels).enumerate() {
                    add(&mut y[part.first + image * part.step + filter * pixels..][..pixels], found);
                }
            }
        });
    }

    /// [taps, filters] times [filters, pixels] are patches: added up where they lie.
    fn input<R: Ring>(&self, layout: &Layout<'_>, y: &[R], w: &[R], out: &mut [R]) {
        let (Geometry { groups, filters, .. }, pixels, taps) = (*self.geometry, self.pixels(), layout.taps());
        let block = if layout.plain() { groups * layout.block() } else { layout.block() };
        let of_images = self.geometry.channels * self.geometry.input[0] * self.geometry.input[1];
        let y_step = groups * self.y_block();
        let sources: Vec<usize> =
            (0..self.together()).flat_map(|image| (0..pixels).map(move |pixel| image * y_step + pixel)).collect();
        let width = (TILE / taps.len()).max(1);
        self.parts(out, of_images, |part, x| {
            let images = part.images.len();
            let y = &y[(part.images.start * groups + part.group) * self.y_block()..];
            let places = layout.pixels(images, if layout.plain() { part.step } else { block });
            let mut padded = Vec::new();
            let sum: &mut [R] = if layout.plain() {
                &mut x[part.first..]
            } else {
                padded.resize(images * block, R::ZERO);
                &mut padded
            };
            let mut tile = Vec::new();
            for from in (0..places.len()).step_by(width) {
                let cols = from..(from + width).min(places.len());
                tile.clear();
                tile.resize(taps.len() * cols.len(), R::ZERO);
                let lanes = Offsets::Table(&sources[cols.clone()]);
                let term = Term {
                    sizes: [taps.len(), filters, cols.len()],
                    left: Operand::left(self.weights(w, part.group), taps.len(), filters, true),
                    right: Operand::at_offsets(y, lanes, Offsets::Steps(pixels)),
                    negative: self.negative,
                };
                term.add_to(self.level, &mut tile);
                for (tap, patches) in taps.iter().zip(tile.chunks_exact(cols.len())) {
                    self.scatter(&places, cols.clone(), patches, &mut sum[*tap..]);
                }
            }
            if !layout.plain() {
                for (image, padded) in padded.chunks_exact(block).enumerate() {
                    layout.unpad(padded, &mut x[part.first + image * part.step..][..of_images]);
                }
            }
        });
    }

    /// Adds the elements `pixels` of a tap to the images that begin at that tap.
    fn scatter<R: Ring>(&self, places: &[usize], pixels: Range<usize>, patches: &[R], x: &mut [R]) {
        let (row, stride) = (self.geometry.output[1], self.geometry.stride[1]);
        let mut from = pixels.start;
        while from < pixels.end {
            // The rest of a row of y.
            let to = ((from / row + 1) * row).min(pixels.end);
            let (patches, x) = (&patches[from - pixels.start..to - pixels.start], &mut x[places[from]..]);
            match stride {
                1 => add(&mut x[..to - from], patches),
                0 => x[0] = patches.iter().fold(x[0], |sum, &p| R::add(sum, p)),
                _ => x.iter_mut().step_by(stride).zip(patches).for_each(|(x, &p)| *x = R::add(*x, p)),
            }
            from = to;
        }
    }

    /// [filters, pixels] times the transposed patches [pixels, taps], summed over images.
    fn weight<R: Ring>(&self, layout: &Layout<'_>, x: &[R], y: &[R], out: &mut [R]) {
        let (Geometry { images, groups, filters, .. }, taps) = (*self.geometry, layout.taps());
        let (pixels, together) = (self.pixels(), self.together());
        let (places, y_step) = (layout.pixels(together, layout.step()), groups * self.y_block());
        let sources: Vec<usize> =
            (0..together).flat_map(|image| (0..pixels).map(move |pixel| image * y_step + pixel)).collect();
        for (group, w) in out.chunks_exact_mut(filters * taps.len()).enumerate() {
            let some = |mut sum: Vec<R>, from: usize| {
                let part = from..(from + together).min(images);
                let places = &places[..part.len() * pixels];
                let y = &y[(from * groups + group) * self.y_block()..];
                let depths = if part.len() == 1 { Offsets::Steps(1) } else { Offsets::Table(&sources) };
                let planes = layout.read(x, part, group);
                let term = Term {
                    sizes: [filters, places.len(), taps.len()],
                    left: Operand::at_offsets(y, Offsets::Steps(pixels), depths),
                    right: Operand::at_offsets(&planes, Offsets::Table(&taps), Offsets::Table(places)),
                    negative: self.negative,
                };
                term.add_to(self.level, &mut sum);
                sum
            };
            let zeros = || vec![R::ZERO; w.len()];
            if self.parallel() {
                let parts = (0..images.div_ceil(together)).into_par_iter().map(|at| at * together);
                let sums = parts.fold(zeros, some).reduce_with(|mut a, b| {
                    add(&mut a, &b);
                    a
                });
                add(w, &sums.unwrap_or_default());
            } else {
                add(w, &(0..images).step_by(together).fold(zeros(), some));
            }
        }
    }

    /// Term by term, for geometries that have no [`Layout`].
    fn by_definition<R: Ring>(&self, a: &[R], b: &[R], out: &mut [R]) {
        let g = self.geometry;
        let (taps, pixels) = (g.taps(), self.pixels());
        for at in 0..g.images * g.groups * self.y_block() {
            let (block, filter, pixel) = (at / self.y_block(), at / pixels % g.filters, at % pixels);
            for tap in 0..taps {
                let (channel, k, l) =
                    (tap / (g.kernel[0] * g.kernel[1]), tap / g.kernel[1] % g.kernel[0], tap % g.kernel[1]);
                let row = g.source(0, pixel / g.output[1], k);
                let Some((row, column)) = row.zip(g.source(1, pixel % g.output[1], l)) else { continue };
                let x = ((block * g.channels + channel) * g.input[0] + row) * g.input[1] + column;
                let w = (block % g.groups * g.filters + filter) * taps + tap;
                let (first, second, to) = match self.third {
                    Third::Output => (a[x], b[w], at),
                    Third::Input => (a[at], b[w], x),
                    Third::Weight => (a[x], b[at], w),
                };
                let term = R::mul(first, second);
                out[to] = if self.negative { R::sub(out[to], term) } else { R::add(out[to], term) };
            }
        }
    }
}

fn add<R: Ring>(sum: &mut [R], more: &[R]) {
    sum.iter_mut().zip(more).for_each(|(s, &x)| *s = R::add(*s, x));
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

    fn conv<R: Ring>(third: Third, geometry: &Geometry, a: &[R], b: &[R]) -> Vec<R> {
        let (x, w, y) = geometry.lens().unwrap();
        let len = match third {
            Third::Output => y,
            Third::Input => x,
            Third::Weight => w,
        };
        let found = Level::ALL.into_iter().filter(|level| level.supported()).map(|level| {
            let mut out = vec![R::ZERO; len];
            let conv = Conv { third, geometry, level, negative: false };
            let data = Data { a, b, weights: None };
            conv.add_to(data, &mut out);
            let sum = out.clone();
            Conv { negative: true, ..conv }.add_to(data, &mut out);
            assert_eq!(out, vec![R::ZERO; len], "what is subtracted is what was added");
            sum
        });
        let found: Vec<_> = found.collect();
        assert!(found.iter().all(|sum| *sum == found[0]), "every level gives the same");
        found.into_iter().next().unwrap()
    }

    #[test]
    fn every_third_agrees_with_the_definition() {
        for g in [
            geometry([3, 3], [1, 1], [0, 0], [1, 1]),
            geometry([3, 2], [2, 3], [1, 0], [1, 2]),
            geometry([1, 1], [1, 1], [0, 0], [1, 1]),
            geometry([2, 5], [1, 2], [3, 4], [2, 1]),
            geometry([9, 7], [4, 4], [2, 2], [1, 1]),
            // Steps without a layout: only the first row and column of y meet x.
            Geometry { stride: [1 << 20, 1 << 20], ..geometry([3, 3], [1, 1], [1, 1], [1, 1]) },
            // Rows of x that no patch reaches.
            geometry([2, 2], [3, 4], [0, 0], [1, 1]),
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
