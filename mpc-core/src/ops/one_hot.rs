//! Whole numbers as rows of bits, and what secret indices pick. After the opening of the index: no round for up to 16
//! classes, 1 round and n c/8 B for c classes of n hexadecimal digits (dealt 32 B). Exact for whole numbers from 0 to
//! `classes - 1`; another number gives a row that is not defined. An index picks rows by the product with the one-hot
//! rows: 3 rounds more, exact.

use crate::{
    engine::{Engine, Forward, Kind, Operand},
    error::Usage,
    fixed::Fixed,
    op::{Handle, Meaning, Op},
    preprocessing::Need,
    shape::Shape,
};

/// The most classes.
const MOST_CLASSES: usize = 1 << 16;

/// Numbers as rows of bits.
#[derive(Debug)]
struct OneHot {
    classes: usize,
}

impl Op for OneHot {
    fn name(&self) -> &'static str {
        "one_hot"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        let mut dims = inputs[0].dims().to_vec();
        dims.push(self.classes);
        Ok(dims[..].into())
    }
    fn kind(&self, _: &[Kind]) -> Kind {
        Kind::Bit
    }
    fn plan(&self, engine: &dyn Engine, out: &Operand, x: &[&Operand]) -> Vec<Need> {
        engine.plan_one_hot(out, self.classes, x[0])
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.one_hot(out, self.classes, x[0])
    }
    fn vjp(&self, _: usize, _: &Handle, _: &[Handle]) -> Option<Handle> {
        None
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

impl Handle {
    /// Bits, along a new last axis of `classes`: where this whole number is.
    #[track_caller]
    pub fn one_hot(&self, classes: usize) -> Self {
        let limit = self.runtime().engine().fixed().limit::<u64>();
        if classes == 0 || classes > MOST_CLASSES || classes as f64 > limit {
            let most = MOST_CLASSES.min(limit as usize);
            return self.refuse("one_hot", Usage::Argument(format!("{classes} classes are not between 1 and {most}")));
        }
        self.then(OneHot { classes }, &[]).noted(&[self], || Meaning::OneHot(classes))
    }

    /// The rows of this `[n, ..]` at some indices: the shape of the indices, then that of a row.
    #[track_caller]
    pub fn embedding(&self, indices: &Self) -> Self {
        let rows = match self.size(0) {
            Ok(rows) => rows,
            Err(problem) => return self.refuse("embedding", problem),
        };
        let (shape, count) = (self.shape(), indices.shape().len());
        let row: usize = shape.dims()[1..].iter().product();
        let out: Vec<_> = indices.shape().dims().iter().chain(&shape.dims()[1..]).copied().collect();
        let picks = indices.one_hot(rows).number().reshape(&[count, rows].into());
        let picked = picks.matmul(&self.reshape(&[rows, row].into())).reshape(&out[..].into());
        picked.noted(&[self, indices], || Meaning::Embedding)
    }

    /// The slices along an axis at some indices, whose axes take its place.
    #[track_caller]
    pub fn gather_secret(&self, axis: usize, indices: &Self) -> Self {
        if let Err(problem) = self.size(axis) {
            return self.refuse("gather", problem);
        }
        let (rank, new) = (self.shape().rank(), indices.shape().rank());
        let first: Vec<_> = std::iter::once(axis).chain((0..rank).filter(|&other| other != axis)).collect();
        let picked = self.permute(&first).embedding(indices);
        // The indices' axes are first: they go behind those that came before the axis.
        let back: Vec<_> = (new..new + axis).chain(0..new).chain(new + axis..new + rank - 1).collect();
        if picked.error().is_some() { picked } else { picked.permute(&back) }
    }
}
