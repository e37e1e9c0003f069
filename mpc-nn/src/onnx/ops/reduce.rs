//! Reductions along axes, and running sums.

use super::{Build, Entry, Inputs, Operator, op};
use crate::onnx::{
    array::{Array, Element, axes_of, axis_of},
    node::Attributes,
    report::Reason,
    value::{Context, Value},
};
use mpc_core::op::Handle;
use ndarray::Axis;

/// One number of the numbers along axes.
struct Reduce {
    axes: Option<Vec<i64>>,
    keep: bool,
    /// Without axes: nothing is reduced, instead of everything.
    noop: bool,
    clear: fn(&[f64]) -> f64,
    /// Over the last axis, which is all that is reduced.
    secret: fn(&Handle) -> Handle,
    /// Whether whole numbers stay whole.
    whole: bool,
}

impl Reduce {
    fn axes(&self, given: Option<&Array>, rank: usize) -> Result<Vec<usize>, Reason> {
        let named = match given {
            Some(given) => given.whole(),
            None => self.axes.clone().unwrap_or_default(),
        };
        match named[..] {
            [] if self.noop => Ok(Vec::new()),
            [] => Ok((0..rank).collect()),
            _ => axes_of(&named, rank),
        }
    }

    /// The order of axes that puts those last, and the shapes with them as one and of the result.
    fn plan(&self, shape: &[usize], axes: &[usize]) -> (Vec<usize>, [usize; 2], Vec<usize>) {
        let rest: Vec<usize> = (0..shape.len()).filter(|axis| !axes.contains(axis)).collect();
        let outer = rest.iter().map(|&axis| shape[axis]).product();
        let inner = axes.iter().map(|&axis| shape[axis]).product();
        let result = match self.keep {
            true => shape.iter().enumerate().map(|(at, &size)| if axes.contains(&at) { 1 } else { size }).collect(),
            false => rest.iter().map(|&axis| shape[axis]).collect(),
        };
        (rest.into_iter().chain(axes.iter().copied()).collect(), [outer, inner], result)
    }
}

impl Operator for Reduce {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        let axes = self.axes(x.get(1), a.rank())?;
        if axes.is_empty() && self.noop {
            return Ok(vec![a.clone()]);
        }
        let (order, flat, shape) = self.plan(a.shape(), &axes);
        let turned = Array { element: a.element, values: a.values.clone().permuted_axes(order) }.reshaped(&flat)?;
        let element = if self.whole { a.element } else { Element::Float };
        let values = turned.values.outer_iter().map(|row| (self.clear)(&row.iter().copied().collect::<Vec<_>>()));
        Ok(vec![Array::new(element, &shape, values.collect())?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let value = x.need(0)?;
        let axes = self.axes(x.known_if(1)?, value.shape().len())?;
        if axes.is_empty() && self.noop {
            return Ok(vec![value.clone()]);
        }
        let (order, flat, shape) = self.plan(&value.shape(), &axes);
        if flat.contains(&0) {
            return Reason::err("there is nothing to reduce");
        }
        let y = (self.secret)(&cx.operand(value).permute(&order).reshape(&flat.into())).reshape(&shape[..].into());
        let element = if self.whole && value.element() == Element::Int { Element::Int } else { Element::Float };
        Ok(vec![Value::of(y, element)])
    }

    fn public(&self) -> &[usize] {
        &[1]
    }
}

/// The attributes of a reduction; `since`: from which version on the axes are an input.
fn reduce(
    at: &Attributes<'_>,
    since: i64,
    whole: bool,
    clear: fn(&[f64]) -> f64,
    secret: fn(&Handle) -> Handle,
) -> Result<Box<dyn Operator>, Reason> {
    let axes = if at.opset < since { at.ints("axes")? } else { None };
    let noop = at.opset >= since && at.flag("noop_with_empty_axes", false)?;
    Ok(Box::new(Reduce { axes, keep: at.flag("keepdims", true)?, noop, clear, secret, whole }))
}

fn sum(x: &[f64]) -> f64 {
    x.iter().sum()
}

fn most(x: &[f64]) -> f64 {
    x.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn squares(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum()
}

fn logsumexp(x: &[f64]) -> f64 {
    let most = most(x);
    most + x.iter().map(|x| (x - most).exp()).sum::<f64>().ln()
}

/// Where the largest is.
struct Extreme {
    axis: i64,
    keep: bool,
    least: bool,
    last: bool,
}

impl Operator for Extreme {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        let axis = axis_of(self.axis, a.rank())?;
        let sign = if self.least { -1.0 } else { 1.0 };
        let mut values = a.values.map_axis(Axis(axis), |lane| {
            let most = lane.iter().map(|x| sign * x).fold(f64::NEG_INFINITY, f64::max);
            let is = |x: &f64| sign * x == most;
            let at = if self.last { lane.iter().rposition(is) } else { lane.iter().position(is) };
            at.unwrap_or(0) as f64
        });
        if self.keep {
            values = values.insert_axis(Axis(axis));
        }
        Ok(vec![Array { element: Element::Int, values }])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let a = cx.operand(x.need(0)?);
        let axis = axis_of(self.axis, a.shape().rank())?;
        let signed = if self.least { a.neg() } else { a.clone() };
        let mut y = match self.last {
            false => signed.argmax(axis),
            true => {
                let size = a.shape().dims()[axis] as f64;
                cx.number(size - 1.0).sub(&signed.flip(axis).argmax(axis))
            }
        };
        if self.keep {
            y = y.unsqueeze(axis);
        }
        Ok(vec![Value::of(y, Element::Int)])
    }
}

fn extreme(at: &Attributes<'_>, least: bool) -> Result<Box<dyn Operator>, Reason> {
    let (axis, keep, last) = (at.int("axis", 0)?, at.flag("keepdims", true)?, at.flag("select_last_index", false)?);
    Ok(Box::new(Extreme { axis, keep, least, last }))
}

/// Running sums.
struct CumSum {
    exclusive: bool,
    reverse: bool,
}

impl CumSum {
    fn axis(axis: &Array, rank: usize) -> Result<usize, Reason> {
        axis.only()
            .ok_or_else(|| Reason("its axis is not a single number".into()))
            .and_then(|x| axis_of(x as i64, rank))
    }
}

impl Operator for CumSum {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        let axis = Axis(Self::axis(x.need(1)?, a.rank())?);
        let mut values = a.values.clone();
        if self.reverse {
            values.invert_axis(axis);
        }
        for mut lane in values.lanes_mut(axis) {
            let mut sum = 0.0;
            lane.mapv_inplace(|x| {
                let before = sum;
                sum += x;
                if self.exclusive { before } else { sum }
            });
        }
        if self.reverse {
            values.invert_axis(axis);
        }
        Ok(vec![Array { element: a.element, values }])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let value = x.need(0)?;
        let a = cx.operand(value);
        let axis = Self::axis(x.known(1)?, a.shape().rank())?;
        let turned = |a: &Handle| if self.reverse { a.flip(axis) } else { a.clone() };
        let mut y = turned(&turned(&a).cumsum(axis));
        if self.exclusive {
            y = y.sub(&a);
        }
        Ok(vec![Value::of(y, value.element())])
    }

