//! Shapes of tensors, and strided views of row-major data.

use serde::{Deserialize, Serialize};
use smallvec::{SmallVec, smallvec};
use std::{fmt, ops::Range};

/// The sizes of a tensor's axes. A scalar has none.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(SmallVec<[usize; 4]>);

impl Shape {
    /// The shape of a single number.
    pub fn scalar() -> Self {
        Self::default()
    }

    /// The sizes of the axes.
    pub fn dims(&self) -> &[usize] {
        &self.0
    }

    /// How many axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// How many elements; 1 for a scalar.
    pub fn len(&self) -> usize {
        self.0.iter().product()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shape that both can be repeated to, by numpy's rule: axes are matched from the last, a size of 1 stretches.
    pub fn broadcast(&self, other: &Self) -> Option<Self> {
        let rank = self.rank().max(other.rank());
        let dim = |shape: &Self, axis: usize| match (axis + shape.rank()).checked_sub(rank) {
            Some(own) => shape.0[own],
            None => 1,
        };
        (0..rank)
            .map(|axis| match (dim(self, axis), dim(other, axis)) {
                (a, b) if a == b || b == 1 => Some(a),
                (1, b) => Some(b),
                _ => None,
            })
            .collect::<Option<_>>()
            .map(Self)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(dims: [usize; N]) -> Self {
        Self(dims.into_iter().collect())
    }
}

impl From<&[usize]> for Shape {
    fn from(dims: &[usize]) -> Self {
        Self(dims.into())
    }
}

impl From<&Shape> for Shape {
    fn from(shape: &Shape) -> Self {
        shape.clone()
    }
}

impl From<usize> for Shape {
    fn from(len: usize) -> Self {
        Self(smallvec![len])
    }
}

impl From<(usize, usize)> for Shape {
    fn from((rows, cols): (usize, usize)) -> Self {
        Self(smallvec![rows, cols])
    }
}

/// An axis of a [`View`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Axis {
    /// How many steps.
    pub size: usize,
    /// How far a step goes in the source; 0 repeats, a negative one flips.
    pub stride: isize,
}

/// A rearrangement of row-major data: element (i, j, ..) of the result is element `offset + i * s_i + j * s_j + ..` of
/// the source. Reshape, permute, slice, flip and repeat are views; the transpose of a view (see
/// [`Linear::Scatter`](crate::bilinear::Linear)) sums.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct View {
    /// Where the first element is.
    pub offset: usize,
    /// The axes, slowest first.
    pub axes: SmallVec<[Axis; 4]>,
}

impl View {
    /// All of `shape`, as it is.
    pub fn of(shape: &Shape) -> Self {
        let mut stride = 1;
        let mut axes: SmallVec<[Axis; 4]> = smallvec![Axis { size: 0, stride: 0 }; shape.rank()];
        for (axis, &size) in axes.iter_mut().zip(shape.dims()).rev() {
            *axis = Axis { size, stride };
            stride *= size as isize;
        }
        Self { offset: 0, axes }
    }

    /// The shape of the result.
    pub fn shape(&self) -> Shape {
        Shape(self.axes.iter().map(|axis| axis.size).collect())
    }

    /// How many elements the result has.
    pub fn len(&self) -> usize {
        self.axes.iter().map(|axis| axis.size).product()
    }

    /// Whether the result has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The axes in another order; nothing if `order` is no permutation of them.
    pub fn permute(&self, order: &[usize]) -> Option<Self> {
        let mut seen = order.to_vec();
        seen.sort_unstable();
        if !seen.into_iter().eq(0..self.axes.len()) {
            return None;
        }
        Some(Self { offset: self.offset, axes: order.iter().map(|&axis| self.axes[axis]).collect() })
    }

    /// Every `step`-th element of `range` along an axis; nothing if that is out of bounds.
    pub fn slice(&self, axis: usize, range: Range<usize>, step: usize) -> Option<Self> {
        let Axis { size, stride } = *self.axes.get(axis)?;
        if range.start > range.end || range.end > size || step == 0 {
            return None;
        }
        let mut view = self.clone();
        view.axes[axis] = Axis { size: range.len().div_ceil(step), stride: stride * step as isize };
        if !view.is_empty() {
            view.offset = (view.offset as isize + range.start as isize * stride) as usize;
        }
        Some(view)
    }

    /// One axis backwards; nothing if there is no such axis.
    pub fn flip(&self, axis: usize) -> Option<Self> {
        let Axis { size, stride } = *self.axes.get(axis)?;
        let mut view = self.clone();
        if size > 0 {
            view.offset = (view.offset as isize + (size as isize - 1) * stride) as usize;
            view.axes[axis].stride = -stride;
        }
        Some(view)
    }

