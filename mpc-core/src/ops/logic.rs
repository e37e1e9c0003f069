//! Logic on bits. `!` and `^` are free; `&` and `|` of two secrets: 1 round, 2/8 B (dealt 1/8 B). Exact.

use crate::{
    engine::{Engine, Forward, Kind, Logic as How, Operand},
    error::Usage,
    fixed::Fixed,
    op::{Handle, Meaning, Op},
    preprocessing::Need,
    shape::Shape,
};

/// Two tensors of bits of one shape, bit by bit.
#[derive(Debug)]
struct Logic(How);

impl Op for Logic {
    fn name(&self) -> &'static str {
        "logic"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        super::view::same(inputs)
    }
    fn kind(&self, _: &[Kind]) -> Kind {
        Kind::Bit
    }
    fn plan(&self, engine: &dyn Engine, out: &Operand, x: &[&Operand]) -> Vec<Need> {
        engine.plan_logic(out, self.0, x[0], x[1])
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.logic(out, self.0, x[0], x[1])
    }
    fn vjp(&self, _: usize, _: &Handle, _: &[Handle]) -> Option<Handle> {
        None
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

/// The complement of bits.
#[derive(Debug)]
struct Not;

impl Op for Not {
    fn name(&self) -> &'static str {
        "not"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        super::view::same(inputs)
    }
    fn kind(&self, _: &[Kind]) -> Kind {
        Kind::Bit
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.not(out, x[0])
    }
    fn vjp(&self, _: usize, _: &Handle, _: &[Handle]) -> Option<Handle> {
        None
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

impl Handle {
    /// Two tensors of bits, with broadcasting.
    #[track_caller]
    pub fn logic(&self, how: How, other: &Self) -> Self {
        let (a, b) = self.broadcast(other);
        a.then(Logic(how), &[&b]).noted(&[self, other], || Meaning::Logic(how))
    }

    /// The complement of bits.
    #[track_caller]
    pub fn not(&self) -> Self {
        self.then(Not, &[]).noted(&[self], || Meaning::Not)
    }
}
