//! Choices by a condition, and bounds.

use super::{Entry, Inputs, Operator, arithmetic::joined, gather, op};
use crate::onnx::{
    array::{Array, Element, broadcast, sized},
    report::Reason,
    value::{Context, Value},
};
use mpc_core::{Secret, Tensor};
use ndarray::IxDyn;

/// `condition ? x : y`.
struct Where;

fn stretched(x: &Array, shape: &[usize]) -> Result<Vec<f64>, Reason> {
    match x.values.broadcast(IxDyn(shape)) {
        Some(x) => Ok(x.iter().copied().collect()),
        None => Reason::err("the shapes do not broadcast"),
    }
}

/// The kind of what is one or the other.
fn either(a: Element, b: Element) -> Element {
    if a == b { a } else { joined(a, b) }
}

impl Operator for Where {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let (condition, a, b) = (x.need(0)?, x.need(1)?, x.need(2)?);
        let shape = broadcast(&[condition.shape(), a.shape(), b.shape()])?;
        sized(&shape)?;
        let [condition, left, right] = [condition, a, b].map(|x| stretched(x, &shape));
        let (left, right) = (left?, right?);
        let both = left.into_iter().zip(right);
        let values = condition?.into_iter().zip(both).map(|(c, (a, b))| if c != 0.0 { a } else { b });
        Ok(vec![Array::new(either(a.element, b.element), &shape, values.collect())?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let (condition, a, b) = (x.need(0)?, x.need(1)?, x.need(2)?);
        let shape = broadcast(&[&condition.shape(), &a.shape(), &b.shape()])?;
        let element = either(a.element(), b.element());
        let Value::Public(condition) = condition else {
            let chosen = cx.bits(condition).handle().select(&cx.operand(a), &cx.operand(b));
            return Ok(vec![Value::of(chosen, element)]);
        };
        // By a public condition a choice is a rearrangement: free, and exact.
        let count = sized(&shape)?;
        for (all, x) in [(0.0, b), (1.0, a)] {
            if condition.values.iter().all(|c| *c == all) && x.shape() == shape && x.element() == element {
                return Ok(vec![x.clone()]);
            }
        }
        let from = stretched(condition, &shape)?.into_iter().enumerate();
        let from: Vec<usize> = from.map(|(at, c)| if c != 0.0 { at } else { count + at }).collect();
        let flat = |x: &Value| cx.operand(x).expand(&shape[..].into()).reshape(&count.into());
        let both = flat(a).concat(&[&flat(b)], 0);
        Ok(vec![Value::of(both.index_select(0, &from).reshape(&shape[..].into()), element)])
    }
}

/// At least a lower bound, at most an upper one.
struct Clip {
    /// Bounds that are attributes, as before version 11.
    bounds: [Option<f64>; 2],
}

impl Clip {
    fn bounds(&self, given: [Option<&Array>; 2]) -> Result<[f64; 2], Reason> {
        let mut found = [f64::NEG_INFINITY, f64::INFINITY];
        for at in 0..2 {
            if let Some(bound) = given[at] {
                found[at] = bound.only().ok_or_else(|| Reason("a bound is not a single number".into()))?;
            } else if let Some(bound) = self.bounds[at] {
                found[at] = bound;
            }
        }
        Ok(found)
    }
}

impl Operator for Clip {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let [low, high] = self.bounds([x.get(1), x.get(2)])?;
        Ok(vec![x.need(0)?.map(|x| x.max(low).min(high))])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let [low, high] = self.bounds([x.known_if(1)?, x.known_if(2)?])?;
        let value = x.need(0)?;
        let (x, most) = (cx.secret(value), cx.ceiling());
        let (low, high) = (Some(low).filter(|x| *x > -most), Some(high).filter(|x| *x < most));
        let clipped: Tensor<Secret> = match (low, high) {
            (None, None) => x,
            (Some(low), Some(high)) if low <= high => x.clamp(low, high),
            (Some(_), Some(_)) => return Reason::err("its lower bound is above its upper bound"),
            (Some(0.0), None) => x.relu(),
            (Some(low), None) => (x - low).relu() + low,
            (None, Some(high)) => high - (high - x).relu(),
        };
        Ok(vec![Value::Secret(clipped, value.element())])
    }

    fn public(&self) -> &[usize] {
        &[1, 2]
    }
}

/// One where the index is, along a new axis.
struct OneHot {
    axis: i64,
}

impl OneHot {
    fn sizes(&self, indices: usize, depth: &Array, values: &Array) -> Result<(usize, usize, [f64; 2]), Reason> {
        let axis = crate::onnx::array::axis_of(self.axis, indices + 1)?;
        let values = values.to_vec();
        let (Some(depth), &[off, on]) = (depth.only(), &values[..]) else {
            return Reason::err("it needs one depth and two values");
        };
        match depth {
            depth if (1.0..=65536.0).contains(&depth) => Ok((axis, depth as usize, [off, on])),
            _ => Reason::err("its depth is not between 1 and 65536"),
        }
    }
}

/// The order of axes that moves the last to a place.
fn last_to(axis: usize, rank: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rank.saturating_sub(1)).collect();
    order.insert(axis, rank - 1);
    order
}

impl Operator for OneHot {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let (indices, values) = (x.need(0)?, x.need(2)?);
        let (axis, depth, [off, on]) = self.sizes(indices.rank(), x.need(1)?, values)?;
        let mut shape = indices.shape().to_vec();
        shape.push(depth);
        sized(&shape)?;
        let mut hot = Vec::new();
        for &index in &indices.values {
            let index = if index < 0.0 { index + depth as f64 } else { index };
            hot.extend((0..depth).map(|at| if at as f64 == index { on } else { off }));
        }
        let array = Array::new(values.element, &shape, hot)?;
        let order = last_to(axis, shape.len());
        Ok(vec![Array { values: array.values.permuted_axes(IxDyn(&order)), ..array }])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let (indices, values) = (x.need(0)?, x.known(2)?);
        let (axis, depth, [off, on]) = self.sizes(indices.shape().len(), x.known(1)?, values)?;
        gather::whole(indices)?;
        let hot = cx.secret(indices).one_hot(depth).number() * (on - off) + off;
        let order = last_to(axis, hot.shape().rank());
        Ok(vec![Value::Secret(hot.permute(&order), values.element)])
    }

    fn public(&self) -> &[usize] {
        &[1, 2]
    }
}

pub(super) const OPERATORS: &[Entry] = &[
    op("Where", |_| Ok(Box::new(Where))),
    op("Clip", |at| {
        let old = at.opset < 11;
        let bound = |name| if old { at.float_if(name) } else { Ok(None) };
        Ok(Box::new(Clip { bounds: [bound("min")?, bound("max")?] }))
    })
    .note("public bounds"),
    op("OneHot", |at| Ok(Box::new(OneHot { axis: at.int("axis", -1)? })))
        .since(9)
        .note("secret indices must be in range, and not negative"),
];
