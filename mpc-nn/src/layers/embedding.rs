//! Rows of a table by index.

use super::{Layer, scope};
use crate::{Param, init};
use mpc_core::{Join, Secret, Session, Shape, Tensor, Visibility};

/// The rows of a table `[count, width]` at some indices: `[.., width]`. Exact.
///
/// By a secret index: at most 5 rounds, and a product that reads the whole table, so that nobody learns the row. By one-hot
/// rows: 2 rounds. By public indices: free.
#[derive(Clone, Debug)]
pub struct Embedding {
    /// `[count, width]`.
    pub weight: Param,
}

impl Embedding {
    /// A table of normal numbers that nobody knows.
    #[track_caller]
    pub fn init(s: &Session, count: usize, width: usize) -> Self {
        Self::new(init::normal(s, [count, width], 0.0, 1.0))
    }

    /// A given table `[count, width]`.
    pub fn new(weight: Tensor<Secret>) -> Self {
        Self { weight: Param::new(weight) }
    }

    /// By indices of any shape: whole numbers below `count`. Nobody can check that of a secret one; another number gives a
    /// row that is not defined.
    #[track_caller]
    pub fn forward<V>(&self, index: &Tensor<V>) -> Tensor<Secret>
    where
        V: Visibility + Join<Secret, Out = Secret>,
    {
        let _scope = scope(index, "embedding");
        self.weight.handle().embedding(index.handle()).into()
    }

    /// By one-hot rows `[.., count]`, or mixtures of them.
    #[track_caller]
    pub fn of_one_hot<V>(&self, rows: &Tensor<V>) -> Tensor<Secret>
    where
        V: Visibility + Join<Secret, Out = Secret>,
    {
        let _scope = scope(rows, "embedding");
        rows.matmul(&self.weight)
    }

    /// By indices that everybody knows, in this shape.
    #[track_caller]
    pub fn of_public(&self, indices: &[usize], shape: impl Into<Shape>) -> Tensor<Secret> {
        let _scope = scope(&self.weight, "embedding");
        let (rows, width) = (self.weight.index_select(0, indices), self.weight.shape().dims().get(1).copied());
        let dims = [shape.into().dims(), &[width.unwrap_or(1)]].concat();
        if rows.handle().error().is_some() { rows } else { rows.reshape(&dims[..]) }
    }
}

impl Layer for Embedding {
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        self.forward(x)
    }
}

parts!(Embedding: weight);
