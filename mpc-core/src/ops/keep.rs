//! Bits that select: `bit ? x : 0`, and bits as numbers 0 and 1. 1 round and 1/8 B (dealt 8 B for the bit, 8 B for x), after
//! 1 round and 8 B if x is not open yet. Exact. The bit of a comparison serves again in the backward pass.

use crate::{
    engine::{Engine, Forward, Operand},
    error::Usage,
    fixed::Fixed,
    op::{Fusion, Handle, Meaning, Op},
    preprocessing::Need,
    shape::Shape,
};

/// `bit ? x : 0` of one shape.
#[derive(Debug)]
struct Keep;

impl Op for Keep {
    fn name(&self) -> &'static str {
        "select"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        super::view::same(inputs)
    }
    fn plan(&self, engine: &dyn Engine, out: &Operand, x: &[&Operand]) -> Vec<Need> {
        engine.plan_keep(out, x[0], x[1])
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.keep(out, x[0], x[1])
    }
    fn fusion(&self) -> Option<Fusion> {
        Some(Fusion::Choice)
    }
    fn vjp(&self, input: usize, grad: &Handle, inputs: &[Handle]) -> Option<Handle> {
        (input == 1).then(|| inputs[0].keep(grad))
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

/// Bits as numbers.
#[derive(Debug)]
struct Number;

impl Op for Number {
    fn name(&self) -> &'static str {
        "number"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        super::view::same(inputs)
    }
    fn plan(&self, engine: &dyn Engine, out: &Operand, x: &[&Operand]) -> Vec<Need> {
        engine.plan_number(out, x[0])
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.number(out, x[0])
    }
    fn vjp(&self, _: usize, _: &Handle, _: &[Handle]) -> Option<Handle> {
        None
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

impl Handle {
    /// `bit ? x : 0` for these bits, with broadcasting.
    #[track_caller]
    pub fn keep(&self, x: &Self) -> Self {
        let (bits, kept) = self.broadcast(x);
        bits.then(Keep, &[&kept]).noted(&[self, x], || Meaning::Keep)
    }

    /// These bits as numbers 0 and 1.
    #[track_caller]
    pub fn number(&self) -> Self {
        self.then(Number, &[]).noted(&[self], || Meaning::Number)
    }
}