    /// Repeated to `shape` by the broadcasting rule; nothing if it does not stretch to it.
    pub fn expand(&self, shape: &Shape) -> Option<Self> {
        if self.shape().broadcast(shape).as_ref() != Some(shape) {
            return None;
        }
        let added = shape.rank() - self.axes.len();
        let axes = shape.dims().iter().enumerate().map(|(at, &size)| match at.checked_sub(added) {
            Some(own) if self.axes[own].size == size => self.axes[own],
            _ => Axis { size, stride: 0 },
        });
        Some(Self { offset: self.offset, axes: axes.collect() })
    }

    /// The source range that this view copies in order, if it is one. That of an empty view is at the start, wherever the view is:
    /// nobody has checked that (see [`Self::extent`]).
    pub fn contiguous(&self) -> Option<Range<usize>> {
        if self.is_empty() {
            return Some(0..0);
        }
        let mut expected = 1;
        for axis in self.axes.iter().rev().filter(|axis| axis.size != 1) {
            if axis.stride != expected {
                return None;
            }
            expected *= axis.size as isize;
        }
        Some(self.offset..self.offset + self.len())
    }

    /// Calls `row(start, stride, count)` for each run along the last axis, in the order of the result.
    pub fn for_rows(&self, mut row: impl FnMut(usize, isize, usize)) {
        let Some((last, outer)) = self.axes.split_last() else {
            return row(self.offset, 1, 1);
        };
        if self.is_empty() {
            return;
        }
        let mut index: SmallVec<[usize; 4]> = smallvec![0; outer.len()];
        let mut start = self.offset as isize;
        loop {
            row(start as usize, last.stride, last.size);
            let mut axis = outer.len();
            loop {
                let Some(next) = axis.checked_sub(1) else { return };
                axis = next;
                index[axis] += 1;
                start += outer[axis].stride;
                if index[axis] < outer[axis].size {
                    break;
                }
                start -= outer[axis].stride * outer[axis].size as isize;
                index[axis] = 0;
            }
        }
    }

    /// The largest source index plus one; 0 for an empty view. Nothing on overflow or if an index is negative.
    pub fn extent(&self) -> Option<usize> {
        if self.is_empty() {
            return Some(0);
        }
        let (mut low, mut high) = (self.offset as i128, self.offset as i128);
        for axis in &self.axes {
            let reach = (axis.size as i128 - 1) * axis.stride as i128;
            if reach < 0 { low += reach } else { high += reach }
        }
        if low < 0 { None } else { usize::try_from(high + 1).ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(view: &View) -> Vec<usize> {
        let mut found = Vec::new();
        view.for_rows(|start, stride, count| {
            found.extend((0..count).map(|i| (start as isize + i as isize * stride) as usize));
        });
        found
    }

    #[test]
    fn broadcasting_follows_numpy() {
        let broadcast = |a: &[usize], b: &[usize]| Shape::from(a).broadcast(&b.into());
        assert_eq!(broadcast(&[3, 1], &[4]), Some([3, 4].into()));
        assert_eq!(broadcast(&[], &[2, 2]), Some([2, 2].into()));
        assert_eq!(broadcast(&[3, 2], &[3]), None);
        assert_eq!(broadcast(&[0, 1], &[1, 5]), Some([0, 5].into()));
    }

    #[test]
    fn views_compose() {
        let all = View::of(&[2, 3].into());
        assert_eq!(all.contiguous(), Some(0..6));
        let columns = all.permute(&[1, 0]).unwrap();
        assert_eq!((gather(&columns), columns.contiguous()), (vec![0, 3, 1, 4, 2, 5], None));
        let rows = all.slice(0, 1..2, 1).unwrap();
        assert_eq!((gather(&rows), rows.contiguous()), (vec![3, 4, 5], Some(3..6)));
        let nothing = View { offset: 91, axes: smallvec![Axis { size: 0, stride: 7 }, Axis { size: 2, stride: 1 }] };
        assert_eq!((gather(&nothing), nothing.extent(), nothing.contiguous()), (vec![], Some(0), Some(0..0)));
        assert_eq!(gather(&all.slice(1, 0..3, 2).unwrap().flip(1).unwrap()), [2, 0, 5, 3]);
        assert_eq!(gather(&View::of(&3.into()).expand(&[2, 3].into()).unwrap()), [0, 1, 2, 0, 1, 2]);
        assert_eq!(gather(&View::of(&Shape::scalar())), [0]);
        assert_eq!(gather(&all.slice(0, 2..2, 1).unwrap()), [0usize; 0]);
        assert_eq!((all.slice(1, 1..4, 1), all.permute(&[0, 0]), all.expand(&[2, 4].into())), (None, None, None));
    }

    #[test]
    fn extent_bounds_the_source() {
        let all = View::of(&[2, 3].into());
        assert_eq!(all.flip(1).unwrap().extent(), Some(6));
        assert_eq!(View { offset: 0, axes: smallvec![Axis { size: 2, stride: -1 }] }.extent(), None);
    }
}
