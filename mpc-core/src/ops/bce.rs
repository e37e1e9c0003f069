//! Binary cross-entropy of logits, averaged: `mean(softplus(z) - y z)`. The value costs a softplus, a product and a
//! scale, which share rounds; it is computed only if somebody reads it. The gradient, `(sigmoid(z) - y) / n`, costs a
//! sigmoid and a scale and does not need the value.

use super::view::same;
use crate::{
    bilinear::{Bilinear, Linear},
    circuits::SOFTPLUS,
    engine::{Engine, Forward, Kind, Operand, Vis},
    error::Usage,
    fixed::{Factors, Fixed},
    op::{Handle, Op},
    preprocessing::Need,
    rand::At,
    shape::{Shape, View},
};

/// The loss of logits z and labels y in [0, 1] of one shape.
#[derive(Debug)]
struct Bce;

// Steps of this op: each block has room for the steps of what it calls.
const SOFTPLUS_AT: u8 = 16;
const PRODUCT_AT: u8 = 32;
const DIFFERENCE_AT: u8 = 48;
const SUM_AT: u8 = 64;

fn inner(at: At, shape: &Shape, vis: Vis) -> Operand {
    Operand::new(at, shape.clone(), vis, Kind::Number, vis.wire(at, shape.len()))
}

fn map(z: &Operand) -> Bilinear {
    Bilinear::Mul { len: z.len() }
}

fn factor(engine: &dyn Engine, z: &Operand) -> Factors {
    let one = Factors { numerators: vec![1], shift: 0 };
    engine.factors(&[1.0 / z.len().max(1) as f64]).unwrap_or(one)
}

impl Op for Bce {
    fn name(&self) -> &'static str {
        "bce_with_logits"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        same(inputs)
            .map(|_| Shape::scalar())
            .map_err(|_| Usage::Shape { expected: "logits and labels of one shape".into() })
    }
    fn plan(&self, engine: &dyn Engine, out: &Operand, x: &[&Operand]) -> Vec<Need> {
        let (z, y) = (x[0], x[1]);
        let mut needs = engine.plan_function(&inner(out.at.step(SOFTPLUS_AT), &z.shape, z.vis), &SOFTPLUS, z);
        let product = inner(out.at.step(PRODUCT_AT), &z.shape, out.vis);
        needs.extend(engine.plan_product(&product, &map(z), y, z));
        needs.extend(engine.plan_combine(out, factor(engine, z).shift));
        needs
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        Box::pin(async move {
            let (z, y) = (x[0], x[1]);
            let at = |step, vis| inner(out.at.step(step), &z.shape, vis);
            let (softplus, product) = (at(SOFTPLUS_AT, z.vis), at(PRODUCT_AT, out.vis));
            let bilinear = map(z);
            let both = futures_util::future::join(
                engine.function(&softplus, &SOFTPLUS, z),
                engine.product(&product, &bilinear, y, z, None),
            );
            let (left, right) = both.await;
            softplus.finish(left);
            product.finish(right);
            let difference = at(DIFFERENCE_AT, out.vis);
            difference.finish(engine.sub(&difference, &softplus, &product).await);
            let sum = inner(out.at.step(SUM_AT), &Shape::scalar(), out.vis);
            if let Some(layout) = View::of(&Shape::scalar()).expand(&z.shape) {
                let add_up = Linear::Scatter(layout, 1);
                sum.finish(engine.linear(&sum, &add_up, &difference).await);
            }
            let Factors { numerators, shift } = factor(engine, z);
            engine.combine(out, &numerators, shift, &[&sum]).await
        })
    }
    fn vjp(&self, input: usize, grad: &Handle, x: &[Handle]) -> Option<Handle> {
        let (z, y) = (&x[0], &x[1]);
        let n = z.shape().len().max(1) as f64;
        let own = if input == 0 { z.sigmoid().sub(y) } else { z.neg() };
        let own = own.scale(1.0 / n);
        Some(if grad.is_seed() { own } else { own.mul(grad) })
    }
    fn tolerance(&self, fixed: Fixed) -> f64 {
        SOFTPLUS.error + 5.0 * fixed.ulp()
    }
}

impl Handle {
    /// The mean binary cross-entropy of these logits for labels in [0, 1].
    #[track_caller]
    pub fn bce_with_logits(&self, labels: &Self) -> Self {
        self.then(Bce, &[labels])
    }
}
