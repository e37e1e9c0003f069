//! What is done to a model before it becomes a graph. Each pass leaves the function as it is.

mod batch_norm;
mod casts;
mod classes;
mod fold;
mod fuse;
mod sklearn;
mod split;
mod steps;
mod svm;
mod trees;

pub(super) use split::split;

use super::{model::Model, report::Report};

/// All passes, in order.
pub(super) fn run(model: &mut Model, report: &mut Report) {
    let named = model.outputs.clone();
    fold::run(model);
    casts::run(model);
    sklearn::run(model, report);
    batch_norm::run(model);
    fuse::run(model);
    // What was made on the way may be constant too, or do nothing.
    fold::run(model);
    model.prune();
    model.name_outputs(&named);
}
