//! A value that somebody knows becomes shares: the owner's number plus shares of zero. Free and exact; nothing is sent.

use crate::{
    engine::{Engine, Forward, Kind, Operand, Vis},
    error::Usage,
    fixed::Fixed,
    op::{Handle, Meaning, Op},
    shape::Shape,
};

/// A private or public value as shares.
#[derive(Debug)]
struct Share;

impl Op for Share {
    fn name(&self) -> &'static str {
        "share"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        super::view::same(inputs)
    }
    fn visibility(&self, _: &[Vis]) -> Vis {
        Vis::Secret
    }
    fn kind(&self, inputs: &[Kind]) -> Kind {
        inputs[0]
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.share(out, x[0])
    }
    fn vjp(&self, _: usize, grad: &Handle, _: &[Handle]) -> Option<Handle> {
        Some(grad.clone())
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

impl Handle {
    /// The value as shares.
    #[track_caller]
    pub fn share(&self) -> Self {
        self.then(Share, &[]).noted(&[self], || Meaning::Same)
    }
}
