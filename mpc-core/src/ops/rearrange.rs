//! More rearrangements that are views: squeeze, unsqueeze, flatten, transpose, index, split, tile, diagonal, windows. Free
//! and exact; a view of a secret keeps its opening.

use super::refuse::sized;
use crate::{
    error::Usage,
    op::{Handle, Meaning},
    shape::{Axis, Shape, View},
};

impl Handle {
    /// Without an axis of size 1.
    #[track_caller]
    pub fn squeeze(&self, axis: usize) -> Self {
        match self.size(axis) {
            Ok(1) => self.without(axis),
            Ok(size) => self.refuse("squeeze", Usage::Shape { expected: format!("size 1 of axis {axis}, not {size}") }),
            Err(problem) => self.refuse("squeeze", problem),
        }
    }

    /// With a new axis of size 1 before `axis`; at the end, if `axis` is the rank.
    #[track_caller]
    pub fn unsqueeze(&self, axis: usize) -> Self {
        let shape = self.shape();
        if axis > shape.rank() {
            return self.refuse("unsqueeze", Usage::Axis { axis, rank: shape.rank() });
        }
        let (before, after) = shape.dims().split_at(axis);
        self.reshape(&[before, &[1], after].concat()[..].into())
    }

    /// All axes from `from` on as one. A scalar becomes one element.
    #[track_caller]
    pub fn flatten(&self, from: usize) -> Self {
        let shape = self.shape();
        if from > 0 && from >= shape.rank() {
            return self.refuse("flatten", Usage::Axis { axis: from, rank: shape.rank() });
        }
        let (before, merged) = shape.dims().split_at(from);
        self.reshape(&[before, &[merged.iter().product()]].concat()[..].into())
    }

    /// Two axes exchanged.
    #[track_caller]
    pub fn transpose(&self, a: usize, b: usize) -> Self {
        match self.size(a).and(self.size(b)) {
            Err(problem) => self.refuse("transpose", problem),
            Ok(_) => {
                let mut order: Vec<usize> = (0..self.shape().rank()).collect();
                order.swap(a, b);
                self.permute(&order)
            }
        }
    }

    /// Element `at` of an axis, which disappears.
    #[track_caller]
    pub fn index(&self, axis: usize, at: usize) -> Self {
        match self.size(axis) {
            Ok(size) if at < size => self.slice(axis, at..at + 1, 1).without(axis),
            Ok(size) => {
                let problem = Usage::Argument(format!("index {at} is out of range for size {size} of axis {axis}"));
                self.refuse("index", problem)
            }
            Err(problem) => self.refuse("index", problem),
        }
    }

