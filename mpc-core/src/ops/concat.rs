//! Tensors one after the other along an axis. Free and exact. The result is a wire of its own.

use crate::{
    engine::{Engine, Forward, Kind, Operand},
    error::Usage,
    fixed::Fixed,
    op::{Handle, Meaning, Op},
    shape::Shape,
};

/// Concatenation along an axis.
#[derive(Debug)]
struct Concat {
    axis: usize,
}

impl Op for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        let first = inputs.first().ok_or_else(|| Usage::Argument("nothing to concatenate".into()))?;
        if self.axis >= first.rank() {
            return Err(Usage::Axis { axis: self.axis, rank: first.rank() });
        }
        let mut dims = first.dims().to_vec();
        for shape in &inputs[1..] {
            let others = |dims: &[usize]| [&dims[..self.axis], &dims[self.axis + 1..]].concat();
            if shape.rank() != dims.len() || others(shape.dims()) != others(&dims) {
                let expected = format!("shapes that differ along axis {} only", self.axis);
                return Err(Usage::Shape { expected });
            }
            dims[self.axis] += shape.dims()[self.axis];
        }
        Ok(Shape::from(&dims[..]))
    }
    fn kind(&self, inputs: &[Kind]) -> Kind {
        inputs.first().copied().unwrap_or(Kind::Number)
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        Box::pin(async move {
            let runs: Vec<usize> = x.iter().map(|x| x.shape.dims()[self.axis..].iter().product()).collect();
            let outer = out.shape.dims()[..self.axis].iter().product();
            engine.concat(out, x, &runs, outer).await
        })
    }
    fn vjp(&self, input: usize, grad: &Handle, inputs: &[Handle]) -> Option<Handle> {
        let size = |x: &Handle| x.shape().dims()[self.axis];
        let start: usize = inputs[..input].iter().map(size).sum();
        Some(grad.slice(self.axis, start..start + size(&inputs[input]), 1))
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

impl Handle {
    /// This tensor followed by others, along an axis.
    #[track_caller]
    pub fn concat(&self, others: &[&Self], axis: usize) -> Self {
        let all: Vec<&Self> = std::iter::once(self).chain(others.iter().copied()).collect();
        self.then(Concat { axis }, others).noted(&all, || Meaning::Concat(axis))
    }
}
