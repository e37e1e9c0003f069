//! A secret is opened, to everybody or to one party. 1 round, 8 B from each party to each who may see it. Exact. Goes
//! into the reveal ledger.

use crate::{
    engine::{Engine, Forward, Kind, Operand, Vis},
    error::Usage,
    fixed::Fixed,
    op::{Handle, Op},
    shape::Shape,
};

/// The opening of a secret.
#[derive(Debug)]
struct Reveal {
    to: Option<usize>,
}

impl Op for Reveal {
    fn name(&self) -> &'static str {
        "reveal"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        super::view::same(inputs)
    }
    fn visibility(&self, _: &[Vis]) -> Vis {
        self.to.map_or(Vis::Public, Vis::Private)
    }
    fn kind(&self, inputs: &[Kind]) -> Kind {
        inputs[0]
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.reveal(out, x[0])
    }
    fn vjp(&self, _: usize, grad: &Handle, _: &[Handle]) -> Option<Handle> {
        Some(grad.clone())
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
    fn opens(&self) -> bool {
        true
    }
}

impl Handle {
    /// The value, opened to one party or to all.
    #[track_caller]
    pub fn reveal(&self, to: Option<usize>) -> Self {
        // No closure records: it would have a source line of its own.
        match to.and_then(|party| Self::not_a_party(self.runtime(), "reveal", party)) {
            Some(mistake) => mistake,
            None => self.then(Reveal { to }, &[]),
        }
    }
}
