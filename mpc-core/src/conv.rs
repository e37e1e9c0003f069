//! Two-dimensional convolutions as one trilinear form
//!
//! ```text
//! sum over n, g, o, c, p, q, k, l of  y[n, g, o, p, q] * w[g, o, c, k, l] * x[n, g, c, p s - a + k d, q s' - a' + l d']
//! ```
//!
//! Given x and w, its derivative by y is the convolution; given y and w, that by x is the transposed convolution; given x
//! and y, that by w is the gradient of the weights. So the three are closed under gradients.

use serde::{Deserialize, Serialize};

/// The most elements along an axis, and the largest step: keeps index arithmetic far from overflow.
const MOST: usize = 1 << 32;

/// Which of the three arguments is computed from the other two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Third {
    /// y from x and w: the convolution.
    Output,
    /// x from y and w: the transposed convolution.
    Input,
    /// w from x and y.
    Weight,
}

/// The sizes of a convolution; the last two are rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Geometry {
    /// Images.
    pub images: usize,
    /// Groups of channels that do not mix.
    pub groups: usize,
    /// Channels of x in a group.
    pub channels: usize,
    /// Channels of y in a group.
    pub filters: usize,
    /// Sizes of x.
    pub input: [usize; 2],
    /// Sizes of w.
    pub kernel: [usize; 2],
    /// Sizes of y.
    pub output: [usize; 2],
    /// Steps of x between elements of y.
    pub stride: [usize; 2],
    /// Zeros before and after x.
    pub padding: [usize; 2],
    /// Steps of x between elements of w.
    pub dilation: [usize; 2],
}

impl Geometry {
    /// Elements of x, w and y. Nothing if a size or a step is too large.
    pub fn lens(&self) -> Option<(usize, usize, usize)> {
        let Self { images, groups, channels, filters, input, kernel, output, stride, padding, dilation } = self;
        let sizes = [[*images, *groups], [*channels, *filters], *input, *kernel, *output, *stride, *padding, *dilation];
        if sizes.iter().flatten().any(|&size| size > MOST) {
            return None;
        }
        let product = |sizes: [usize; 5]| sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
        Some((
            product([*images, *groups, *channels, input[0], input[1]])?,
            product([1, *groups, filters.checked_mul(*channels)?, kernel[0], kernel[1]])?,
            product([*images, *groups, *filters, output[0], output[1]])?,
        ))
    }

    /// The row (axis 0) or column (axis 1) of x that element `out` of y and element `tap` of w meet; nothing in the
    /// padding.
    pub fn source(&self, axis: usize, out: usize, tap: usize) -> Option<usize> {
        let padded = out as u128 * self.stride[axis] as u128 + tap as u128 * self.dilation[axis] as u128;
        let at = usize::try_from(padded.checked_sub(self.padding[axis] as u128)?).ok()?;
        (at < self.input[axis]).then_some(at)
    }

    /// Elements of w that meet one element of y.
    pub fn taps(&self) -> usize {
        self.channels * self.kernel[0] * self.kernel[1]
    }

    /// Ring multiplications.
    pub fn work(&self) -> usize {
        let Self { images, groups, channels, filters, kernel, output, .. } = *self;
        let sizes = [images, groups, channels, filters, kernel[0], kernel[1], output[0], output[1]];
        sizes.into_iter().fold(1, usize::saturating_mul)
    }
}
