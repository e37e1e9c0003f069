//! Tensors with some of their elements replaced, at public places.

use super::{
    Entry, Inputs, Operator, op,
    pick::{Places, indices, place, strides},
};
use crate::onnx::{
    array::{Array, Element, axis_of},
    report::Reason,
    value::{Context, Value},
};

/// Where updates go: their places in the data, of the shapes of data and updates and the indices.
type Targets = fn(&Scatter, &[usize], &[usize], &Array) -> Result<Vec<usize>, Reason>;

struct Scatter {
    axis: i64,
    targets: Targets,
}

fn elements(this: &Scatter, data: &[usize], updates: &[usize], index: &Array) -> Result<Vec<usize>, Reason> {
    let (axis, steps) = (axis_of(this.axis, data.len())?, strides(data));
    if index.shape() != updates || updates.len() != data.len() {
        return Reason::err("its indices, updates and data do not fit");
    }
    let mut targets = Vec::new();
    indices(updates, |at| {
        let mut to = 0;
        for level in 0..data.len() {
            let i = if level == axis { place(index.values[at], data[axis])? } else { at[level] };
            if i >= data[level] {
                return Reason::err("its updates are larger than the data");
            }
            to += i * steps[level];
        }
        targets.push(to);
        Ok(())
    })?;
    Ok(targets)
}

fn slices(_: &Scatter, data: &[usize], updates: &[usize], index: &Array) -> Result<Vec<usize>, Reason> {
    let Some((&depth, outer)) = index.shape().split_last() else { return Reason::err("its indices have no axis") };
    if depth > data.len() || [outer, &data[depth..]].concat() != updates {
        return Reason::err("its indices, updates and data do not fit");
    }
    let (steps, block) = (strides(data), data[depth..].iter().product::<usize>());
    let flat = index.to_vec();
    let mut targets = Vec::new();
    for at in 0..outer.iter().product::<usize>() {
        let mut start = 0;
        for level in 0..depth {
            start += place(flat[at * depth + level], data[level])? * steps[level];
        }
        targets.extend(start..start + block);
    }
    Ok(targets)
}

impl Scatter {
    /// The result as places in the data followed by the updates; of two updates of one place, the last.
    fn places(&self, data: &[usize], updates: &[usize], index: &Array) -> Result<Places, Reason> {
        let count = crate::onnx::array::sized(data)?;
        let mut from: Vec<_> = (0..count).map(Some).collect();
        for (at, to) in (self.targets)(self, data, updates, index)?.into_iter().enumerate() {
            from[to] = Some(count + at);
        }
        Ok(Places { shape: data.to_vec(), from, constant: 0.0 })
    }
}

impl Operator for Scatter {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let (data, index, updates) = (x.need(0)?, x.need(1)?, x.need(2)?);
        let places = self.places(data.shape(), updates.shape(), index)?;
        let both = [data.to_vec(), updates.to_vec()].concat();
        Ok(vec![places.clear(&Array::new(data.element, &[both.len()], both)?)?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let (data, index, updates) = (x.need(0)?, x.known(1)?, x.need(2)?);
        let places = self.places(&data.shape(), &updates.shape(), index)?;
        let both = cx.operand(data).flatten(0).concat(&[&cx.operand(updates).flatten(0)], 0);
        let element = if data.element() == Element::Bool { Element::Bool } else { data.element() };
        Ok(vec![places.secret(cx, &Value::of(both, element))?])
    }

    fn public(&self) -> &[usize] {
        &[1]
    }
}

fn made(at: &crate::onnx::node::Attributes<'_>, targets: Targets) -> Result<Box<dyn Operator>, Reason> {
    match at.text("reduction", "none")? {
        "none" => Ok(Box::new(Scatter { axis: at.int("axis", 0)?, targets })),
        other => Reason::err(format!("`reduction = {other}` is not supported, only `none`")),
    }
}

pub(super) const OPERATORS: &[Entry] = &[
    op("Scatter", |at| made(at, elements)).since(9).until(10).note("public indices"),
    op("ScatterElements", |at| made(at, elements)).since(11).note("public indices; no `reduction`"),
    op("ScatterND", |at| made(at, slices)).since(11).note("public indices; no `reduction`"),
];