    fn public(&self) -> &[usize] {
        &[1]
    }
}

const SUM: Build = |at| reduce(at, 13, true, sum, |x| x.sum(&[1], false));
const MEAN: Build = |at| reduce(at, 18, false, |x| sum(x) / x.len() as f64, |x| x.mean(&[1], false));
const MAX: Build = |at| reduce(at, 18, true, most, |x| x.max(1));
const MIN: Build =
    |at| reduce(at, 18, true, |x| x.iter().copied().fold(f64::INFINITY, f64::min), |x| x.neg().max(1).neg());
const PROD: Build = |at| reduce(at, 18, true, |x| x.iter().product(), |x| x.prod(1));
const L1: Build = |at| reduce(at, 18, true, |x| x.iter().map(|x| x.abs()).sum(), |x| x.abs().sum(&[1], false));
const L2: Build = |at| reduce(at, 18, false, |x| squares(x).sqrt(), |x| x.norm(&[1], false));
const SQUARES: Build = |at| reduce(at, 18, true, squares, |x| x.norm_squared(&[1], false));
const LOG: Build = |at| reduce(at, 18, false, |x| sum(x).ln(), |x| x.sum(&[1], false).log());
const LOG_EXP: Build = |at| reduce(at, 18, false, logsumexp, |x| x.logsumexp(1));

pub(super) const OPERATORS: &[Entry] = &[
    op("ReduceSum", SUM),
    op("ReduceMean", MEAN),
    op("ReduceMax", MAX),
    op("ReduceMin", MIN),
    op("ReduceProd", PROD),
    op("ReduceL1", L1),
    op("ReduceL2", L2),
    op("ReduceSumSquare", SQUARES),
    op("ReduceLogSum", LOG),
    op("ReduceLogSumExp", LOG_EXP),
    op("ArgMax", |at| extreme(at, false)),
    op("ArgMin", |at| extreme(at, true)),
    op("CumSum", |at| {
        Ok(Box::new(CumSum { exclusive: at.flag("exclusive", false)?, reverse: at.flag("reverse", false)? }))
    })
    .since(11),
];
