//! Rewrites that change no result, found from the program alone, so that all parties find the same: some when a batch is
//! handed to the executor, some when an op is recorded on what has not run yet. What they replace is not run unless somebody
//! reads it.

use super::{Handle, Node};
use crate::{
    engine::Vis,
    scope::ScopeId,
    shape::{Shape, View},
};
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

/// A rewrite that was made: the same result, for less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// What is computed instead of what.
    pub name: &'static str,
    /// Where: the path of the step.
    pub scope: String,
    /// How often.
    pub times: usize,
}

/// The names of the rewrites.
pub(crate) const RELU_OF_PRODUCT: &str = "the ReLU of a product on the product's opening";
pub(crate) const RELU_OF_VIEW: &str = "the view of a ReLU for the ReLU of a view";
pub(crate) const POOL_OF_RELU: &str = "the ReLU of a max-pool for the max-pool of a ReLU";

/// Marks the nodes of a batch that are fused, and says where each choice among them is.
pub(super) fn fuse(batch: &[Rc<Node>]) -> Vec<ScopeId> {
    let mut found = Vec::new();
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
            found.push(choice.operand.at.scope);
        }
    }
    found
}

impl Handle {
    /// Another value of the graph.
    fn of(&self, node: &Rc<Node>) -> Self {
        Self { runtime: self.runtime.clone(), node: Ok(node.clone()) }
    }

    /// The node of a secret number that has not been handed to the executor.
    fn waiting(&self) -> Option<&Rc<Node>> {
        let node = self.node.as_ref().ok()?;
        (node.operand.vis == Vis::Secret && self.runtime.is_waiting(node)).then_some(node)
    }

    /// What this is a view of, if it waits to run, has each element of that once, and gradients go on to it.
    pub(crate) fn viewed(&self) -> Option<(Self, View, Shape)> {
        let node = self.waiting()?;
        let inputs = node.inputs.borrow();
        let input = inputs.first().filter(|input| goes_on(node, input))?;
        let (view, shape) = node.op.view(&input.operand.shape)?;
        Some((self.of(input), view, shape))
    }

    /// Whether this is a product that waits to be run, and could be rescaled, compared and chosen on one opening.
    pub(crate) fn is_waiting_product(&self) -> bool {
        self.waiting().is_some_and(|node| node.op.fusion() == Some(Fusion::Product))
    }

    /// What this is the ReLU of, if it waits to run and gradients go on to that.
    pub(crate) fn rectified(&self) -> Option<Self> {
        let node = self.waiting().filter(|node| node.op.fusion() == Some(Fusion::Choice))?;
        let inputs = node.inputs.borrow();
        let [sign, x] = &inputs[..] else { return None };
        let signs_it = sign.inputs.borrow().first().is_some_and(|input| input.id() == x.id());
        let fits =
            sign.op.fusion() == Some(Fusion::Sign) && signs_it && x.operand.vis == Vis::Secret && goes_on(node, x);
        fits.then(|| self.of(x))
    }
}

/// Whether a gradient of the node is one of its input: neither is a leaf to which the other does not lead.
fn goes_on(node: &Node, input: &Node) -> bool {
    node.follows == node.tracked.get() && node.follows == input.tracked.get()
}
