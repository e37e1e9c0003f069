//! 1 where x >= 0, else 0. 3 rounds after the opening of x; see [`circuits::step`](crate::circuits::step) for the costs.
//! Exact. Its gradient is zero.

use crate::{
    engine::{Engine, Forward, Operand},
    error::Usage,
    fixed::Fixed,
    op::{Handle, Op},
    preprocessing::Need,
    shape::Shape,
};

/// The unit step.
#[derive(Debug)]
struct Step;

impl Op for Step {
    fn name(&self) -> &'static str {
        "step"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        super::view::same(inputs)
    }
    fn plan(&self, engine: &dyn Engine, out: &Operand, x: &[&Operand]) -> Vec<Need> {
        engine.plan_step(out, x[0])
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.step(out, x[0])
    }
    fn vjp(&self, _: usize, _: &Handle, _: &[Handle]) -> Option<Handle> {
        None
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

impl Handle {
    /// 1 where x >= 0, else 0.
    #[track_caller]
    pub fn step(&self) -> Self {
        self.then(Step, &[])
    }
}
