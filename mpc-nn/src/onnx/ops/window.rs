//! How a window slides over the axes of an image: what convolutions and pooling have in common.

use crate::onnx::{node::Attributes, report::Reason};

/// Padding that depends on the size of the image.
#[derive(Clone, Copy, PartialEq)]
enum Auto {
    /// As it is written.
    No,
    /// None.
    Valid,
    /// As many windows as steps; what is left over goes after.
    Upper,
    /// What is left over goes before.
    Lower,
}

/// The attributes of a window.
pub(super) struct Window {
    auto: Auto,
    kernel: Option<Vec<usize>>,
    strides: Option<Vec<usize>>,
    dilations: Option<Vec<usize>>,
    pads: Option<Vec<usize>>,
}

/// A window over rows and columns; of one axis, over columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plane {
    pub(super) kernel: [usize; 2],
    pub(super) stride: [usize; 2],
    pub(super) dilation: [usize; 2],
    /// Before and after.
    pub(super) pads: [[usize; 2]; 2],
}

impl Window {
    pub(super) fn read(at: &Attributes<'_>) -> Result<Self, Reason> {
        let auto = match at.text("auto_pad", "NOTSET")? {
            "NOTSET" | "" => Auto::No,
            "VALID" => Auto::Valid,
            "SAME_UPPER" => Auto::Upper,
            "SAME_LOWER" => Auto::Lower,
            other => return Reason::err(format!("`auto_pad = {other}` is not known")),
        };
        Ok(Self {
            auto,
            kernel: at.sizes("kernel_shape", 1)?,
            strides: at.sizes("strides", 1)?,
            dilations: at.sizes("dilations", 1)?,
            pads: at.sizes("pads", 0)?,
        })
    }

    /// The window over an image whose last one or two axes have these sizes; `kernel`: where the attribute may be left out.
    pub(super) fn over(&self, sizes: &[usize], kernel: Option<&[usize]>) -> Result<Plane, Reason> {
        let count = sizes.len();
        if !(1..=2).contains(&count) {
            return Reason::err(format!("windows over {count} axes are not supported, only over one or two"));
        }
        let kernel = self.kernel.as_deref().or(kernel).ok_or("its attribute `kernel_shape` is missing")?;
        let ones = vec![1; count];
        let strides = self.strides.as_ref().unwrap_or(&ones);
        let dilations = self.dilations.as_ref().unwrap_or(&ones);
        let none = vec![0; 2 * count];
        let pads = self.pads.as_ref().filter(|_| self.auto == Auto::No).unwrap_or(&none);
        if kernel.len() != count || strides.len() != count || dilations.len() != count || pads.len() != 2 * count {
            return Reason::err(format!("the attributes of its window are not those of {count} axes"));
        }
        let mut plane = Plane { kernel: [1; 2], stride: [1; 2], dilation: [1; 2], pads: [[0; 2]; 2] };
        for at in 0..count {
            let to = at + 2 - count;
            plane.kernel[to] = kernel[at];
            plane.stride[to] = strides[at];
            plane.dilation[to] = dilations[at];
            plane.pads[to] = [pads[at], pads[at + count]];
            if matches!(self.auto, Auto::Upper | Auto::Lower) {
                let reach = plane.reach(to);
                let covered = (sizes[at].div_ceil(strides[at]).max(1) - 1) * strides[at] + reach;
                let more = covered.saturating_sub(sizes[at]);
                let (less, most) = (more / 2, more - more / 2);
                plane.pads[to] = if self.auto == Auto::Upper { [less, most] } else { [most, less] };
            }
        }
        Ok(plane)
    }

    /// Whether the padding follows from the size.
    pub(super) fn is_same(&self) -> bool {
        matches!(self.auto, Auto::Upper | Auto::Lower)
    }
}

impl Plane {
    /// What a window covers of an axis.
    pub(super) fn reach(&self, at: usize) -> usize {
        (self.kernel[at] - 1) * self.dilation[at] + 1
    }

    /// How many windows fit an axis of some size; with `partial`, also one that reaches beyond the end.
    pub(super) fn windows(&self, at: usize, size: usize, partial: bool) -> Result<usize, Reason> {
        let ([before, after], stride) = (self.pads[at], self.stride[at]);
        let Some(rest) = (size + before + after).checked_sub(self.reach(at)) else {
            return Reason::err(format!("its window reaches over {} of {size} with padding", self.reach(at)));
        };
        let whole = rest / stride + 1;
        // A further window must start inside, or in the padding before it.
        let further = partial && rest % stride > 0 && whole * stride < size + before;
        Ok(whole + usize::from(further))
    }

    /// Whether the padding is the same at both ends of each axis.
    pub(super) fn even(&self) -> bool {
        self.pads.iter().all(|[before, after]| before == after)
    }

    /// The place that an element of a window has on an axis; nothing in the padding.
    pub(super) fn place(&self, at: usize, size: usize, window: usize, tap: usize) -> Option<usize> {
        let place = (window * self.stride[at] + tap * self.dilation[at]).checked_sub(self.pads[at][0])?;
        (place < size).then_some(place)
    }
}

/// `[n, c, h, w]` of an image of one or two axes.
pub(super) fn image(shape: &[usize]) -> Result<[usize; 4], Reason> {
    match *shape {
        [n, c, w] => Ok([n, c, 1, w]),
        [n, c, h, w] => Ok([n, c, h, w]),
        _ => Reason::err(format!(
            "an image of shape {shape:?} is not supported: one or two axes beside batch and channels are"
        )),
    }
}

/// The shape of an image with as many axes as another.
pub(super) fn like(shape: [usize; 4], rank: usize) -> Vec<usize> {
    let [n, c, h, w] = shape;
    if rank == 3 { vec![n, c, w] } else { vec![n, c, h, w] }
}
