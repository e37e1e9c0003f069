//! Views as kernels take them.

use super::kernels::{MOST_AXES, Strided};
use crate::shape::{Axis, View};
use smallvec::SmallVec;

/// An axis of a view, and its stride in the row-major result.
#[derive(Clone, Copy)]
struct Step {
    size: usize,
    stride: isize,
    inner: usize,
}

/// The axes of a view that is not empty: those of one step are left out, neighbours that are one walk are joined.
fn steps(view: &View) -> SmallVec<[Step; MOST_AXES]> {
    let mut steps: SmallVec<[Step; MOST_AXES]> = SmallVec::new();
    let mut inner = 1;
    for &Axis { size, stride } in view.axes.iter().rev().filter(|axis| axis.size != 1) {
        match steps.last_mut() {
            Some(last) if stride == last.stride * last.size as isize => last.size *= size,
            _ => steps.push(Step { size, stride, inner }),
        }
        inner *= size;
    }
    steps.reverse();
    steps
}

/// Axes with a stride each; nothing if there are too many.
fn strided(offset: usize, axes: impl Iterator<Item = (usize, isize)>) -> Option<Strided> {
    let mut view = Strided { offset: offset as u64, ..Strided::default() };
    for (size, stride) in axes {
        let at = view.axes as usize;
        (*view.sizes.get_mut(at)?, *view.strides.get_mut(at)?) = (size as u64, stride as i64);
        view.axes += 1;
    }
    Some(view)
}

/// From an element of the view to its source.
pub(super) fn gather(view: &View) -> Option<Strided> {
    strided(view.offset, steps(view).iter().map(|step| (step.size, step.stride)))
}

/// What adds up at one place of the source, and what at different ones. See `scatter_args` in layout.cuh.
pub(super) struct Transposed {
    pub(super) kept: Strided,
    pub(super) kept_source: Strided,
    pub(super) summed: Strided,
    pub(super) kept_len: usize,
    pub(super) summed_len: usize,
}

pub(super) fn transposed(view: &View) -> Option<Transposed> {
    let (summed, kept): (Vec<Step>, Vec<Step>) = steps(view).into_iter().partition(|step| step.stride == 0);
    let len = |steps: &[Step]| steps.iter().map(|step| step.size).product();
    let source = |steps: &[Step]| strided(0, steps.iter().map(|step| (step.size, step.inner as isize)));
    Some(Transposed {
        kept: strided(view.offset, kept.iter().map(|step| (step.size, step.stride)))?,
        kept_source: source(&kept)?,
        summed: source(&summed)?,
        kept_len: len(&kept),
        summed_len: len(&summed),
    })
}
