//! Mistakes that are noticed before there is an op to report them.

use crate::{error::Usage, op::Handle, shape::Shape};

/// The most elements of a tensor: what an index of any ring's array can reach.
const MOST: usize = isize::MAX as usize / 16;

/// These sizes as a shape, if there are not too many elements. Products with a zero are checked as if it were a one.
pub(super) fn sized(dims: &[usize]) -> Result<Shape, Usage> {
    let len = dims.iter().try_fold(1usize, |len, &size| len.checked_mul(size.max(1))).filter(|&len| len <= MOST);
    match len {
        Some(_) => Ok(Shape::from(dims)),
        None => Err(Usage::Argument(format!("a tensor of sizes {dims:?} is larger than any memory"))),
    }
}

impl Handle {
    /// What an op that cannot be recorded gives: its mistake, or an earlier one that this tensor carries.
    #[track_caller]
    pub(super) fn refuse(&self, op: &'static str, problem: Usage) -> Self {
        if self.error().is_some() {
            return self.clone();
        }
        Self::misused(self.runtime(), op, problem, vec![self.shape()])
    }

    /// The gradient of what has one in mathematics, but not here: an error rather than a zero.
    #[track_caller]
    pub(super) fn no_derivative(&self, op: &'static str) -> Self {
        self.refuse(op, Usage::Argument("no derivative of this order is known".into()))
    }

    /// The size of an axis.
    pub(super) fn size(&self, axis: usize) -> Result<usize, Usage> {
        let shape = self.shape();
        shape.dims().get(axis).copied().ok_or(Usage::Axis { axis, rank: shape.rank() })
    }
}
