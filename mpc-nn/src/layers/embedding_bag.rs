//! Sums and means of rows of a table.

use super::{Layer, scope};
use crate::{Param, init};
use mpc_core::{Join, Secret, Session, Tensor, Visibility};

/// What becomes of the rows of a bag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bag {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
}

/// For bags of indices `[.., size]`, the sum or mean of these rows of a table `[count, width]`: `[.., width]`.
///
/// The rows are never made: what is multiplied with the table is how often each index is in the bag, one row a bag. So
/// the costs are those of an [`Embedding`](super::Embedding) of one index a bag, and a round for a mean. Exact; of a mean,
/// one unit of the last place.
#[derive(Clone, Debug)]
pub struct EmbeddingBag {
    /// `[count, width]`.
    pub weight: Param,
    /// Sum or mean.
    pub bag: Bag,
}

impl EmbeddingBag {
    /// A table of normal numbers that nobody knows.
    #[track_caller]
    pub fn init(s: &Session, count: usize, width: usize, bag: Bag) -> Self {
        Self::new(init::normal(s, [count, width], 0.0, 1.0), bag)
    }

    /// A given table `[count, width]`.
    pub fn new(weight: Tensor<Secret>, bag: Bag) -> Self {
        Self { weight: Param::new(weight), bag }
    }

    /// By indices `[.., size]`: whole numbers below `count`, as for an [`Embedding`](super::Embedding).
    #[track_caller]
    pub fn forward<V>(&self, indices: &Tensor<V>) -> Tensor<Secret>
    where
        V: Visibility + Join<Secret, Out = Secret>,
    {
        let _scope = scope(indices, "embedding_bag");
        let (shape, count) = (indices.shape(), self.weight.shape().dims().first().copied().unwrap_or(0));
        let axis = shape.rank().saturating_sub(1);
        let counts = indices.one_hot(count).number().sum_axes(&[axis]);
        self.of_counts(&counts, shape.dims().last().copied().unwrap_or(1))
    }

    /// By bags of one size of indices that everybody knows: `[bags, width]`. Free; of a mean, 1 round.
    #[track_caller]
    pub fn of_public(&self, indices: &[usize], size: usize) -> Tensor<Secret> {
        let _scope = scope(&self.weight, "embedding_bag");
        let width = self.weight.shape().dims().get(1).copied().unwrap_or(1);
        let rows = self.weight.index_select(0, indices);
        if rows.handle().error().is_some() {
            return rows;
        }
        self.of_sum(rows.reshape([indices.len() / size.max(1), size, width]).sum_axes(&[1]), size)
    }

    #[track_caller]
    fn of_counts<V>(&self, counts: &Tensor<V>, size: usize) -> Tensor<Secret>
    where
        V: Visibility + Join<Secret, Out = Secret>,
    {
        self.of_sum(counts.matmul(&self.weight), size)
    }

    #[track_caller]
    fn of_sum(&self, sum: Tensor<Secret>, size: usize) -> Tensor<Secret> {
        match self.bag {
            Bag::Sum => sum,
            Bag::Mean => sum / size.max(1) as f64,
        }
    }
}

impl Layer for EmbeddingBag {
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        self.forward(x)
    }
}

parts!(EmbeddingBag: weight);
