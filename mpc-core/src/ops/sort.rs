//! Sorting networks: which elements are compared does not depend on the data. All comparisons of a stage share 4 rounds
//! (the opening of a difference, its sign, the choice), and a choice of indices or other columns shares the round of the
//! choice of keys. Exact; equal keys may change places.
//!
//! n elements take `s(n) = l (l + 1) / 2` stages for `l = log2 n`, rounded up (Batcher's odd-even merge sort): 24 rounds for 8,
//! 40 for 16, 112 for 100 elements, and about `n l^2 / 4` comparisons. The k largest of n take `s(k)` stages for blocks of k
//! (rounded up to a power of two), and `log2 k + 1` for each halving of the number of blocks.

use crate::{
    engine::{Comparison, Random},
    error::Usage,
    op::Handle,
    shape::Shape,
};

/// Random bits of the keys of a shuffle.
const KEY_BITS: u32 = 40;

/// Keys `[rows, n]` and what moves with them, each `[rows, n, width]`.
#[derive(Clone)]
struct Columns {
    keys: Handle,
    others: Vec<Handle>,
}

/// The pairs of a stage, as views of `[rows, n, ..]`: each block of `2 * block` elements without `edge` at both ends is cut
/// into runs of `2 * distance`, whose halves are compared.
#[derive(Clone, Copy)]
struct Stage {
    block: usize,
    distance: usize,
    edge: usize,
}

impl Stage {
    /// The stages of Batcher's odd-even merge sort of blocks of `size`, a power of two.
    fn sort(size: usize) -> Vec<Self> {
        let mut stages = Vec::new();
        let mut block = 1;
        while block < size {
            let mut distance = block;
            while distance > 0 {
                let edge = if distance == block { 0 } else { distance };
                stages.push(Self { block, distance, edge });
                distance /= 2;
            }
            block *= 2;
        }
        stages
    }

    /// How many pairs lie within the first `size` of `padded` elements: they are the first pairs.
    fn pairs(self, padded: usize, size: usize) -> usize {
        let Self { block, distance, edge } = self;
        let uppers = (0..padded / (2 * block)).flat_map(|number| {
            let first = 2 * block * number + edge;
            let runs = (first..first + 2 * (block - edge)).step_by(2 * distance);
            runs.flat_map(move |run| run + distance..run + 2 * distance)
        });
        uppers.take_while(|&upper| upper < size).count()
    }

    /// The lower and the upper elements of all pairs, `[rows, pairs, ..]`.
    #[track_caller]
    fn split(self, x: &Handle) -> [Handle; 2] {
        let (rows, n, rest) = extents(x);
        let Self { block, distance, edge } = self;
        let (blocks, inner) = (n / (2 * block), 2 * (block - edge));
        let trimmed = x
            .reshape(&shape(&[rows, blocks, 2 * block], &rest))
            .slice(2, edge..edge + inner, 1)
            .reshape(&shape(&[rows, blocks * inner / (2 * distance), 2, distance], &rest));
        let pairs = blocks * inner / 2;
        [0, 1].map(|side| trimmed.slice(2, side..side + 1, 1).reshape(&shape(&[rows, pairs], &rest)))
    }

    /// The inverse, with the edges of what was split.
    #[track_caller]
    fn join(self, x: &Handle, lower: &Handle, upper: &Handle) -> Handle {
        let (rows, n, rest) = extents(x);
        let Self { block, distance, edge } = self;
        let (blocks, inner) = (n / (2 * block), 2 * (block - edge));
        let runs = shape(&[rows, blocks * inner / (2 * distance), 1, distance], &rest);
        let inside = lower.reshape(&runs).concat(&[&upper.reshape(&runs)], 2);
        let inside = inside.reshape(&shape(&[rows, blocks, inner], &rest));
        let whole = x.reshape(&shape(&[rows, blocks, 2 * block], &rest));
        let edges = [0..edge, 2 * block - edge..2 * block].map(|range| whole.slice(2, range, 1));
        let joined = if edge == 0 { inside } else { edges[0].concat(&[&inside, &edges[1]], 2) };
        joined.reshape(&shape(&[rows, n], &rest))
    }
}

