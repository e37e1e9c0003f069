//! From the recording to the executor: what is needed is planned, asked of the dealer, and started.

use super::Runtime;
use crate::{
    engine::Vis,
    error::{Error, Result},
    op::{
        Audience, Handle, Node, Opened,
        fusion::{RELU_OF_PRODUCT, fuse},
        node::run_at_client,
    },
    ring::Ring,
};
use mpc_comm::SPANS;
use std::{collections::HashSet, rc::Rc};
use tracing::{Instrument, debug_span, trace_span};

impl Runtime {
    /// Hands what is recorded and needed to the executor: nodes that nobody can read any more are dropped first. With
    /// `targets`, only what those need; the rest stays recorded.
    pub(super) fn spawn_recorded(&self, targets: Option<&[&Handle]>) -> Result<()> {
        let needed = self.take_needed(targets);
        if self.is_client() {
            self.spawn_at_client(needed);
            return Ok(());
        }
        self.cx.net().batch(self.digest.borrow().value());
        if needed.is_empty() {
            return Ok(());
        }
        let plan = debug_span!(
            target: SPANS,
            "plan",
            scope = needed.last().map(|first| self.scopes.path(first.operand.at.scope)).as_deref(),
            steps = needed.len(),
            requests = tracing::field::Empty
        )
        .entered();
        fuse(&needed).into_iter().for_each(|scope| self.rewritten_at(RELU_OF_PRODUCT, scope));
        let mut needs = Vec::new();
        for node in needed.iter().rev() {
            let inputs = node.inputs.borrow();
            let operands: Vec<_> = inputs.iter().map(|input| &input.operand).collect();
            needs.extend(node.op.plan(&*self.engine, &node.operand, &operands));
            if node.op.opens() {
                self.enter_in_ledger(node);
            }
        }
        if !needs.is_empty() {
            let step = |op| needed.iter().find(|node| node.id() == op).map(|node| (node.operand.at.scope, node.at));
            self.cx.net().request(&needs, |op| step(op).unwrap_or_else(|| self.last.get()))?;
        }
        tracing::trace!(steps = needed.len(), requests = needs.len(), "batch");
        plan.record("requests", needs.len());
        drop(plan);
        for node in needed.into_iter().rev() {
            let scope = || self.scopes.path(node.operand.at.scope);
            let span = trace_span!(target: SPANS, "step", scope = &*scope(), op = node.id());
            self.tasks.spawn(node.id(), node.run(self.engine.clone(), self.reports()).instrument(span));
        }
        Ok(())
    }

    /// What is recorded and needed, the newest first. The rest is dropped, or kept where it is no target.
    fn take_needed(&self, targets: Option<&[&Handle]>) -> Vec<Rc<Node>> {
        let mut recorded = self.pending.take();
        let wanted = targets.map(|targets| wanted(&recorded, targets));
        let (mut needed, mut kept) = (Vec::with_capacity(recorded.len()), Vec::new());
        // A client cannot know when the parties ran a step, and so which steps they dropped: it supplies all.
        let supplies = |node: &Node| self.is_client() && node.needs_client(self.me());
        while let Some(node) = recorded.pop() {
            // What nobody can read goes, also where only some tensors are asked for: it would hold its inputs.
            if Rc::strong_count(&node) == 1 && !supplies(&node) {
                continue;
            }
            match &wanted {
                Some(wanted) if !wanted.contains(&node.id()) => kept.push(node),
                _ => needed.push(node),
            }
        }
        kept.reverse();
        self.pending_elements.set(kept.iter().map(|node| node.operand.len()).sum());
        *self.pending.borrow_mut() = kept;
        needed
    }

    fn spawn_at_client(&self, needed: Vec<Rc<Node>>) {
        for node in needed.into_iter().rev() {
            if node.op.opens() {
                self.enter_in_ledger(&node);
            }
            let id = node.id();
            self.tasks.spawn(id, run_at_client(node, self.engine.clone(), self.me(), self.reports()));
        }
    }

    /// What stops the session when a result is too large for the ring.
    fn reports(&self) -> impl FnOnce(&Node, bool) + 'static {
        let watcher = self.watcher.get().cloned();
        let (failure, scopes, fixed) = (self.failure.clone(), self.scopes.clone(), self.engine.fixed());
        move |node: &Node, exceeds: bool| {
            watcher.into_iter().for_each(|watch| watch(node));
            if !exceeds {
                return;
            }
            let (op, limit, scope) = (node.op.name(), fixed.limit::<u64>(), scopes.path(node.operand.at.scope));
            let (ring, fraction_bits, at) = (u64::NAME, fixed.bits(), node.at);
            failure.borrow_mut().get_or_insert(Error::Range { op, limit, ring, fraction_bits, scope, at });
        }
    }

    fn enter_in_ledger(&self, node: &Node) {
        let to = match node.operand.vis {
            Vis::Private(party) => Audience::Party(self.names.get(party).cloned().unwrap_or_default()),
            _ => Audience::Everybody,
        };
        let (scope, shape) = (self.scopes.path(node.operand.at.scope), node.operand.shape.clone());
        self.enter(Opened { scope, shape, to, at: node.at, times: 1 });
    }
}

/// The recorded nodes that some tensors need.
fn wanted(recorded: &[Rc<Node>], targets: &[&Handle]) -> HashSet<u64> {
    let mut wanted: HashSet<u64> = targets.iter().filter_map(|target| target.id()).collect();
    for node in recorded.iter().rev() {
        if wanted.contains(&node.id()) {
            wanted.extend(node.inputs.borrow().iter().map(|input| input.id()));
        }
    }
    wanted
}
