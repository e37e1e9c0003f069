//! Softmax and its kin.

use super::{Entry, Inputs, Operator, one, op};
use crate::onnx::{
    array::{Array, Element, axis_of},
    node::Attributes,
    report::Reason,
    value::{Context, Value},
};
use mpc_core::op::Handle;
use ndarray::{ArrayViewMut1, Axis};

struct Soft {
    axis: i64,
    /// Before version 13 all axes from `axis` on are one.
    flat: bool,
    clear: fn(ArrayViewMut1<'_, f64>),
    secret: fn(&Handle, usize) -> Handle,
}

impl Soft {
    fn read(
        at: &Attributes<'_>,
        clear: fn(ArrayViewMut1<'_, f64>),
        secret: fn(&Handle, usize) -> Handle,
    ) -> Result<Box<dyn Operator>, Reason> {
        let flat = at.opset < 13;
        Ok(Box::new(Self { axis: at.int("axis", if flat { 1 } else { -1 })?, flat, clear, secret }))
    }

    /// The shape to work in, and the axis of it.
    fn work(&self, shape: &[usize]) -> Result<(Vec<usize>, usize), Reason> {
        let axis = axis_of(self.axis, shape.len())?;
        if shape.contains(&0) {
            return Reason::err("the input is empty");
        }
        match self.flat {
            true => Ok((vec![shape[..axis].iter().product(), shape[axis..].iter().product()], 1)),
            false => Ok((shape.to_vec(), axis)),
        }
    }
}

impl Operator for Soft {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        let (shape, axis) = self.work(a.shape())?;
        let mut values = a.reshaped(&shape)?.values;
        values.lanes_mut(Axis(axis)).into_iter().for_each(self.clear);
        Ok(vec![Array { element: Element::Float, values }.reshaped(a.shape())?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let a = cx.operand(x.need(0)?);
        let (shape, axis) = self.work(a.shape().dims())?;
        let y = (self.secret)(&a.reshape(&shape[..].into()), axis);
        one(Value::float(y.reshape(&a.shape())))
    }
}

fn softmax(mut x: ArrayViewMut1<'_, f64>) {
    let most = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    x.mapv_inplace(|x| (x - most).exp());
    let sum = x.sum();
    x.mapv_inplace(|x| x / sum);
}

/// The softmax along the last axis.
pub(super) fn softmax_last(x: &Array) -> Array {
    let mut values = x.values.clone();
    let last = values.ndim().saturating_sub(1);
    values.lanes_mut(Axis(last)).into_iter().for_each(softmax);
    Array::float(values)
}

fn log_softmax(mut x: ArrayViewMut1<'_, f64>) {
    let most = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum = x.iter().map(|x| (x - most).exp()).sum::<f64>().ln();
    x.mapv_inplace(|x| x - most - sum);
}

fn hardmax(mut x: ArrayViewMut1<'_, f64>) {
    let most = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let first = x.iter().position(|x| *x == most);
    x.iter_mut().enumerate().for_each(|(at, x)| *x = f64::from(u8::from(Some(at) == first)));
}

pub(super) const OPERATORS: &[Entry] = &[
    op("Softmax", |at| Soft::read(at, softmax, Handle::softmax)),
    op("LogSoftmax", |at| Soft::read(at, log_softmax, Handle::log_softmax)),
    op("Hardmax", |at| Soft::read(at, hardmax, |x, axis| x.argmax_one_hot(axis).number())),
];
