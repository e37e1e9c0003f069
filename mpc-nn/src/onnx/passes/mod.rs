//! What is done to a model before it becomes a graph. Each pass leaves the function as it is.

mod batch_norm;
mod fold;
mod fuse;
mod split;

pub(super) use split::split;

use super::model::Model;

/// All passes, in order.
pub(super) fn run(model: &mut Model) {
    fold::run(model);
    batch_norm::run(model);
    fuse::run(model);
    model.prune();
}
