//! A recorded op.

use super::Op;
use crate::engine::{Engine, Operand, Vis};
use std::{
    cell::{Cell, RefCell},
    panic::Location,
    rc::Rc,
};

/// A recorded op and its value to be. The graph of nodes is the tape.
pub struct Node {
    /// The value.
    pub operand: Operand,
    /// The line of the program that recorded it.
    pub at: &'static Location<'static>,
    pub(super) op: Box<dyn Op>,
    pub(super) inputs: RefCell<Vec<Rc<Node>>>,
    /// Whether all elements are the number one that a backward pass starts from.
    pub(super) ones: bool,
    /// Whether gradients go on to its inputs.
    pub(super) follows: bool,
    /// Whether a gradient may be asked for it: it follows, or it is a leaf.
    pub(super) tracked: Cell<bool>,
    pub(super) _live: Rc<()>,
}

impl Node {
    /// Its number, the same at every party.
    pub fn id(&self) -> u64 {
        self.operand.at.op
    }

    /// Whether this is a secret made of what client `me` knows.
    pub(super) fn needs_client(&self, me: usize) -> bool {
        let its = |input: &Rc<Self>| input.operand.vis == Vis::Private(me);
        self.operand.vis == Vis::Secret && self.inputs.borrow().iter().any(its)
    }

    /// The coroutine. Lets go of the inputs when done, unless a gradient may want them. Reports a result at the scale of
    /// numbers, and whether it is too large for the ring, where that can be known.
    pub(super) async fn run(self: Rc<Self>, engine: Rc<dyn Engine>, report: impl FnOnce(&Self, bool)) {
        let inputs = self.inputs.borrow().clone();
        for input in &inputs {
            input.operand.done.clone().await;
        }
        let operands: Vec<_> = inputs.iter().map(|input| &input.operand).collect();
        let value = self.op.forward(&*engine, &self.operand, &operands).await;
        self.operand.finish(value);
        if self.op.bounded() {
            report(&self, engine.exceeds(&self.operand));
        }
        if !self.follows {
            self.inputs.take();
        }
    }
}

/// The coroutine at a client, which computes what it may know, and supplies the parties with shares of what it knows when
/// an op on secrets needs them.
pub(super) async fn run_at_client(node: Rc<Node>, engine: Rc<dyn Engine>, me: usize, report: impl FnOnce(&Node, bool)) {
    if matches!(node.operand.vis, Vis::Public) || node.operand.vis == Vis::Private(me) {
        return node.run(engine, report).await;
    }
    node.operand.finish(engine.unknown(&node.operand));
    if node.needs_client(me) {
        let inputs = node.inputs.borrow().clone();
        for input in inputs.iter().filter(|input| input.operand.vis == Vis::Private(me)) {
            input.operand.done.clone().await;
            engine.supply(&input.operand);
        }
    }
    if !node.follows {
        node.inputs.take();
    }
}

impl Drop for Node {
    /// Frees a long chain in a loop: the recursion that the compiler would write overflows the stack.
    fn drop(&mut self) {
        let mut dead = self.inputs.take();
        while let Some(node) = dead.pop() {
            if let Some(node) = Rc::into_inner(node) {
                dead.append(&mut node.inputs.borrow_mut());
            }
        }
    }
}
