//! The matrix product. Costs of [`mul`](super::mul), with 8 B dealt an element of the result. Error: one unit of the last
//! place (the sum is rescaled once).

use crate::{
    bilinear::Bilinear,
    engine::{Engine, Forward, Operand},
    error::Usage,
    op::{Fusion, Handle, Meaning, Op},
    preprocessing::Need,
    shape::Shape,
};

/// `a b`, each transposed or not.
#[derive(Debug)]
struct MatMul {
    ta: bool,
    tb: bool,
}

impl MatMul {
    fn map(&self, a: &Shape, b: &Shape) -> Option<Bilinear> {
        let (&[a0, a1], &[b0, b1]) = (a.dims(), b.dims()) else { return None };
        let (m, k) = if self.ta { (a1, a0) } else { (a0, a1) };
        let (l, n) = if self.tb { (b1, b0) } else { (b0, b1) };
        (k == l).then_some(Bilinear::MatMul { m, k, n, ta: self.ta, tb: self.tb })
    }

    /// For shapes that [`Op::infer`] has let pass.
    fn checked(&self, x: &[&Operand]) -> Bilinear {
        self.map(&x[0].shape, &x[1].shape).unwrap_or(Bilinear::Mul { len: 0 })
    }
}

impl Op for MatMul {
    fn name(&self) -> &'static str {
        "matmul"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        match self.map(inputs[0], inputs[1]) {
            Some(Bilinear::MatMul { m, n, .. }) => {
                let shape = Shape::from([m, n]);
                match inputs.get(2) {
                    Some(plus) if **plus != shape => {
                        Err(Usage::Shape { expected: format!("a third operand that stretches to {shape}") })
                    }
                    _ => Ok(shape),
                }
            }
            _ => {
                let form = |t| if t { " (transposed)" } else { "" };
                let expected = format!("[m, k]{} and [k, n]{}", form(self.ta), form(self.tb));
                Err(Usage::Shape { expected })
            }
        }
    }
    fn plan(&self, engine: &dyn Engine, out: &Operand, x: &[&Operand]) -> Vec<Need> {
        engine.plan_product(out, &self.checked(x), x[0], x[1])
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        Box::pin(async move { engine.product(out, &self.checked(x), x[0], x[1], x.get(2).copied()).await })
    }
    fn fusion(&self) -> Option<Fusion> {
        Some(Fusion::Product)
    }
    fn vjp(&self, input: usize, grad: &Handle, x: &[Handle]) -> Option<Handle> {
        Some(match (input, self) {
            (2, _) => grad.clone(),
            (0, &Self { ta: false, tb }) => grad.matmul_form(false, &x[1], !tb),
            (0, &Self { ta: true, tb }) => x[1].matmul_form(tb, grad, true),
            (_, &Self { ta, tb: false }) => x[0].matmul_form(!ta, grad, false),
            (_, &Self { ta, tb: true }) => grad.matmul_form(true, &x[0], ta),
        })
    }
}

impl Handle {
    /// The matrix product of `[m, k]` and `[k, n]`; further axes before them broadcast.
    #[track_caller]
    pub fn matmul(&self, other: &Self) -> Self {
        let product = match (self.shape().rank(), other.shape().rank()) {
            (2, 2) => self.matmul_form(false, other, false),
            _ => self.matmul_batched(other),
        };
        product.noted(&[self, other], || Meaning::MatMul)
    }

    /// The matrix product of operands that may be stored transposed: no copy, and no new opening.
    #[track_caller]
    pub fn matmul_form(&self, ta: bool, other: &Self, tb: bool) -> Self {
        self.then(MatMul { ta, tb }, &[other]).noted(&[self, other], || Meaning::Gemm([ta, tb]))
    }

    /// [`Self::matmul_form`] plus a third tensor, with broadcasting: added before the rescale, for free.
    #[track_caller]
    pub fn matmul_plus(&self, ta: bool, other: &Self, tb: bool, plus: &Self) -> Self {
        let op = MatMul { ta, tb };
        let whole = match op.map(&self.shape(), &other.shape()) {
            Some(Bilinear::MatMul { m, n, .. }) => plus.expand(&[m, n].into()),
            _ => plus.clone(),
        };
        self.then(op, &[other, &whole]).noted(&[self, other, plus], || Meaning::Gemm([ta, tb]))
    }
}
