//! Where the largest along an axis is: as an index, or as bits. The bit that chooses the value chooses the index beside
//! it: 4 rounds for each halving, none more than the value alone. Neighbours are compared, so that the order of the
//! axis is kept: of equal values the first wins. Exact.

use crate::{
    engine::{Comparison, Logic},
    error::Usage,
    op::{Handle, Meaning},
    shape::Shape,
};

impl Handle {
    /// The largest along an axis, which stays with size 1. `level` sees the bits of each round of comparisons: whether
    /// the left of two neighbours wins.
    #[track_caller]
    fn tournament(&self, axis: usize, mut level: impl FnMut(&Self)) -> Self {
        let mut rest = self.clone();
        loop {
            let size = match rest.size(axis) {
                Ok(0) => return rest.refuse("max", Usage::Argument("the largest of none".into())),
                Ok(1) => return rest,
                Ok(size) => size,
                Err(problem) => return rest.refuse("max", problem),
            };
            let [left, right] = rest.neighbours(axis);
            let lead = left.sub(&right);
            let wins = lead.compare_with(Comparison::NotLess, 0.0);
            level(&wins);
            rest = right.add(&wins.keep(&lead)).with_last(&rest, axis, size);
        }
    }

    /// Elements 0, 2, .. and 1, 3, .. along an axis, as many.
    #[track_caller]
    fn neighbours(&self, axis: usize) -> [Self; 2] {
        let even = self.size(axis).unwrap_or_default() / 2 * 2;
        [0, 1].map(|first| self.slice(axis, first.min(even)..even, 2))
    }

    /// Followed by the last of so many elements along an axis if it has no neighbour.
    #[track_caller]
    fn with_last(&self, of: &Self, axis: usize, size: usize) -> Self {
        if size.is_multiple_of(2) { self.clone() } else { self.concat(&[&of.slice(axis, size - 1..size, 1)], axis) }
    }

    /// 0, 1, .. along an axis, in this tensor's shape: public.
    #[track_caller]
    pub(super) fn places(&self, axis: usize) -> Self {
        let shape = self.shape();
        let mut dims = vec![1; shape.rank()];
        let size = self.size(axis).unwrap_or(1);
        if let Some(dim) = dims.get_mut(axis) {
            *dim = size;
        }
        let places: Vec<f64> = (0..size).map(|place| place as f64).collect();
        Self::public(self.runtime(), dims[..].into(), &places).expand(&shape)
    }

    /// The largest along an axis, which disappears, and the index of the first of those.
    #[track_caller]
    pub fn max_with_index(&self, axis: usize) -> (Self, Self) {
        let mut index = self.places(axis);
        let value = self.tournament(axis, |wins| {
            let [left, right] = index.neighbours(axis);
            let size = index.size(axis).unwrap_or_default();
            index = right.add(&wins.keep(&left.sub(&right))).with_last(&index, axis, size);
        });
        if value.error().is_some() {
            return (value.clone(), value);
        }
        let value = value.squeeze(axis).noted(&[self], || Meaning::Max(axis));
        (value, index.squeeze(axis).noted(&[self], || Meaning::ArgMax(axis)))
    }

    /// The index of the first of the largest along an axis, which disappears.
    #[track_caller]
    pub fn argmax(&self, axis: usize) -> Self {
        self.max_with_index(axis).1
    }

    /// Bits of this tensor's shape: the first of the largest along an axis.
    #[track_caller]
    pub fn argmax_one_hot(&self, axis: usize) -> Self {
        let Ok(size) = self.size(axis) else { return self.tournament(axis, |_| {}) };
        let (shape, rank) = (self.shape(), self.shape().rank());
        let order: Vec<_> = (0..rank).filter(|&other| other != axis).chain([axis]).collect();
        let last = self.permute(&order);
        let rows = shape.len() / size.max(1);
        // The rows of bits so far: of each group of neighbours, its winner.
        let (mut bits, mut group): (Option<Self>, usize) = (None, 1);
        let value = last.reshape(&[rows, size].into()).tournament(1, |wins| {
            let (mask, covered) = wins.halves(group, size);
            let rest = |of: &Self| of.slice(1, covered..size, 1);
            let joined = match &bits {
                Some(bits) => {
                    let won = bits.slice(1, 0..covered, 1).logic(Logic::And, &mask);
                    if covered < size { won.concat(&[&rest(bits)], 1) } else { won }
                }
                None if covered < size => mask.concat(&[&self.ones([rows, size - covered].into())], 1),
                None => mask,
            };
            (bits, group) = (Some(joined), 2 * group);
        });
        if value.error().is_some() {
            return value;
        }
        let bits = bits.unwrap_or_else(|| self.ones([rows, size].into()));
        let back: Vec<_> = (0..axis).chain([rank - 1]).chain(axis..rank - 1).collect();
        bits.reshape(&last.shape()).permute(&back)
    }

    /// Bits that are set: public.
    #[track_caller]
    fn ones(&self, shape: Shape) -> Self {
        let zero = Self::public(self.runtime(), Shape::scalar(), &[0.0]).expand(&shape);
        zero.compare_with(Comparison::Equal, 0.0)
    }

    /// For the bits `[rows, pairs]` of pairs of groups: each bit over its left group, its complement over its right one,
    /// which may be cut off at `size`; and how many elements that covers.
    #[track_caller]
    fn halves(&self, group: usize, size: usize) -> (Self, usize) {
        let (rows, pairs) = (self.size(0).unwrap_or_default(), self.size(1).unwrap_or_default());
        let whole = (size / (2 * group)).min(pairs);
        let sides = |bits: &Self, right: usize| {
            let count = bits.size(1).unwrap_or_default();
            let side =
                |bits: &Self, width: usize| bits.reshape(&[rows, count, 1].into()).expand(&[rows, count, width].into());
            let both = side(bits, group).concat(&[&side(&bits.not(), right)], 2);
            both.reshape(&[rows, count * (group + right)].into())
        };
        let full = || sides(&self.slice(1, 0..whole, 1), group);
        if whole == pairs {
            return (full(), 2 * group * whole);
        }
        let cut = sides(&self.slice(1, whole..pairs, 1), size - 2 * group * whole - group);
        (if whole == 0 { cut } else { full().concat(&[&cut], 1) }, size)
    }
}
