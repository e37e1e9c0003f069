//! The largest few.

use super::{Entry, Inputs, Operator, op};
use crate::onnx::{
    array::{Array, Element, axis_of},
    report::Reason,
    value::{Context, Value},
};
use ndarray::{Axis, IxDyn};

struct TopK {
    axis: i64,
    largest: bool,
    /// Before version 10 the number is an attribute.
    count: Option<i64>,
}

impl TopK {
    fn sizes(&self, shape: &[usize], given: Option<&Array>) -> Result<(usize, usize), Reason> {
        let axis = axis_of(self.axis, shape.len())?;
        let count = given.and_then(|given| given.only()).map(|x| x as i64).or(self.count);
        match count.and_then(|count| usize::try_from(count).ok()) {
            Some(count) if (1..=shape[axis]).contains(&count) => Ok((axis, count)),
            _ => Reason::err(format!("it asks for more than the {} there are, or for none", shape[axis])),
        }
    }
}

impl Operator for TopK {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        let (axis, count) = self.sizes(a.shape(), x.get(1))?;
        let mut shape = a.shape().to_vec();
        shape[axis] = count;
        let (mut values, mut places) = (ndarray::ArrayD::zeros(IxDyn(&shape)), ndarray::ArrayD::zeros(IxDyn(&shape)));
        let lanes = values.lanes_mut(Axis(axis)).into_iter().zip(places.lanes_mut(Axis(axis)));
        for (from, (mut value, mut place)) in a.values.lanes(Axis(axis)).into_iter().zip(lanes) {
            let mut order: Vec<usize> = (0..from.len()).collect();
            order.sort_by(|&a, &b| {
                let order = from[a].total_cmp(&from[b]);
                if self.largest { order.reverse() } else { order }
            });
            for (to, &at) in order[..count].iter().enumerate() {
                (value[to], place[to]) = (from[at], at as f64);
            }
        }
        Ok(vec![Array { element: a.element, values }, Array { element: Element::Int, values: places }])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let value = x.need(0)?;
        let (axis, count) = self.sizes(&value.shape(), x.known_if(1)?)?;
        let a = cx.secret(value);
        let (values, places) = match self.largest {
            true => a.topk_with_index(count, axis),
            false => {
                let (values, places) = (-a).topk_with_index(count, axis);
                (-values, places)
            }
        };
        Ok(vec![Value::Secret(values, value.element()), Value::Secret(places, Element::Int)])
    }

    fn public(&self) -> &[usize] {
        &[1]
    }
}

pub(super) const OPERATORS: &[Entry] = &[op("TopK", |at| {
    at.ignore(&["sorted"]);
    let count = if at.opset < 10 { at.int_if("k")? } else { None };
    Ok(Box::new(TopK { axis: at.int("axis", -1)?, largest: at.flag("largest", true)?, count }))
})
.note("of equal secrets, any")];
