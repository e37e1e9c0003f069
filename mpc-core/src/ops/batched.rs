//! Matrix products of more than two axes: the last two are matrices, the others broadcast. Costs of [`mul`](super::mul): one
//! opening for each operand (its own elements, not the repeated ones), one correction and one rescale for the whole batch.

use crate::{
    bilinear::Bilinear,
    engine::{Engine, Forward, Operand},
    error::Usage,
    op::{Fusion, Handle, Op},
    preprocessing::Need,
    shape::Shape,
};

/// `a b` for each matrix of a batch, each transposed or not.
#[derive(Debug)]
struct BatchMatMul {
    ta: bool,
    tb: bool,
}

impl BatchMatMul {
    fn map(&self, a: &Shape, b: &Shape) -> Option<Bilinear> {
        let &Self { ta, tb } = self;
        let (&[batch, a0, a1], &[same, b0, b1]) = (a.dims(), b.dims()) else { return None };
        let (m, k) = if ta { (a1, a0) } else { (a0, a1) };
        let (l, n) = if tb { (b1, b0) } else { (b0, b1) };
        let map = Bilinear::BatchMatMul { batch, m, k, n, ta, tb };
        (k == l && batch == same && map.lens().is_some()).then_some(map)
    }

    /// For shapes that [`Op::infer`] has let pass.
    fn checked(&self, x: &[&Operand]) -> Bilinear {
        self.map(&x[0].shape, &x[1].shape).unwrap_or(Bilinear::Mul { len: 0 })
    }
}

impl Op for BatchMatMul {
    fn name(&self) -> &'static str {
        "matmul"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        match self.map(inputs[0], inputs[1]) {
            Some(Bilinear::BatchMatMul { batch, m, n, .. }) => Ok([batch, m, n].into()),
            _ => Err(Usage::Shape { expected: "[.., m, k] and [.., k, n]".into() }),
        }
    }
    fn plan(&self, engine: &dyn Engine, out: &Operand, x: &[&Operand]) -> Vec<Need> {
        engine.plan_product(out, &self.checked(x), x[0], x[1])
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        Box::pin(async move { engine.product(out, &self.checked(x), x[0], x[1], None).await })
    }
    fn fusion(&self) -> Option<Fusion> {
        Some(Fusion::Product)
    }
    fn vjp(&self, input: usize, grad: &Handle, x: &[Handle]) -> Option<Handle> {
        Some(match (input, self) {
            (0, &Self { ta: false, tb }) => grad.batch_form(false, &x[1], !tb),
            (0, &Self { ta: true, tb }) => x[1].batch_form(tb, grad, true),
            (_, &Self { ta, tb: false }) => x[0].batch_form(!ta, grad, false),
            (_, &Self { ta, tb: true }) => grad.batch_form(true, &x[0], ta),
        })
    }
}

impl Handle {
    #[track_caller]
    fn batch_form(&self, ta: bool, other: &Self, tb: bool) -> Self {
        self.then(BatchMatMul { ta, tb }, &[other])
    }

    /// The matrix product over the last two axes, the others broadcast; of a vector, as a row before the product or as a
    /// column after it.
    #[track_caller]
    pub(super) fn matmul_batched(&self, other: &Self) -> Self {
        let (own, theirs) = (self.shape(), other.shape());
        match (own.dims(), theirs.dims()) {
            // An op that reports the shapes, or a mistake that one of them carries.
            ([], _) | (_, []) => self.batch_form(false, other, false),
            (a @ [_], b) | (a, b @ [_]) => {
                let (row, column) = (a.len() == 1, b.len() == 1);
                let left = if row { self.unsqueeze(0) } else { self.clone() };
                let right = if column { other.unsqueeze(1) } else { other.clone() };
                let product = left.matmul(&right);
                let rank = product.shape().rank();
                match (row, column) {
                    _ if product.error().is_some() => product,
                    (true, true) => product.reshape(&Shape::scalar()),
                    (true, false) => product.without(rank - 2),
                    _ => product.without(rank - 1),
                }
            }
            // One matrix for all: the rows of the batch are rows of one product.
            (&[ref outer @ .., m, k], &[l, n]) if k == l => {
                let rows = outer.iter().product::<usize>() * m;
                let product = self.reshape(&[rows, k].into()).matmul_form(false, other, false);
                product.reshape(&[outer, &[m, n]].concat()[..].into())
            }
            (&[ref a_outer @ .., m, k], &[ref b_outer @ .., l, n]) => {
                let outer = Shape::from(a_outer).broadcast(&Shape::from(b_outer)).filter(|_| k == l);
                let Some(outer) = outer else { return self.batch_form(false, other, false) };
                let (batch, outer) = (outer.len(), outer.dims());
                let a = self.expand(&[outer, &[m, k]].concat()[..].into()).reshape(&[batch, m, k].into());
                let b = other.expand(&[outer, &[k, n]].concat()[..].into()).reshape(&[batch, k, n].into());
                a.batch_form(false, &b, false).reshape(&[outer, &[m, n]].concat()[..].into())
            }
        }
    }

    /// The sum of the products of two vectors: one rescale.
    #[track_caller]
    pub fn dot(&self, other: &Self) -> Self {
        match (self.shape().dims(), other.shape().dims()) {
            ([n], [m]) if n == m => self.matmul(other),
            _ if self.error().is_some() => self.clone(),
            _ if other.error().is_some() => other.clone(),
            _ => self.refuse("dot", Usage::Shape { expected: format!("two vectors; the other is {}", other.shape()) }),
        }
    }

    /// Each element of a vector times each of another: `[m, n]`.
    #[track_caller]
    pub fn outer(&self, other: &Self) -> Self {
        match (self.shape().rank(), other.shape().rank()) {
            (1, 1) => self.unsqueeze(1).matmul(&other.unsqueeze(0)),
            _ if self.error().is_some() => self.clone(),
            _ if other.error().is_some() => other.clone(),
            _ => {
                self.refuse("outer", Usage::Shape { expected: format!("two vectors; the other is {}", other.shape()) })
            }
        }
    }
}
