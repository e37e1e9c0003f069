//! Rearrangements by public index that are no views: index_select, take_along, pad, roll, stack, tril, triu; and running
//! sums. Free and exact on secrets too, as any linear map. The result is a wire of its own.

use super::refuse::sized;
use crate::{
    along::{Along, Pick},
    bilinear::Linear,
    engine::{Engine, Forward, Operand},
    error::Usage,
    fixed::Fixed,
    op::{Handle, Meaning, Op},
    shape::{Shape, View},
};

/// A linear map and its transpose.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) name: &'static str,
    pub(super) map: Linear,
    pub(super) transpose: Linear,
    pub(super) shape: Shape,
}

impl Op for Map {
    fn name(&self) -> &'static str {
        self.name
    }
    fn infer(&self, _: &[&Shape]) -> Result<Shape, Usage> {
        Ok(self.shape.clone())
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.linear(out, &self.map, x[0])
    }
    fn vjp(&self, _: usize, grad: &Handle, inputs: &[Handle]) -> Option<Handle> {
        let (map, transpose) = (self.transpose.clone(), self.map.clone());
        Some(grad.then(Self { name: self.name, map, transpose, shape: inputs[0].shape() }, &[]))
    }
    fn tolerance(&self, _: Fixed) -> f64 {
        0.0
    }
}

impl Handle {
    #[track_caller]
    pub(super) fn picked(&self, name: &'static str, along: Along, index: Vec<Option<usize>>, shape: Shape) -> Self {
        let pick = Pick { along, index };
        self.then(Map { name, map: Linear::Pick(pick.clone()), transpose: Linear::Unpick(pick), shape }, &[])
    }

    /// Steps of an axis by public index, in the order of the indices; one may occur more than once. Its gradient adds up.
    #[track_caller]
    pub fn index_select(&self, axis: usize, indices: &[usize]) -> Self {
        let (name, mut dims) = ("index_select", self.shape().dims().to_vec());
        let Some(along) = Along::of(&self.shape(), axis) else {
            return self.refuse(name, Usage::Axis { axis, rank: dims.len() });
        };
        if let Some(index) = indices.iter().find(|&&index| index >= along.size) {
            let problem = format!("index {index} is out of range for size {} of axis {axis}", along.size);
            return self.refuse(name, Usage::Argument(problem));
        }
        dims[axis] = indices.len();
        match sized(&dims) {
            Ok(shape) => self
                .picked(name, along, indices.iter().copied().map(Some).collect(), shape)
                .noted(&[self], || Meaning::IndexSelect(axis, indices.to_vec())),
            Err(problem) => self.refuse(name, problem),
        }
    }

    /// Element (.., i, ..) of the result is that at place `indices[(.., i, ..)]` of the axis, and at the same place of the
    /// other axes. There are `count` times as many indices as the other axes have elements, row-major.
    #[track_caller]
    pub fn take_along(&self, axis: usize, count: usize, indices: &[usize]) -> Self {
        let (name, mut dims) = ("take_along", self.shape().dims().to_vec());
        let Some(Along { size, inner, .. }) = Along::of(&self.shape(), axis) else {
            return self.refuse(name, Usage::Axis { axis, rank: dims.len() });
        };
        dims[axis] = count;
        let shape = match sized(&dims) {
            Ok(shape) if shape.len() == indices.len() => shape,
            Ok(shape) => {
                let problem = format!("{} indices for the {} elements of {shape}", indices.len(), shape.len());
                return self.refuse(name, Usage::Argument(problem));
            }
            Err(problem) => return self.refuse(name, problem),
        };
        if let Some(index) = indices.iter().find(|&&index| index >= size) {
            let problem = format!("index {index} is out of range for size {size} of axis {axis}");
            return self.refuse(name, Usage::Argument(problem));
        }
        let place = |(at, &index): (usize, &usize)| Some((at / inner / count * size + index) * inner + at % inner);
        let index = indices.iter().enumerate().map(place).collect();
        self.picked(name, Along::flat(&self.shape()), index, shape)
    }