/// Rows, elements of a row, and the axes of an element.
fn extents(x: &Handle) -> (usize, usize, Vec<usize>) {
    match x.shape().dims() {
        [rows, n, rest @ ..] => (*rows, *n, rest.to_vec()),
        _ => (0, 0, Vec::new()),
    }
}

fn shape(first: &[usize], rest: &[usize]) -> Shape {
    [first, rest].concat()[..].into()
}

impl Columns {
    /// `(lower, upper)` of each pair in ascending order of keys.
    #[track_caller]
    fn ordered(lower: &Self, upper: &Self) -> (Self, Self) {
        let gap = upper.keys.sub(&lower.keys);
        let swap = gap.compare_with(Comparison::Less, 0.0);
        let (rows, n, _) = extents(&gap);
        let wide = swap.reshape(&[rows, n, 1].into());
        let exchange = |swap: &Handle, lower: &Handle, upper: &Handle, gap: &Handle| {
            let moved = swap.keep(gap);
            (lower.add(&moved), upper.sub(&moved))
        };
        let (low, high) = exchange(&swap, &lower.keys, &upper.keys, &gap);
        let others = lower.others.iter().zip(&upper.others);
        let (lows, highs) = others.map(|(lower, upper)| exchange(&wide, lower, upper, &upper.sub(lower))).unzip();
        (Self { keys: low, others: lows }, Self { keys: high, others: highs })
    }

    /// The same of all columns.
    fn map(&self, f: impl Fn(&Handle) -> Handle) -> Self {
        Self { keys: f(&self.keys), others: self.others.iter().map(f).collect() }
    }

    fn zip(&self, other: &Self, f: impl Fn(&Handle, &Handle) -> Handle) -> Self {
        let others = self.others.iter().zip(&other.others).map(|(a, b)| f(a, b)).collect();
        Self { keys: f(&self.keys, &other.keys), others }
    }

    /// One stage on rows of which the first `size` elements take part.
    #[track_caller]
    fn stage(&self, stage: Stage, size: usize) -> Self {
        let all = stage.pairs(extents(&self.keys).1, usize::MAX);
        let pairs = stage.pairs(extents(&self.keys).1, size);
        if pairs == 0 {
            return self.clone();
        }
        let side = |side: usize| self.map(|x| stage.split(x)[side].clone());
        let (lower, upper) = (side(0), side(1));
        let first = |x: &Handle| if pairs == all { x.clone() } else { x.slice(1, 0..pairs, 1) };
        let (low, high) = Self::ordered(&lower.map(first), &upper.map(first));
        let rest = |done: &Handle, of: &Handle| match pairs == all {
            true => done.clone(),
            false => done.concat(&[&of.slice(1, pairs..all, 1)], 1),
        };
        let (low, high) = (low.zip(&lower, rest), high.zip(&upper, rest));
        let joined = |x: &Handle, lower: &Handle, upper: &Handle| stage.join(x, lower, upper);
        let others = self.others.iter().zip(low.others.iter().zip(&high.others));
        Self {
            keys: joined(&self.keys, &low.keys, &high.keys),
            others: others.map(|(x, (low, high))| joined(x, low, high)).collect(),
        }
    }

    /// Followed by public numbers up to a length of rows.
    #[track_caller]
    fn padded(&self, length: usize, key: f64) -> Self {
        let pad = |x: &Handle, value: f64| {
            let (rows, n, rest) = extents(x);
            let public = Handle::public(x.runtime(), Shape::scalar(), &[value]);
            if n == length { x.clone() } else { x.concat(&[&public.expand(&shape(&[rows, length - n], &rest))], 1) }
        };
        Self { keys: pad(&self.keys, key), others: self.others.iter().map(|x| pad(x, 0.0)).collect() }
    }

    /// In ascending order of keys.
    #[track_caller]
    fn sorted(&self) -> Self {
        let size = extents(&self.keys).1;
        let padded = size.next_power_of_two();
        // What follows the elements stays behind them: it takes part in no comparison.
        let stages = Stage::sort(padded).into_iter();
        let sorted = stages.fold(self.padded(padded, 0.0), |columns, stage| columns.stage(stage, size));
        sorted.map(|x| if padded == size { x.clone() } else { x.slice(1, 0..size, 1) })
    }

