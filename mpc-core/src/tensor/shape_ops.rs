//! Rearrangements by public sizes and indices: free and exact on secrets too.

use super::Tensor;
use crate::visibility::{Join, Visibility};

/// What numbers and bits have in common. Free: the result keeps the opening of what it views.
impl<V: Visibility, K> Tensor<V, K> {
    /// Without an axis of size 1.
    #[track_caller]
    pub fn squeeze(&self, axis: usize) -> Self {
        self.handle.squeeze(axis).into()
    }

    /// With a new axis of size 1 before `axis`; at the end, if `axis` is the rank.
    #[track_caller]
    pub fn unsqueeze(&self, axis: usize) -> Self {
        self.handle.unsqueeze(axis).into()
    }

    /// All axes from `from` on as one: `flatten(1)` keeps the batch.
    #[track_caller]
    pub fn flatten(&self, from: usize) -> Self {
        self.handle.flatten(from).into()
    }

    /// Two axes exchanged.
    #[track_caller]
    pub fn transpose(&self, a: usize, b: usize) -> Self {
        self.handle.transpose(a, b).into()
    }

    /// Element `at` of an axis, which disappears.
    #[track_caller]
    pub fn index(&self, axis: usize, at: usize) -> Self {
        self.handle.index(axis, at).into()
    }

    /// Consecutive pieces of an axis, of these sizes.
    #[track_caller]
    pub fn split(&self, axis: usize, sizes: &[usize]) -> Vec<Self> {
        self.handle.split(axis, sizes).into_iter().map(Self::from).collect()
    }

    /// An axis in `count` consecutive pieces as equal as possible, the larger ones first.
    #[track_caller]
    pub fn chunk(&self, axis: usize, count: usize) -> Vec<Self> {
        self.handle.chunk(axis, count).into_iter().map(Self::from).collect()
    }

    /// Everything repeated, `times[axis]` times along each axis.
    #[track_caller]
    pub fn tile(&self, times: &[usize]) -> Self {
        self.handle.tile(times).into()
    }

    /// Each step of an axis repeated `times` times before the next.
    #[track_caller]
    pub fn repeat_interleave(&self, axis: usize, times: usize) -> Self {
        self.handle.repeat_interleave(axis, times).into()
    }

    /// All windows of `size` neighbours along an axis, at distances of `step`: the axis counts windows, and a new last axis
    /// their elements. A view.
    #[track_caller]
    pub fn unfold(&self, axis: usize, size: usize, step: usize) -> Self {
        self.handle.unfold(axis, size, step).into()
    }

    /// The slices along an axis, which disappears.
    #[track_caller]
    pub fn unbind(&self, axis: usize) -> Vec<Self> {
        let count = self.shape().dims().get(axis).copied().unwrap_or(0);
        let mut slices = Vec::with_capacity(count);
        for at in 0..count {
            slices.push(self.index(axis, at));
        }
        slices
    }

    /// The diagonal of the matrices in the last two axes, which become one: elements (i, i + `above`).
    #[track_caller]
    pub fn diagonal(&self, above: isize) -> Self {
        self.handle.diagonal(above).into()
    }
}

/// Linear maps. Free: sends nothing.
impl<V: Visibility> Tensor<V> {
    /// Steps of an axis by public index, in the order of the indices; one may occur more than once.
    #[track_caller]
    pub fn index_select(&self, axis: usize, indices: &[usize]) -> Self {
        self.handle.index_select(axis, indices).into()
    }

    /// Element (.., i, ..) of the result is that at place `indices[(.., i, ..)]` of the axis and at the same place of the
    /// other axes: `count` public indices for each element of the other axes, row-major.
    #[track_caller]
    pub fn take_along(&self, axis: usize, count: usize, indices: &[usize]) -> Self {
        self.handle.take_along(axis, count, indices).into()
    }

    /// This tensor plus slices of another, each at the place of an axis that its public index names. A place may be named
    /// more than once, and gets the sum.
    #[track_caller]
    pub fn index_add<W: Visibility>(&self, axis: usize, indices: &[usize], source: &Tensor<W>) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.index_add(axis, indices, &source.handle).into()
    }

    /// This tensor plus the elements of another, each at the place of an axis that its own public index names, and at its
    /// own place of the other axes: as many indices as the other has elements, row-major. The sum, where several meet.
    #[track_caller]
    pub fn scatter_add<W: Visibility>(&self, axis: usize, indices: &[usize], source: &Tensor<W>) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.scatter_add(axis, indices, &source.handle).into()
    }

    /// This tensor with the elements of another instead of its own, at places as of [`Self::scatter_add`]. No place may be
    /// named twice.
    #[track_caller]
    pub fn scatter<W: Visibility>(&self, axis: usize, indices: &[usize], source: &Tensor<W>) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.scatter(axis, indices, &source.handle).into()
    }

    /// An axis shifted by `by` steps towards its end; what leaves there comes back at the start.
    #[track_caller]
    pub fn roll(&self, axis: usize, by: isize) -> Self {
        self.handle.roll(axis, by).into()
    }

    /// `(before, after)` elements of a public value added to each axis.
    #[track_caller]
    pub fn pad(&self, amounts: &[(usize, usize)], value: f64) -> Self {
        self.handle.pad(amounts, value).into()
    }

    /// This and other tensors of its shape, along a new axis.
    #[track_caller]
    pub fn stack(&self, others: &[&Self], axis: usize) -> Self {
        let others: Vec<_> = others.iter().map(|other| &other.handle).collect();
        self.handle.stack(&others, axis).into()
    }

    /// The matrices in the last two axes with zeros above the diagonal that starts `above` the main one.
    #[track_caller]
    pub fn tril(&self, above: isize) -> Self {
        self.handle.tril(above).into()
    }

    /// The matrices in the last two axes with zeros below the diagonal that starts `above` the main one.
    #[track_caller]
    pub fn triu(&self, above: isize) -> Self {
        self.handle.triu(above).into()
    }

    /// The sum of the diagonal of the matrices in the last two axes.
    #[track_caller]
    pub fn trace(&self) -> Self {
        self.handle.trace().into()
    }

    /// Running sums along an axis: each step plus all before it.
    #[track_caller]
    pub fn cumsum(&self, axis: usize) -> Self {
        self.handle.cumsum(axis).into()
    }
}
