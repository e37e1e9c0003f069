//! `a * b`, element by element, with broadcasting. Two secrets: 1 round and 1/8 B (dealt 16 B), after 1 round and 8 B for
//! each factor that is not open yet. With a public factor: 1 round and 1/8 B (dealt 8 B). Of values that one party knows:
//! free. Error: one unit of the last place.

use crate::{
    bilinear::Bilinear,
    engine::{Engine, Forward, Operand},
    error::Usage,
    op::{Fusion, Handle, Meaning, Op},
    preprocessing::Need,
    shape::Shape,
};

/// `a * b` of equal shapes.
#[derive(Debug)]
struct Mul;

fn map(out: &Operand) -> Bilinear {
    Bilinear::Mul { len: out.len() }
}

impl Op for Mul {
    fn name(&self) -> &'static str {
        "mul"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        super::view::same(inputs)
    }
    fn plan(&self, engine: &dyn Engine, out: &Operand, x: &[&Operand]) -> Vec<Need> {
        engine.plan_product(out, &map(out), x[0], x[1])
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        Box::pin(async move { engine.product(out, &map(out), x[0], x[1], None).await })
    }
    fn fusion(&self) -> Option<Fusion> {
        Some(Fusion::Product)
    }
    fn vjp(&self, input: usize, grad: &Handle, inputs: &[Handle]) -> Option<Handle> {
        Some(inputs[1 - input].times_grad(grad))
    }
}

impl Handle {
    /// `a * b`, with broadcasting.
    #[track_caller]
    pub fn mul(&self, other: &Self) -> Self {
        let (a, b) = self.broadcast(other);
        a.then(Mul, &[&b]).noted(&[self, other], || Meaning::Mul)
    }

    /// `grad * x` of one shape; x itself if the gradient is the seed of the backward pass.
    #[track_caller]
    pub fn times_grad(&self, grad: &Self) -> Self {
        if grad.is_seed() && self.shape() == grad.shape() { self.clone() } else { self.mul(grad) }
    }
}
