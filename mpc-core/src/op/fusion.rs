//! Rewrites of a recorded batch that change no result: found when the batch is handed to the executor, from the program
//! alone, so that all parties find the same.

use super::Node;
use crate::engine::Vis;
use std::{collections::HashSet, rc::Rc};

/// Parts of a fused ReLU. A product that only just has been recorded is rescaled by opening it at double scale; its sign
/// and the choice use that opening: one round and one opening less than rescaling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fusion {
    /// A product that is rescaled at the end.
    Product,
    /// Its sign, where it does not matter on which side a product that rounds to zero is.
    Sign,
    /// `sign ? product : 0`: inputs sign and product.
    Choice,
}

/// Marks the nodes of a batch that are fused.
pub(super) fn fuse(batch: &[Rc<Node>]) {
    let ids: HashSet<u64> = batch.iter().map(|node| node.id()).collect();
    for choice in batch.iter().filter(|node| node.op.fusion() == Some(Fusion::Choice)) {
        let inputs = choice.inputs.borrow();
        let [sign, product] = &inputs[..] else { continue };
        let signs_it = sign.inputs.borrow().first().is_some_and(|input| input.id() == product.id());
        let fits = sign.op.fusion() == Some(Fusion::Sign)
            && product.op.fusion() == Some(Fusion::Product)
            && product.operand.vis == Vis::Secret
            && signs_it
            && ids.contains(&sign.id())
            && ids.contains(&product.id());
        if fits {
            [choice, sign, product].into_iter().for_each(|node| node.operand.fused.set(true));
        }
    }
}