    /// The first k in ascending order of keys: blocks are sorted, and merged in pairs.
    #[track_caller]
    fn first(&self, k: usize) -> Self {
        let (rows, size, _) = extents(&self.keys);
        let block = k.next_power_of_two();
        if 2 * block > size {
            return self.sorted().map(|x| x.slice(1, 0..k, 1));
        }
        let mut length = size.next_multiple_of(block);
        // No number is larger than what fills the last block.
        let fixed = self.keys.runtime().engine().fixed();
        let largest = fixed.limit::<u64>() - fixed.ulp();
        let mut best = Stage::sort(block)
            .into_iter()
            .fold(self.padded(length, largest), |columns, stage| columns.stage(stage, usize::MAX));
        while length > block {
            let (pairs, odd) = (length / (2 * block), length % (2 * block));
            let side = |side: usize| {
                best.map(|x| {
                    let rest = extents(x).2;
                    let whole = x.slice(1, 0..length - odd, 1).reshape(&shape(&[rows, pairs, 2, block], &rest));
                    let half = whole.slice(2, side..side + 1, 1);
                    let half = if side == 1 { half.flip(3) } else { half };
                    half.reshape(&shape(&[rows, pairs * block], &rest))
                })
            };
            // Of an ascending and a descending block, the smaller of each pair are the smallest: first up, then down.
            let (mut low, _) = Self::ordered(&side(0), &side(1));
            let mut distance = block / 2;
            while distance > 0 {
                low = low.stage(Stage { block: distance, distance, edge: 0 }, usize::MAX);
                distance /= 2;
            }
            best = match odd {
                0 => low,
                _ => low.zip(&best, |low, best| low.concat(&[&best.slice(1, length - odd..length, 1)], 1)),
            };
            length = pairs * block + odd;
        }
        best.map(|x| x.slice(1, 0..k, 1))
    }
}

impl Handle {
    /// As rows along an axis, and the shape before that.
    #[track_caller]
    fn as_rows(&self, axis: usize) -> Result<(Self, Shape), Usage> {
        let (size, rank) = (self.size(axis)?, self.shape().rank());
        let order: Vec<_> = (0..rank).filter(|&other| other != axis).chain([axis]).collect();
        let last = self.permute(&order);
        let rows = self.shape().len().checked_div(size).unwrap_or_default();
        Ok((last.reshape(&[rows, size].into()), last.shape()))
    }

    /// The inverse for rows of another length.
    #[track_caller]
    fn rows_back(&self, axis: usize, last: &Shape) -> Self {
        let (rank, mut dims) = (last.rank(), last.dims().to_vec());
        if let Some(length) = dims.last_mut() {
            *length = extents(self).1;
        }
        let back: Vec<_> = (0..axis).chain([rank - 1]).chain(axis..rank - 1).collect();
        self.reshape(&dims[..].into()).permute(&back)
    }

    /// The sorted rows, and the indices of their elements if asked for.
    #[track_caller]
    fn arranged(&self, axis: usize, descending: bool, indexed: bool, k: Option<usize>) -> (Self, Self) {
        let (rows, last) = match self.as_rows(axis) {
            Ok(rows) => rows,
            Err(problem) => return self.both(self.refuse("sort", problem)),
        };
        let (count, size, _) = extents(&rows);
        if k.is_some_and(|k| k > size) {
            let problem = Usage::Argument(format!("{} of {size} elements", k.unwrap_or_default()));
            return self.both(self.refuse("topk", problem));
        }
        if rows.shape().is_empty() || k == Some(0) {
            let none = self.slice(axis, 0..k.unwrap_or(size), 1);
            return self.both(none);
        }
        let index = || rows.places(1).reshape(&[count, size, 1].into());
        let others = if indexed { vec![index()] } else { Vec::new() };
        let columns = Columns { keys: if descending { rows.neg() } else { rows.clone() }, others };
        let sorted = k.map_or_else(|| columns.sorted(), |k| columns.first(k));
        let keys = if descending { sorted.keys.neg() } else { sorted.keys };
        let values = keys.rows_back(axis, &last);
        let length = extents(&keys).1;
        let index = sorted.others.first().map(|x| x.reshape(&[count, length].into()).rows_back(axis, &last));
        (values.clone(), index.unwrap_or(values))
    }

