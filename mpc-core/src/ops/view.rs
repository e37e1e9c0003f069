//! Rearrangements: reshape, transpose, slice, flip, repeat. Free and exact. A view of a secret keeps its mask, and so the
//! opening of what it views.

use crate::{
    bilinear::Linear,
    engine::{Engine, Forward, Kind, Operand, Vis},
    error::Usage,
    fixed::Fixed,
    op::{Handle, Meaning, Op},
    protocol::WireId,
    rand::At,
    shape::{Shape, View as Layout},
};
use std::{ops::Range, rc::Rc};

/// All inputs have one shape: it.
pub(super) fn same(inputs: &[&Shape]) -> Result<Shape, Usage> {
    match inputs.iter().all(|shape| *shape == inputs[0]) {
        true => Ok(inputs[0].clone()),
        false => Err(Usage::Shape { expected: "shapes that broadcast to each other".into() }),
    }
}

/// A strided view. `layout` is a mistake if the arguments did not fit.
#[derive(Debug)]
struct View {
    layout: Result<Layout, Usage>,
    shape: Shape,
}

impl View {
    fn layout(&self) -> Layout {
        self.layout.clone().unwrap_or_else(|_| Layout::of(&self.shape))
    }
}

impl Op for View {
    fn name(&self) -> &'static str {
        "view"
    }
    fn infer(&self, _: &[&Shape]) -> Result<Shape, Usage> {
        self.layout.as_ref().map(|_| self.shape.clone()).map_err(Usage::clone)
    }
    fn kind(&self, inputs: &[Kind]) -> Kind {
        inputs[0]
    }
    fn wire(&self, at: At, len: usize, vis: Vis, inputs: &[&Operand]) -> Rc<WireId> {
        if vis == Vis::Secret { inputs[0].wire.view(&self.layout()) } else { vis.wire(at, len) }
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        Box::pin(async move { engine.view(out, &self.layout(), x[0]).await })
    }
    fn rearranges(&self) -> bool {
        true
    }
    fn view(&self, input: &Shape) -> Option<(Layout, Shape)> {
        let layout = self.layout.as_ref().ok()?;
        let once = layout.len() == input.len() && layout.axes.iter().all(|axis| axis.size < 2 || axis.stride != 0);
        once.then(|| (layout.clone(), self.shape.clone()))
    }
    fn vjp(&self, _: usize, grad: &Handle, inputs: &[Handle]) -> Option<Handle> {
        Some(grad.then(Scatter { layout: self.layout(), shape: inputs[0].shape() }, &[]))
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

/// The transpose of a view: adds each element to where the view reads it.
#[derive(Debug)]
pub(super) struct Scatter {
    pub(super) layout: Layout,
    pub(super) shape: Shape,
}

impl Op for Scatter {
    fn name(&self) -> &'static str {
        "sum"
    }
    fn infer(&self, _: &[&Shape]) -> Result<Shape, Usage> {
        Ok(self.shape.clone())
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        Box::pin(async move {
            let map = Linear::Scatter(self.layout.clone(), out.len());
            engine.linear(out, &map, x[0]).await
        })
    }
    fn vjp(&self, _: usize, grad: &Handle, inputs: &[Handle]) -> Option<Handle> {
        Some(grad.then(View { layout: Ok(self.layout.clone()), shape: inputs[0].shape() }, &[]))
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

impl Handle {
    #[track_caller]
    pub(super) fn view(&self, layout: Result<Layout, Usage>, shape: Option<Shape>) -> Self {
        let shape = shape.or_else(|| layout.as_ref().ok().map(Layout::shape)).unwrap_or_default();
        if self.error().is_none() && layout.is_ok() && shape == self.shape() && layout == Ok(Layout::of(&shape)) {
            return self.clone();
        }
        self.then(View { layout, shape }, &[])
    }

    /// The same value for the tape a new leaf: no gradient goes through it.
    #[track_caller]
    pub fn detach(&self) -> Self {
        let op = View { layout: Ok(Layout::of(&self.shape())), shape: self.shape() };
        let _untaped = self.runtime().untaped();
        self.then(op, &[]).noted(&[self], || Meaning::Same)
    }

    /// The same elements in another shape.
    #[track_caller]
    pub fn reshape(&self, shape: &Shape) -> Self {
        let layout = match shape.len() == self.shape().len() {
            true => Ok(Layout::of(shape)),
            false => Err(Usage::Shape { expected: format!("{} elements for {shape}", shape.len()) }),
        };
        self.view(layout, Some(shape.clone())).noted(&[self], || Meaning::Reshape)
    }

    /// The axes in another order.
    #[track_caller]
    pub fn permute(&self, order: &[usize]) -> Self {
        let expected = || Usage::Argument(format!("{order:?} is no order of the {} axes", self.shape().rank()));
        let permuted = self.view(Layout::of(&self.shape()).permute(order).ok_or_else(expected), None);
        permuted.noted(&[self], || Meaning::Permute(order.to_vec()))
    }

    /// Every `step`-th element of a range along an axis.
    #[track_caller]
    pub fn slice(&self, axis: usize, range: Range<usize>, step: usize) -> Self {
        let shape = self.shape();
        let problem = || match shape.dims().get(axis) {
            Some(&size) => Usage::Slice { start: range.start, end: range.end, step, size },
            None => Usage::Axis { axis, rank: shape.rank() },
        };
        let sliced = self.view(Layout::of(&shape).slice(axis, range.clone(), step).ok_or_else(problem), None);
        sliced.noted(&[self], || Meaning::Slice { axis, start: range.start, end: range.end, step })
    }

    /// An axis backwards.
    #[track_caller]
    pub fn flip(&self, axis: usize) -> Self {
        let shape = self.shape();
        let flipped = self.view(Layout::of(&shape).flip(axis).ok_or(Usage::Axis { axis, rank: shape.rank() }), None);
        flipped.noted(&[self], || Meaning::Flip(axis))
    }

    /// Repeated to a shape by the broadcasting rule.
    #[track_caller]
    pub fn expand(&self, shape: &Shape) -> Self {
        let expected = || Usage::Shape { expected: format!("a shape that stretches to {shape}") };
        let expanded = self.view(Layout::of(&self.shape()).expand(shape).ok_or_else(expected), None);
        expanded.noted(&[self], || Meaning::Expand)
    }

    /// Both, repeated to their common shape; unchanged if they have none, so that the op which asked reports it.
    #[track_caller]
    pub fn broadcast(&self, other: &Self) -> (Self, Self) {
        match self.shape().broadcast(&other.shape()) {
            Some(shape) => (self.expand(&shape), other.expand(&shape)),
            None => (self.clone(), other.clone()),
        }
    }
}
