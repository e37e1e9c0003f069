//! Where the patches of a convolution lie. In images with their padding around them, the element that tap t and pixel p
//! meet lies at `taps[t] + pixels[p]`: a product reads patches in place ([`Operand`](super::gemm::Operand)), and no
//! matrix of patches is made. An image that needs no padding is not copied.

use crate::{conv::Geometry, ring::Ring};
use std::{borrow::Cow, ops::Range};

/// How images are laid out for their patches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout<'a> {
    pub(super) geometry: &'a Geometry,
    /// Rows and columns of a channel.
    size: [usize; 2],
    /// Zeros before them.
    before: [usize; 2],
}

impl<'a> Layout<'a> {
    /// Nothing for steps that make an image with its padding much larger than all its patches: no program makes such.
    pub(super) fn new(geometry: &'a Geometry) -> Option<Self> {
        let Geometry { input, kernel, output, stride, padding, dilation, .. } = *geometry;
        let reach = |axis: usize| -> Option<usize> {
            let last = (output[axis] - 1).checked_mul(stride[axis])?;
            last.checked_add((kernel[axis] - 1).checked_mul(dilation[axis])?)?.checked_add(1)
        };
        let reach = [reach(0)?, reach(1)?];
        if padding == [0, 0] && reach[0] <= input[0] && reach[1] <= input[1] {
            return Some(Self { geometry, size: input, before: [0, 0] });
        }
        let patches = kernel[0].checked_mul(kernel[1])?.checked_mul(output[0])?.checked_mul(output[1])?;
        let most = patches.checked_add(input[0].checked_mul(input[1])?)?.checked_mul(16)?.checked_add(1 << 16)?;
        (reach[0].checked_mul(reach[1])? <= most).then_some(Self { geometry, size: reach, before: padding })
    }

    /// Whether it is that of the images themselves.
    pub(super) fn plain(&self) -> bool {
        self.size == self.geometry.input && self.before == [0, 0]
    }

    /// Elements of one group of an image.
    pub(super) fn block(&self) -> usize {
        self.geometry.channels * self.size[0] * self.size[1]
    }

    /// Where each tap begins.
    pub(super) fn taps(&self) -> Vec<usize> {
        let Geometry { channels, kernel, dilation, .. } = *self.geometry;
        let [height, width] = self.size;
        let mut taps = Vec::with_capacity(self.geometry.taps());
        for row in (0..channels).flat_map(|c| (0..kernel[0]).map(move |k| c * height + k * dilation[0])) {
            taps.extend((0..kernel[1]).map(|l| row * width + l * dilation[1]));
        }
        taps
    }

    /// Where the patch of each pixel begins, in `images` images that lie `step` apart.
    pub(super) fn pixels(&self, images: usize, step: usize) -> Vec<usize> {
        let Geometry { output, stride, .. } = *self.geometry;
        let mut pixels = Vec::with_capacity(images * output[0] * output[1]);
        for image in 0..images {
            for row in 0..output[0] {
                let from = image * step + row * stride[0] * self.size[1];
                pixels.extend((0..output[1]).map(|column| from + column * stride[1]));
            }
        }
        pixels
    }

    /// One group of some images, a step of [`Self::step`] from one image to the next.
    pub(super) fn read<'x, R: Ring>(&self, x: &'x [R], images: Range<usize>, group: usize) -> Cow<'x, [R]> {
        let Geometry { groups, channels, input, .. } = *self.geometry;
        let own = channels * input[0] * input[1];
        if self.plain() {
            return Cow::Borrowed(&x[(images.start * groups + group) * own..]);
        }
        let mut padded = vec![R::ZERO; images.len() * self.block()];
        for (image, padded) in images.zip(padded.chunks_exact_mut(self.block())) {
            let x = &x[(image * groups + group) * own..][..own];
            self.each_row(|row, at, count| padded[at..at + count].copy_from_slice(&x[row..row + count]));
        }
        Cow::Owned(padded)
    }

    /// From one image to the next in what [`Self::read`] gives.
    pub(super) fn step(&self) -> usize {
        if self.plain() { self.geometry.groups * self.block() } else { self.block() }
    }

    /// Adds what lies inside of the padding to one group of an image.
    pub(super) fn unpad<R: Ring>(&self, padded: &[R], x: &mut [R]) {
        self.each_row(|row, at, count| {
            let own = x[row..row + count].iter_mut().zip(&padded[at..at + count]);
            own.for_each(|(x, &p)| *x = R::add(*x, p));
        });
    }

    /// Calls `each(x, padded, count)` for each row of an image: where it begins there and here, and how much of it is
    /// needed.
    fn each_row(&self, mut each: impl FnMut(usize, usize, usize)) {
        let (Geometry { channels, input, .. }, [height, width]) = (*self.geometry, self.size);
        let rows = input[0].min(height.saturating_sub(self.before[0]));
        let count = input[1].min(width.saturating_sub(self.before[1]));
        if count == 0 {
            return;
        }
        for channel in 0..channels {
            for row in 0..rows {
                let at = (channel * height + row + self.before[0]) * width + self.before[1];
                each((channel * input[0] + row) * input[1], at, count);
            }
        }
    }
}
