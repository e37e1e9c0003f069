//! Choices among many: where the largest is, rows that a secret index picks, conjunctions over an axis.

use super::{Bit, Tensor};
use crate::{
    engine::Comparison,
    visibility::{Join, Visibility},
};

impl<V: Visibility> Tensor<V> {
    /// The largest along an axis, which disappears, and its index; of equal values the first. Exact; 4 rounds for each
    /// halving: 28 for 100 elements. The gradient of the value is exact, the index has none.
    #[track_caller]
    pub fn max_with_index(&self, axis: usize) -> (Self, Self) {
        let (value, index) = self.handle.max_with_index(axis);
        (value.into(), index.into())
    }

    /// The smallest along an axis, which disappears, and its index; of equal values the first.
    #[track_caller]
    pub fn min_with_index(&self, axis: usize) -> (Self, Self) {
        let (value, index) = self.handle.neg().max_with_index(axis);
        (value.neg().into(), index.into())
    }

    /// The index of the largest along an axis, which disappears; of equal values the first. Rounds as for
    /// [`Self::max_with_index`].
    #[track_caller]
    pub fn argmax(&self, axis: usize) -> Self {
        self.handle.argmax(axis).into()
    }

    /// The index of the smallest along an axis, which disappears; of equal values the first.
    #[track_caller]
    pub fn argmin(&self, axis: usize) -> Self {
        self.handle.neg().argmax(axis).into()
    }

    /// Bits of this shape: the largest along an axis; of equal values the first. Rounds as for [`Self::max_with_index`].
    #[track_caller]
    pub fn argmax_one_hot(&self, axis: usize) -> Tensor<V, Bit> {
        self.handle.argmax_one_hot(axis).into()
    }

    /// Bits of this shape: the smallest along an axis; of equal values the first.
    #[track_caller]
    pub fn argmin_one_hot(&self, axis: usize) -> Tensor<V, Bit> {
        self.handle.neg().argmax_one_hot(axis).into()
    }

    /// In order along an axis. Exact; 4 rounds a stage, `l (l + 1) / 2` stages for `l = log2 n`, rounded up: 24 rounds for 8
    /// elements, 40 for 16, 112 for 100.
    #[track_caller]
    pub fn sort(&self, axis: usize, descending: bool) -> Self {
        self.handle.sort(axis, descending).into()
    }

    /// In order along an axis, and the indices that the elements had; equal ones may be exchanged. Rounds as for
    /// [`Self::sort`].
    #[track_caller]
    pub fn sort_with_index(&self, axis: usize, descending: bool) -> (Self, Self) {
        let (values, index) = self.handle.sort_with_index(axis, descending);
        (values.into(), index.into())
    }

    /// The slices along an axis in the order of a vector of keys, one for each, smallest first; slices with equal keys may be
    /// exchanged. Exact; rounds as for [`Self::sort`].
    #[track_caller]
    pub fn sort_by<W: Visibility>(&self, axis: usize, keys: &Tensor<W>) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.sort_by(axis, &keys.handle).into()
    }

    /// The k largest along an axis, largest first. Exact; fewer rounds and comparisons than sorting all.
    #[track_caller]
    pub fn topk(&self, k: usize, axis: usize) -> Self {
        self.handle.topk(k, axis).into()
    }

    /// The k largest along an axis, largest first, and their indices; of equal ones, any.
    #[track_caller]
    pub fn topk_with_index(&self, k: usize, axis: usize) -> (Self, Self) {
        let (values, index) = self.handle.topk_with_index(k, axis);
        (values.into(), index.into())
    }

    /// The median along an axis, which disappears: of an even number, the mean of the two in the middle. Rounds as for
    /// [`Self::sort`], and 1 for that mean.
    #[track_caller]
    pub fn median(&self, axis: usize) -> Self {
        self.handle.median(axis).into()
    }

    /// Bits, along a new last axis of `classes`: where this index is. The indices must be whole numbers below `classes`
    /// (at most 65536): nobody can check that, and other numbers give bits that are not defined. No round after the
    /// opening of the index for up to 16 classes, 1 round for more.
    #[track_caller]
    pub fn one_hot(&self, classes: usize) -> Tensor<V, Bit> {
        self.handle.one_hot(classes).into()
    }

    /// The rows of this `[n, ..]` at some indices: the shape of the indices, then that of a row. Exact; at most 5 rounds.
    #[track_caller]
    pub fn embedding<W: Visibility>(&self, indices: &Tensor<W>) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.embedding(&indices.handle).into()
    }

    /// The slices along an axis at some indices, whose axes take its place. Exact; at most 5 rounds.
    #[track_caller]
    pub fn gather_secret<W: Visibility>(&self, axis: usize, indices: &Tensor<W>) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.gather_secret(axis, &indices.handle).into()
    }

    /// Whether the rows (along the last axis) of two tensors are equal in all places, with broadcasting: 3 rounds, and one
    /// for each factor of four in the length of a row.
    #[track_caller]
    pub fn rows_equal<W: Visibility>(&self, other: &Tensor<W>) -> Tensor<V::Out, Bit>
    where
        V: Join<W>,
    {
        let equal = self.handle.compare(Comparison::Equal, &other.handle);
        equal.all(equal.shape().rank().saturating_sub(1)).into()
    }
}

impl<V: Visibility> Tensor<V, Bit> {
    /// Whether all bits along an axis are set, which disappears: a round for each factor of four.
    #[track_caller]
    pub fn all(&self, axis: usize) -> Self {
        self.handle.all(axis).into()
    }

    /// Whether any bit along an axis is set, which disappears: a round for each factor of four.
    #[track_caller]
    pub fn any(&self, axis: usize) -> Self {
        self.handle.any(axis).into()
    }

    /// How many bits along an axis are set, which disappears: 1 round.
    #[track_caller]
    pub fn count(&self, axis: usize) -> Tensor<V> {
        self.handle.number().sum(&[axis], false).into()
    }

    /// These bits followed by others, along an axis. Free.
    #[track_caller]
    pub fn concat<W: Visibility>(&self, other: &Tensor<W, Bit>, axis: usize) -> Tensor<V::Out, Bit>
    where
        V: Join<W>,
    {
        self.handle.concat(&[&other.handle], axis).into()
    }
}
