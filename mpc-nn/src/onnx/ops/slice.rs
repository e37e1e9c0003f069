//! Parts of a tensor: views, free on shares.

use super::{Entry, Inputs, Operator, op, shape::viewed};
use crate::onnx::{
    array::{Array, axis_of},
    report::Reason,
    value::{Context, Value},
};
use ndarray::{Axis, Slice as Range};

/// A range with a step along each of some axes.
struct Slice {
    /// Starts, ends and axes, as attributes before version 10.
    old: Option<[Option<Vec<i64>>; 3]>,
}

/// What is taken of an axis: elements `from..to` by steps, perhaps backwards.
struct Cut {
    axis: usize,
    from: usize,
    to: usize,
    step: usize,
    backwards: bool,
}

impl Slice {
    fn cuts(&self, shape: &[usize], given: &[Option<&Array>]) -> Result<Vec<Cut>, Reason> {
        let input = |at: usize| given.get(at).copied().flatten().map(Array::whole);
        let [starts, ends, axes, steps] = match &self.old {
            Some([starts, ends, axes]) => [starts.clone(), ends.clone(), axes.clone(), None],
            None => [0, 1, 2, 3].map(input),
        };
        let (Some(starts), Some(ends)) = (starts, ends) else { return Reason::err("its starts or ends are missing") };
        let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = steps.unwrap_or_else(|| vec![1; starts.len()]);
        if ends.len() != starts.len() || axes.len() != starts.len() || steps.len() != starts.len() {
            return Reason::err("it has not as many starts as ends, axes and steps");
        }
        let mut cuts = Vec::with_capacity(starts.len());
        for at in 0..starts.len() {
            let axis = axis_of(axes[at], shape.len())?;
            let (size, step) = (shape[axis] as i64, steps[at]);
            let place = |x: i64, low: i64, high: i64| (if x < 0 { x.saturating_add(size) } else { x }).clamp(low, high);
            let (from, to) = match step {
                0 => return Reason::err("a step of 0"),
                1.. => (place(starts[at], 0, size), place(ends[at], 0, size)),
                _ => (place(starts[at], -1, size - 1), place(ends[at], -1, size - 1)),
            };
            // Backwards from `from` down to, not including, `to`: the same elements counted from the other end.
            let (from, to) = if step > 0 { (from, to) } else { (size - 1 - from, size - 1 - to) };
            let (from, to) = (from.clamp(0, size) as usize, to.clamp(0, size) as usize);
            let step_size = usize::try_from(step.unsigned_abs()).unwrap_or(usize::MAX).min(size.max(1) as usize);
            cuts.push(Cut { axis, from, to: to.max(from), step: step_size, backwards: step < 0 });
        }
        Ok(cuts)
    }
}

impl Operator for Slice {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        let given: Vec<_> = (1..5).map(|at| x.get(at)).collect();
        let mut values = a.values.clone();
        for Cut { axis, from, to, step, backwards } in self.cuts(a.shape(), &given)? {
            if backwards {
                values.invert_axis(Axis(axis));
            }
            let range = Range::new(from as isize, Some(to as isize), step as isize);
            values = values.slice_axis(Axis(axis), range).to_owned();
        }
        Ok(vec![Array { element: a.element, values }])
    }

    fn secret(&self, _: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let given = (1..5).map(|at| x.known_if(at)).collect::<Result<Vec<_>, _>>()?;
        let mut value = x.need(0)?.clone();
        for Cut { axis, from, to, step, backwards } in self.cuts(&value.shape(), &given)? {
            if from == to {
                return Reason::err("an empty part of a secret");
            }
            value = viewed(&value, |x| {
                if backwards { x.flip(axis).slice(axis, from..to, step) } else { x.slice(axis, from..to, step) }
            })?;
        }
        Ok(vec![value])
    }

    fn public(&self) -> &[usize] {
        &[1, 2, 3, 4]
    }
}

/// Consecutive pieces of an axis.
struct Split {
    axis: i64,
    sizes: Option<Vec<usize>>,
    pieces: usize,
}

impl Split {
    fn sizes(&self, shape: &[usize], given: Option<&Array>) -> Result<(usize, Vec<usize>), Reason> {
        let axis = axis_of(self.axis, shape.len())?;
        let sizes = match given {
            Some(given) => given.whole().into_iter().map(|size| usize::try_from(size).unwrap_or(usize::MAX)).collect(),
            None => self.sizes.clone().unwrap_or_else(|| {
                // Equal ones, the last smaller if they do not divide.
                let each = shape[axis].div_ceil(self.pieces.max(1));
                (0..self.pieces).map(|at| each.min(shape[axis].saturating_sub(at * each))).collect()
            }),
        };
        match sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size)) {
            Some(sum) if sum == shape[axis] => Ok((axis, sizes)),
            _ => Reason::err(format!("its pieces do not make up the {} of axis {axis}", shape[axis])),
        }
    }
}

impl Operator for Split {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        let (axis, sizes) = self.sizes(a.shape(), x.get(1))?;
        let mut from = 0;
        let pieces = sizes.into_iter().map(|size| {
            let range = Range::from(from..from + size);
            from += size;
            Array { element: a.element, values: a.values.slice_axis(Axis(axis), range).to_owned() }
        });
        Ok(pieces.collect())
    }

    fn secret(&self, _: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let value = x.need(0)?;
        let (axis, sizes) = self.sizes(&value.shape(), x.known_if(1)?)?;
        let mut from = 0;
        let mut pieces = Vec::with_capacity(sizes.len());
        for size in sizes {
            pieces.push(viewed(value, |x| x.slice(axis, from..from + size, 1))?);
            from += size;
        }
        Ok(pieces)
    }

    fn public(&self) -> &[usize] {
        &[1]
    }
}

pub(super) const OPERATORS: &[Entry] = &[
    op("Slice", |at| {
        let old = at.opset < 10;
        let read = || Ok::<_, Reason>([at.ints("starts")?, at.ints("ends")?, at.ints("axes")?]);
        Ok(Box::new(Slice { old: if old { Some(read()?) } else { None } }))
    })
    .note("public bounds"),
    op("Split", |at| {
        let sizes = if at.opset < 13 { at.sizes("split", 0)? } else { None };
        at.ignore(&["num_outputs"]);
        Ok(Box::new(Split { axis: at.int("axis", 0)?, sizes, pieces: at.outputs() }))
    }),
];
