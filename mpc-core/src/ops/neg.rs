//! `-x`. Free and exact.

use crate::{
    bilinear::Linear,
    engine::{Engine, Forward, Operand},
    error::Usage,
    fixed::Fixed,
    op::{Handle, Meaning, Op},
    shape::Shape,
};

/// `-x`.
#[derive(Debug)]
struct Neg;

impl Op for Neg {
    fn name(&self) -> &'static str {
        "neg"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        super::view::same(inputs)
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.linear(out, &Linear::Neg, x[0])
    }
    fn vjp(&self, _: usize, grad: &Handle, _: &[Handle]) -> Option<Handle> {
        Some(grad.neg())
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

impl Handle {
    /// `-x`.
    #[track_caller]
    pub fn neg(&self) -> Self {
        self.then(Neg, &[]).noted(&[self], || Meaning::Combine(vec![-1.0]))
    }
}