    /// An axis shifted by `by` steps towards its end; what leaves there comes back at the start.
    #[track_caller]
    pub fn roll(&self, axis: usize, by: isize) -> Self {
        match self.size(axis) {
            Err(problem) => self.refuse("roll", problem),
            Ok(size) => {
                let first = (-(by as i128)).rem_euclid(size.max(1) as i128) as usize;
                let indices: Vec<usize> = (first..size).chain(0..first.min(size)).collect();
                self.index_select(axis, &indices)
            }
        }
    }

    /// `(before, after)` elements of a public value added to each axis.
    #[track_caller]
    pub fn pad(&self, amounts: &[(usize, usize)], value: f64) -> Self {
        let own = self.shape();
        if amounts.len() != own.rank() {
            let problem = Usage::Argument(format!("amounts for {} of {} axes", amounts.len(), own.rank()));
            return self.refuse("pad", problem);
        }
        let grown = |(&size, &(before, after)): (&usize, &(usize, usize))| size.checked_add(before)?.checked_add(after);
        let dims: Option<Vec<usize>> = own.dims().iter().zip(amounts).map(grown).collect();
        let overflow = || Usage::Argument(format!("{amounts:?} more is larger than any memory"));
        let shape = match dims.ok_or_else(overflow).and_then(|dims| sized(&dims)) {
            Ok(shape) => shape,
            Err(problem) => return self.refuse("pad", problem),
        };
        if amounts.iter().all(|&amount| amount == (0, 0)) {
            return self.clone();
        }
        let inside = |view: Option<View>, (axis, (&(before, _), &size))| view?.slice(axis, before..before + size, 1);
        let layout = amounts.iter().zip(own.dims()).enumerate().fold(Some(View::of(&shape)), inside);
        let Some(layout) = layout else { return self.clone() }; // the inside is inside
        let (map, transpose) = (Linear::Scatter(layout.clone(), shape.len()), Linear::View(layout));
        let pad = Map { name: "pad", map, transpose, shape };
        let meaning = || Meaning::Pad(amounts.to_vec(), value);
        if value == 0.0 {
            return self.then(pad, &[]).noted(&[self], meaning);
        }
        let around = Self::public(self.runtime(), Shape::scalar(), &[value]);
        self.sub(&around).then(pad, &[]).add(&around).noted(&[self], meaning)
    }

    /// This and other tensors of its shape, along a new axis.
    #[track_caller]
    pub fn stack(&self, others: &[&Self], axis: usize) -> Self {
        let mut rows = Vec::with_capacity(others.len());
        for other in others {
            rows.push(other.unsqueeze(axis));
        }
        self.unsqueeze(axis).concat(&rows.iter().collect::<Vec<_>>(), axis)
    }

    /// The matrices in the last two axes with zeros above the diagonal that starts `above` the main one.
    #[track_caller]
    pub fn tril(&self, above: isize) -> Self {
        self.masked("tril", |row, col| col as i128 - row as i128 <= above as i128)
    }

    /// The matrices in the last two axes with zeros below the diagonal that starts `above` the main one.
    #[track_caller]
    pub fn triu(&self, above: isize) -> Self {
        self.masked("triu", |row, col| col as i128 - row as i128 >= above as i128)
    }

    #[track_caller]
    fn masked(&self, name: &'static str, keep: impl Fn(usize, usize) -> bool) -> Self {
        let shape = self.shape();
        let &[ref outer @ .., rows, cols] = shape.dims() else {
            return self.refuse(name, Usage::Shape { expected: "at least two axes".into() });
        };
        let along = Along { outer: outer.iter().product(), size: rows * cols, inner: 1 };
        let index = (0..rows * cols).map(|at| keep(at / cols, at % cols).then_some(at)).collect();
        self.picked(name, along, index, shape)
    }

    /// Running sums along an axis: each step plus all before it.
    #[track_caller]
    pub fn cumsum(&self, axis: usize) -> Self {
        let shape = self.shape();
        match Along::of(&shape, axis) {
            None => self.refuse("cumsum", Usage::Axis { axis, rank: shape.rank() }),
            Some(along) => {
                let (map, transpose) = (Linear::RunningSum(along, false), Linear::RunningSum(along, true));
                self.then(Map { name: "cumsum", map, transpose, shape }, &[]).noted(&[self], || Meaning::CumSum(axis))
            }
        }
    }
}
