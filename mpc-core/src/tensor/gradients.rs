//! The gradients of a loss, recorded and not yet computed.

use super::Tensor;
use crate::{
    error::Error,
    op::{Grads, Handle},
    visibility::Visibility,
};
use std::fmt;

/// The gradients of a loss by its leaves: recorded, computed when something that needs them is read or flushed.
pub struct Gradients<V> {
    of: Result<Grads, Error>,
    loss: Tensor<V>,
}

impl<V: Visibility> Gradients<V> {
    #[track_caller]
    pub(super) fn of_loss(loss: &Tensor<V>) -> Self {
        Self { of: loss.handle.backward(), loss: loss.clone() }
    }

    /// The gradient of a leaf; zero if the loss does not depend on it.
    #[track_caller]
    pub fn of<W: Visibility>(&self, leaf: &Tensor<W>) -> Tensor<V> {
        let runtime = leaf.handle.runtime();
        match (&self.of, leaf.handle.id()) {
            (Err(error), _) => Handle::poisoned(runtime, error.clone()).into(),
            (_, None) => leaf.handle.clone().into(),
            (Ok(of), Some(id)) => of.get(&id).cloned().unwrap_or_else(|| leaf.handle.scale(0.0)).into(),
        }
    }
}

impl<V: Visibility> fmt::Debug for Gradients<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gradients of {:?}", self.loss)
    }
}
