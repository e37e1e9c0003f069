//! What indices pick: public ones for free, secret ones by reading every row.

use super::{
    Entry, Inputs, ML, Operator, op,
    pick::{Places, given, made, place, strides},
};
use crate::onnx::{
    array::{Array, Element, axis_of, broadcast, sized},
    report::Reason,
    value::{Context, Value},
};

/// That secret indices are whole numbers.
pub(super) fn whole(indices: &Value) -> Result<(), Reason> {
    match indices.element() {
        Element::Float => Reason::err("its indices are not whole numbers"),
        _ => Ok(()),
    }
}

/// Slices along an axis, at indices that everybody knows or nobody.
struct Gather(i64);

impl Gather {
    fn places(&self, shape: &[usize], index: &Array) -> Result<Places, Reason> {
        let axis = axis_of(self.0, shape.len())?;
        let steps = index.values.iter().map(|&x| place(x, shape[axis])).collect::<Result<Vec<_>, _>>()?;
        let inner: usize = shape[axis + 1..].iter().product();
        let block = shape[axis] * inner;
        let result = [&shape[..axis], index.shape(), &shape[axis + 1..]].concat();
        sized(&result)?;
        let mut from = Vec::new();
        for outer in 0..shape[..axis].iter().product() {
            for step in &steps {
                from.extend((0..inner).map(|at| Some(outer * block + step * inner + at)));
            }
        }
        Ok(Places { shape: result, from, constant: 0.0 })
    }
}

impl Operator for Gather {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let (a, index) = (x.need(0)?, x.need(1)?);
        Ok(vec![self.places(a.shape(), index)?.clear(a)?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let (a, index) = (x.need(0)?, x.need(1)?);
        let shape = a.shape();
        let axis = axis_of(self.0, shape.len())?;
        if let Value::Public(index) = index {
            if let (Some(one), Value::Secret(..) | Value::Bits(_)) = (index.only(), a) {
                // One step is a view.
                let at = place(one, shape[axis])?;
                let result = [&shape[..axis], index.shape(), &shape[axis + 1..]].concat();
                return Ok(vec![super::shape::viewed(a, |x| {
                    x.slice(axis, at..at + 1, 1).reshape(&result[..].into())
                })?]);
            }
            return Ok(vec![self.places(&shape, index)?.secret(cx, a)?]);
        }
        whole(index)?;
        if shape[axis] > 65536 {
            return Reason::err("secret indices choose among at most 65536");
        }
        let y = cx.secret(a).gather_secret(axis, &cx.secret(index));
        Ok(vec![Value::Secret(y, a.element())])
    }
}

fn gather_elements(axis: i64, shape: &[usize], index: &Array) -> Result<Places, Reason> {
    let axis = axis_of(axis, shape.len())?;
    if index.rank() != shape.len() {
        return Reason::err("its indices have another number of axes");
    }
    let steps = strides(shape);
    Places::of(index.shape().to_vec(), 0.0, |at| {
        let mut from = 0;
        for (axis_at, (&i, step)) in at.iter().zip(&steps).enumerate() {
            let i = if axis_at == axis { place(index.values[at], shape[axis])? } else { i };
            if i >= shape[axis_at] {
                return Reason::err("its indices are larger than the data");
            }
            from += i * step;
        }
        Ok(Some(from))
    })
}

fn gather_nd(batch: usize, shape: &[usize], index: &Array) -> Result<Places, Reason> {
    let Some((&depth, outer)) = index.shape().split_last() else { return Reason::err("its indices have no axis") };
    if batch > outer.len() || batch + depth > shape.len() || shape[..batch] != outer[..batch] {
        return Reason::err("its indices do not fit the data");
    }
    let steps = strides(shape);
    let result = [outer, &shape[batch + depth..]].concat();
    let mut full = vec![0; index.rank()];
    Places::of(result, 0.0, |at| {
        let mut from: usize = at[..batch].iter().zip(&steps).map(|(i, step)| i * step).sum();
        full[..outer.len()].copy_from_slice(&at[..outer.len()]);
        for level in 0..depth {
            full[outer.len()] = level;
            from += place(index.values[&full[..]], shape[batch + level])? * steps[batch + level];
        }
        let rest = at[outer.len()..].iter().zip(&steps[batch + depth..]);
        Ok(Some(from + rest.map(|(i, step)| i * step).sum::<usize>()))
    })
}

/// Columns of a table, in the form of scikit-learn's exporter.
fn columns(shape: &[usize], index: &Array) -> Result<Places, Reason> {
    let Some((&size, outer)) = shape.split_last() else { return Reason::err("it needs a table") };
    let picked = index.values.iter().map(|&x| place(x, size)).collect::<Result<Vec<_>, _>>()?;
    let outer = if outer.is_empty() { &[1][..] } else { outer };
    let result = [outer, &[picked.len()]].concat();
    broadcast(&[&result])?;
    let rows: usize = outer.iter().product();
    let from = (0..rows).flat_map(|row| picked.iter().map(move |column| Some(row * size + column))).collect();
    Ok(Places { shape: result, from, constant: 0.0 })
}

/// [`columns`], or by secret indices: the label of a class by the number of the largest score, for example.
struct Columns;

impl Operator for Columns {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        Ok(vec![columns(a.shape(), x.need(1)?)?.clear(a)?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let (a, index) = (x.need(0)?, x.need(1)?);
        if let Value::Public(index) = index {
            return Ok(vec![columns(&a.shape(), index)?.secret(cx, a)?]);
        }
        let count: usize = index.shape().iter().product();
        let result = match a.shape().split_last() {
            None => return Reason::err("it needs a table"),
            Some((_, [])) => vec![1, count],
            Some((_, outer)) => [outer, &[count]].concat(),
        };
        let picked = Gather(-1).secret(cx, x)?;
        picked.iter().map(|y| super::shape::viewed(y, |y| y.reshape(&result[..].into()))).collect()
    }
}

pub(super) const OPERATORS: &[Entry] = &[
    op("Gather", |at| Ok(Box::new(Gather(at.int("axis", 0)?))))
        .note("secret indices are not negative, and choose among at most 65536"),
    op("GatherElements", |at| {
        let axis = at.int("axis", 0)?;
        made(&[1], move |shape, known| gather_elements(axis, shape, given(known, 0)?))
    })
    .since(11)
    .note("public indices"),
    op("GatherND", |at| {
        let batch = usize::try_from(at.int("batch_dims", 0)?).unwrap_or(usize::MAX);
        made(&[1], move |shape, known| gather_nd(batch, shape, given(known, 0)?))
    })
    .since(11)
    .note("public indices"),
    Entry { domain: ML, ..op("ArrayFeatureExtractor", |_| Ok(Box::new(Columns))) }
        .since(1)
        .note("secret indices are not negative, and choose among at most 65536"),
];
