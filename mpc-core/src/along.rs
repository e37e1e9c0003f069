//! Maps along one axis of a tensor: picking by public index, and running sums. Linear, so free on shares.

use crate::shape::Shape;
use serde::{Deserialize, Serialize};

/// One axis of row-major data: `outer` blocks of `size` steps of `inner` elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Along {
    /// Blocks.
    pub outer: usize,
    /// Steps of the axis.
    pub size: usize,
    /// Elements of a step.
    pub inner: usize,
}

impl Along {
    /// An axis of a shape; nothing if there is no such axis.
    pub fn of(shape: &Shape, axis: usize) -> Option<Self> {
        let dims = shape.dims();
        let &size = dims.get(axis)?;
        Some(Self { outer: dims[..axis].iter().product(), size, inner: dims[axis + 1..].iter().product() })
    }

    /// All elements as one axis.
    pub fn flat(shape: &Shape) -> Self {
        Self { outer: 1, size: shape.len(), inner: 1 }
    }
}

/// Element (o, k, i) of the result is (o, `index[k]`, i) of the source, or zero where there is no index.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pick {
    /// The axis of the source.
    pub along: Along,
    /// What is picked; below the size of the axis.
    pub index: Vec<Option<usize>>,
}

impl Pick {
    /// Elements of the result.
    pub fn out_len(&self) -> usize {
        self.along.outer * self.index.len() * self.along.inner
    }

    /// Elements of the source.
    pub fn in_len(&self) -> usize {
        self.along.outer * self.along.size * self.along.inner
    }
}