    /// Consecutive pieces of an axis, of these sizes.
    #[track_caller]
    pub fn split(&self, axis: usize, sizes: &[usize]) -> Vec<Self> {
        let total = sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size));
        let problem = match self.size(axis) {
            Ok(size) if total == Some(size) => {
                let (mut start, mut pieces) = (0, Vec::with_capacity(sizes.len()));
                for size in sizes {
                    pieces.push(self.slice(axis, start..start + size, 1));
                    start += size;
                }
                return pieces;
            }
            Ok(size) => {
                Usage::Argument(format!("pieces of sizes {sizes:?} do not add up to size {size} of axis {axis}"))
            }
            Err(problem) => problem,
        };
        vec![self.refuse("split", problem); sizes.len()]
    }

    /// An axis in `count` consecutive pieces as equal as possible, the larger ones first.
    #[track_caller]
    pub fn chunk(&self, axis: usize, count: usize) -> Vec<Self> {
        let size = self.size(axis).unwrap_or(0);
        let sizes: Vec<usize> = (0..count).map(|i| size / count + usize::from(i < size % count)).collect();
        match count {
            0 => vec![self.refuse("chunk", Usage::Argument("an axis cannot be cut into no pieces".into()))],
            _ => self.split(axis, &sizes),
        }
    }

    /// Everything repeated, `times[axis]` times along each axis.
    #[track_caller]
    pub fn tile(&self, times: &[usize]) -> Self {
        let shape = self.shape();
        if times.len() != shape.rank() {
            let problem = Usage::Argument(format!("{} counts for {} axes", times.len(), shape.rank()));
            return self.refuse("tile", problem);
        }
        self.repeated("tile", times, true).noted(&[self], || Meaning::Tile(times.to_vec()))
    }

    /// Each step of an axis repeated `times` times before the next.
    #[track_caller]
    pub fn repeat_interleave(&self, axis: usize, times: usize) -> Self {
        let mut all = vec![1; self.shape().rank()];
        match all.get_mut(axis) {
            Some(own) => *own = times,
            None => return self.refuse("repeat", Usage::Axis { axis, rank: all.len() }),
        }
        self.repeated("repeat", &all, false)
    }

    /// Each axis, and the axis that repeats it before or after it, as one.
    #[track_caller]
    fn repeated(&self, op: &'static str, times: &[usize], before: bool) -> Self {
        let all = View::of(&self.shape());
        let dims: Option<Vec<usize>> = all.axes.iter().zip(times).map(|(axis, t)| axis.size.checked_mul(*t)).collect();
        let overflow = || Usage::Argument(format!("{times:?} times is larger than any memory"));
        match dims.ok_or_else(overflow).and_then(|dims| sized(&dims)) {
            Err(problem) => self.refuse(op, problem),
            Ok(shape) => {
                let pair = |(&axis, &size): (&Axis, &usize)| {
                    let repeat = Axis { size, stride: 0 };
                    if before { [repeat, axis] } else { [axis, repeat] }
                };
                let axes = all.axes.iter().zip(times).flat_map(pair).collect();
                self.view(Ok(View { offset: 0, axes }), Some(shape))
            }
        }
    }

    /// The diagonal of the matrices in the last two axes, which become one: elements (i, i + `above`).
    #[track_caller]
    pub fn diagonal(&self, above: isize) -> Self {
        let mut view = View::of(&self.shape());
        let Some([rows, cols]) = view.axes.len().checked_sub(2).map(|at| [view.axes[at], view.axes[at + 1]]) else {
            return self.refuse("diagonal", Usage::Shape { expected: "at least two axes".into() });
        };
        let (down, right) = (above.min(0).unsigned_abs(), above.max(0).unsigned_abs());
        let size = rows.size.saturating_sub(down).min(cols.size.saturating_sub(right));
        view.axes.truncate(view.axes.len() - 2);
        view.axes.push(Axis { size, stride: rows.stride + cols.stride });
        if !view.is_empty() {
            view.offset = down * rows.stride as usize + right;
        }
        self.view(Ok(view), None)
    }

    /// The sum of the diagonal of the matrices in the last two axes.
    #[track_caller]
    pub fn trace(&self) -> Self {
        let diagonal = self.diagonal(0);
        diagonal.sum(&[diagonal.shape().rank().saturating_sub(1)], false)
    }

    /// All windows of `size` neighbours along an axis, at distances of `step`; their elements become a new last axis.
    #[track_caller]
    pub fn unfold(&self, axis: usize, size: usize, step: usize) -> Self {
        let mut view = View::of(&self.shape());
        let Some(&Axis { size: whole, stride }) = view.axes.get(axis) else {
            return self.refuse("unfold", Usage::Axis { axis, rank: view.axes.len() });
        };
        if size == 0 || step == 0 || size > whole {
            let problem = format!("no window of size {size} and step {step} in an axis of {whole}");
            return self.refuse("unfold", Usage::Argument(problem));
        }
        view.axes[axis] = Axis { size: (whole - size) / step + 1, stride: stride.saturating_mul(step as isize) };
        view.axes.push(Axis { size, stride });
        self.view(Ok(view), None)
    }

    /// Windows over the last two axes: `[.., rows, columns, kernel rows, kernel columns]`. What the last window does not
    /// reach is left out.
    #[track_caller]
    pub(super) fn windows(&self, op: &'static str, kernel: [usize; 2], stride: [usize; 2]) -> Self {
        let mut view = View::of(&self.shape());
        let Some(first) = view.axes.len().checked_sub(2) else {
            return self.refuse(op, Usage::Shape { expected: "at least two axes".into() });
        };
        for at in 0..2 {
            let (Axis { size, stride: step }, kernel, stride) = (view.axes[first + at], kernel[at], stride[at]);
            if kernel == 0 || stride == 0 || kernel > size {
                let problem = format!("no window of size {kernel} and stride {stride} in an axis of {size}");
                return self.refuse(op, Usage::Argument(problem));
            }
            view.axes[first + at] =
                Axis { size: (size - kernel) / stride + 1, stride: step.saturating_mul(stride as isize) };
            view.axes.push(Axis { size: kernel, stride: step });
        }
        self.view(Ok(view), None)
    }

    /// Without an axis, which has size 1.
    #[track_caller]
    pub(super) fn without(&self, axis: usize) -> Self {
        let shape = self.shape();
        let left = shape.dims().iter().enumerate().filter(|(at, _)| *at != axis).map(|(_, &size)| size);
        self.reshape(&Shape::from(&left.collect::<Vec<_>>()[..]))
    }
}
