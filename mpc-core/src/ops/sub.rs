//! `a - b`, element by element, with broadcasting. Free and exact.

use crate::{
    engine::{Engine, Forward, Operand},
    error::Usage,
    fixed::Fixed,
    op::{Handle, Meaning, Op},
    shape::Shape,
};

/// `a - b` of equal shapes.
#[derive(Debug)]
pub(crate) struct Sub;

impl Op for Sub {
    fn name(&self) -> &'static str {
        "sub"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        super::view::same(inputs)
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.sub(out, x[0], x[1])
    }
    fn vjp(&self, input: usize, grad: &Handle, _: &[Handle]) -> Option<Handle> {
        Some(if input == 0 { grad.clone() } else { grad.neg() })
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

impl Handle {
    /// `a - b`, with broadcasting.
    #[track_caller]
    pub fn sub(&self, other: &Self) -> Self {
        let (a, b) = self.broadcast(other);
        a.then(Sub, &[&b]).noted(&[self, other], || Meaning::Sub)
    }
}
