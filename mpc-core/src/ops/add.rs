//! `a + b`, element by element, with broadcasting. Free and exact.

use crate::{
    engine::{Engine, Forward, Operand},
    error::Usage,
    fixed::Fixed,
    op::{Handle, Meaning, Op},
    shape::Shape,
};

/// `a + b` of equal shapes.
#[derive(Debug)]
pub(crate) struct Add;

impl Op for Add {
    fn name(&self) -> &'static str {
        "add"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        super::view::same(inputs)
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.add(out, x[0], x[1])
    }
    fn vjp(&self, _: usize, grad: &Handle, _: &[Handle]) -> Option<Handle> {
        Some(grad.clone())
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

impl Handle {
    /// `a + b`, with broadcasting.
    #[track_caller]
    pub fn add(&self, other: &Self) -> Self {
        let (a, b) = self.broadcast(other);
        a.then(Add, &[&b]).noted(&[self, other], || Meaning::Add)
    }
}
