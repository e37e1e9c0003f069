//! Reverse-mode differentiation: gradients are recorded, not computed; whoever reads them runs them.

use super::{Handle, Op};
use crate::{
    engine::{Engine, Forward, Operand, Vis},
    error::{Error, Usage},
    shape::Shape,
};
use std::{collections::BTreeMap, panic::Location};

/// Gradients by the number of the leaf.
pub type Grads = BTreeMap<u64, Handle>;

/// The gradient of a loss by itself: the number one. An op that multiplies its gradient may skip it: see
/// [`Handle::is_seed`].
#[derive(Debug)]
struct Seed;

/// The name of that op.
pub(super) const SEED: &str = "grad";

impl Op for Seed {
    fn name(&self) -> &'static str {
        SEED
    }
    fn infer(&self, _: &[&Shape]) -> Result<Shape, Usage> {
        Ok(Shape::scalar())
    }
    fn visibility(&self, _: &[Vis]) -> Vis {
        Vis::Public
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, _: &'a [&'a Operand]) -> Forward<'a> {
        Box::pin(async move {
            let one = engine.encode(&[1.0]).ok();
            engine.load(out, one.as_ref())
        })
    }
    fn vjp(&self, _: usize, _: &Handle, _: &[Handle]) -> Option<Handle> {
        None
    }
}

impl Handle {
    /// Whether all elements are the number one that every backward pass starts from: no need to multiply by it.
    pub fn is_seed(&self) -> bool {
        self.node.as_ref().is_ok_and(|node| node.ones)
    }

    /// Records the gradients of this scalar by its tracked leaves. Walks from the newest op to the oldest, so each is met
    /// once, with its gradient complete.
    ///
    /// # Errors
    /// The mistake on the way here; [`Error::Usage`] if this is no single number.
    #[track_caller]
    pub fn backward(&self) -> Result<Grads, Error> {
        let loss = self.node.clone().map_err(|error| Error::clone(&error))?;
        if loss.operand.len() != 1 {
            let problem = Usage::Shape { expected: "a loss of one element".into() };
            let scope = self.runtime.scopes().path(loss.operand.at.scope);
            let shapes = vec![loss.operand.shape.clone()];
            return Err(Error::Usage { op: "backward".into(), problem, shapes, scope, at: Location::caller() });
        }
        if !loss.tracked.get() {
            return Ok(Grads::new());
        }
        let seed = Self::record(&self.runtime, Seed, &[]);
        let seed = if loss.operand.shape.rank() == 0 { seed } else { seed.expand(&loss.operand.shape) };
        let mut leaves = Grads::new();
        let mut open = BTreeMap::from([(loss.id(), (loss, seed))]);
        while let Some((id, (node, grad))) = open.pop_last() {
            if !node.follows {
                leaves.insert(id, grad);
                continue;
            }
            let inputs = node.inputs.borrow().clone();
            let handles: Vec<_> =
                inputs.iter().map(|input| Self { runtime: self.runtime.clone(), node: Ok(input.clone()) }).collect();
            for (at, input) in inputs.into_iter().enumerate().filter(|(_, input)| input.tracked.get()) {
                let Some(part) = node.op.vjp(at, &grad, &handles) else { continue };
                let sum = match open.remove(&input.id()) {
                    Some((_, other)) => other.add(&part),
                    None => part,
                };
                open.insert(input.id(), (input, sum));
            }
        }
        Ok(leaves)
    }
}