    fn both(&self, one: Self) -> (Self, Self) {
        (one.clone(), one)
    }

    /// In order along an axis.
    #[track_caller]
    pub fn sort(&self, axis: usize, descending: bool) -> Self {
        self.arranged(axis, descending, false, None).0
    }

    /// In order along an axis, and the indices that the elements had.
    #[track_caller]
    pub fn sort_with_index(&self, axis: usize, descending: bool) -> (Self, Self) {
        self.arranged(axis, descending, true, None)
    }

    /// The k largest along an axis, largest first.
    #[track_caller]
    pub fn topk(&self, k: usize, axis: usize) -> Self {
        self.arranged(axis, true, false, Some(k)).0
    }

    /// The k largest along an axis, largest first, and their indices.
    #[track_caller]
    pub fn topk_with_index(&self, k: usize, axis: usize) -> (Self, Self) {
        self.arranged(axis, true, true, Some(k))
    }

    /// The median along an axis, which disappears: of an even number, the mean of the two in the middle.
    #[track_caller]
    pub fn median(&self, axis: usize) -> Self {
        match self.size(axis) {
            Ok(0) => self.refuse("median", Usage::Argument("the median of none".into())),
            Ok(size) => {
                let (sorted, middle) = (self.sort(axis, false), size / 2);
                let at = |place: usize| sorted.slice(axis, place..place + 1, 1).squeeze(axis);
                if size % 2 == 1 { at(middle) } else { at(middle - 1).add(&at(middle)).scale(0.5) }
            }
            Err(problem) => self.refuse("median", problem),
        }
    }

    /// The slices along an axis in an order that nobody knows: they are sorted by random keys. All orders are as likely, but
    /// for keys that are equal: with n slices, with a probability below `n^2 / 2^41`.
    #[track_caller]
    pub fn shuffle(&self, axis: usize) -> Self {
        let size = match self.size(axis) {
            Ok(size) => size,
            Err(problem) => return self.refuse("shuffle", problem),
        };
        if size < 2 {
            return self.clone();
        }
        let keys = Self::random(self.runtime(), [size].into(), Random::Uniform { bits: KEY_BITS });
        self.sorted_by(axis, &keys)
    }

    /// The slices along an axis in the order of their keys, smallest first: one key for each.
    #[track_caller]
    pub fn sort_by(&self, axis: usize, keys: &Self) -> Self {
        match self.size(axis) {
            Ok(size) if keys.shape().dims() == [size] => self.sorted_by(axis, keys),
            Ok(size) => {
                let problem = Usage::Shape { expected: format!("{size} keys for the {size} slices of axis {axis}") };
                self.refuse("sort_by", problem)
            }
            Err(problem) => self.refuse("sort_by", problem),
        }
    }

    #[track_caller]
    fn sorted_by(&self, axis: usize, keys: &Self) -> Self {
        let (size, rank) = (keys.shape().len(), self.shape().rank());
        let order: Vec<_> = std::iter::once(axis).chain((0..rank).filter(|&other| other != axis)).collect();
        let first = self.permute(&order);
        if first.shape().is_empty() {
            return self.clone();
        }
        let width = first.shape().len() / size;
        let keys = keys.reshape(&[1, size].into());
        let columns = Columns { keys, others: vec![first.reshape(&[1, size, width].into())] };
        let moved = columns.sorted().others.swap_remove(0).reshape(&first.shape());
        let back: Vec<_> = (1..=axis).chain([0]).chain(axis + 1..rank).collect();
        moved.permute(&back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_pair_the_right_elements() {
        let count = |size: usize| Stage::sort(size).len();
        assert_eq!((count(1), count(2), count(8), count(16), count(128)), (0, 1, 6, 10, 28));
        let comparisons = |size: usize| Stage::sort(size).iter().map(|stage| stage.pairs(size, size)).sum::<usize>();
        assert_eq!((comparisons(8), comparisons(16)), (19, 63));
        assert_eq!(Stage { block: 4, distance: 2, edge: 2 }.pairs(8, 5), 1);
    }
}
