//! Pooling over one or two axes.

use super::{
    Entry, Inputs, Operator, one, op,
    window::{Plane, Window, image, like},
};
use crate::onnx::{
    array::{Array, sized},
    node::Attributes,
    report::Reason,
    value::{Context, Value},
};
use mpc_core::{Pool, op::Handle};
use ndarray::Ix4;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Max,
    Average { count_padding: bool },
}

struct Pooling {
    kind: Kind,
    window: Window,
    /// Whether a last window that reaches beyond the end counts.
    partial: bool,
}

impl Pooling {
    fn read(at: &Attributes<'_>, kind: Kind) -> Result<Self, Reason> {
        at.ignore(&["storage_order"]);
        if at.outputs() > 1 {
            return Reason::err("its second output, the places of the maxima, is not supported");
        }
        Ok(Self { kind, window: Window::read(at)?, partial: at.flag("ceil_mode", false)? })
    }

    fn shapes(&self, x: &[usize]) -> Result<([usize; 4], [usize; 4], Plane), Reason> {
        let (plane, x) = (self.window.over(&x[2.min(x.len())..], None)?, image(x)?);
        let y = [x[0], x[1], plane.windows(0, x[2], self.partial)?, plane.windows(1, x[3], self.partial)?];
        Ok((x, y, plane))
    }
}

/// What an average divides by in one direction: the places inside, or with the padding; what a partial window has beyond the
/// padding never counts.
fn counted(plane: &Plane, at: usize, size: usize, window: usize, count_padding: bool) -> usize {
    let [before, after] = plane.pads[at];
    let (low, high) = if count_padding { (0, before + size + after) } else { (before, before + size) };
    let place = |tap: usize| window * plane.stride[at] + tap * plane.dilation[at];
    (0..plane.kernel[at]).filter(|&tap| (low..high).contains(&place(tap))).count()
}

impl Operator for Pooling {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        let ([n, c, h, w], y, plane) = self.shapes(a.shape())?;
        sized(&y)?;
        let images = a.reshaped(&[n, c, h, w])?.values.into_dimensionality::<Ix4>();
        let images = images.map_err(|error| Reason(error.to_string()))?;
        let values = ndarray::Array4::from_shape_fn(y, |(n, c, i, j)| {
            let rows = || (0..plane.kernel[0]).filter_map(|tap| plane.place(0, h, i, tap));
            let columns = || (0..plane.kernel[1]).filter_map(|tap| plane.place(1, w, j, tap));
            let all = rows().flat_map(|i| columns().map(move |j| (i, j))).map(|(i, j)| images[[n, c, i, j]]);
            match self.kind {
                Kind::Max => all.fold(f64::NEG_INFINITY, f64::max),
                Kind::Average { count_padding } => {
                    let count = counted(&plane, 0, h, i, count_padding) * counted(&plane, 1, w, j, count_padding);
                    all.sum::<f64>() / count.max(1) as f64
                }
            }
        });
        Ok(vec![Array::float(values.into_dyn()).reshaped(&like(y, a.rank()))?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let a = cx.operand(x.need(0)?);
        let rank = a.shape().rank();
        let (shape, y, plane) = self.shapes(a.shape().dims())?;
        let mut a = a.reshape(&shape.into());
        let Plane { kernel, stride, dilation, pads } = plane;
        let simple = plane.even() && (0..2).all(|at| pads[at][0] <= kernel[at] / 2);
        let mut options = Pool { kernel, stride, dilation, partial: self.partial, ..Pool::new(1) };
        if simple {
            options.padding = [pads[0][0], pads[1][0]];
            options.count_padding = self.kind != Kind::Average { count_padding: false };
            let made = if self.kind == Kind::Max { a.max_pool2d(&options) } else { a.avg_pool2d(&options) };
            return one(Value::float(made.reshape(&like(y, rank)[..].into())));
        }
        // Padding that is uneven, or wide: elements of their own. Partial windows get what they reach for.
        let more = |at: usize| {
            let covered = (y[2 + at] - 1) * stride[at] + plane.reach(at);
            (pads[at][0], covered.saturating_sub(pads[at][0] + shape[2 + at]))
        };
        options.partial = false;
        let around = [(0, 0), (0, 0), more(0), more(1)];
        let made: Handle = match self.kind {
            // Half of the range, so that a difference stays in range.
            Kind::Max => {
                a = a.pad(&around, -32.0 * cx.ceiling());
                a.max_pool2d(&options)
            }
            Kind::Average { count_padding } => {
                a = a.pad(&around, 0.0);
                let counts: Vec<f64> = (0..y[2] * y[3])
                    .map(|place| {
                        let rows = counted(&plane, 0, shape[2], place / y[3], count_padding);
                        let columns = counted(&plane, 1, shape[3], place % y[3], count_padding);
                        (kernel[0] * kernel[1]) as f64 / (rows * columns).max(1) as f64
                    })
                    .collect();
                let counts = Array::new(crate::onnx::Element::Float, &[1, 1, y[2], y[3]], counts)?;
                a.avg_pool2d(&options).mul(cx.public(&counts).handle())
            }
        };
        let made = made.slice(2, 0..y[2], 1).slice(3, 0..y[3], 1);
        one(Value::float(made.reshape(&like(y, rank)[..].into())))
    }
}

/// Over all of an image: its axes keep size 1.
struct Global {
    max: bool,
}

impl Operator for Global {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let mut values = x.need(0)?.values.clone();
        for axis in 2..values.ndim() {
            let axis = ndarray::Axis(axis);
            values = match self.max {
                true => values.fold_axis(axis, f64::NEG_INFINITY, |&a, &b| a.max(b)),
                false => values.mean_axis(axis).ok_or("the image is empty")?,
            }
            .insert_axis(axis);
        }
        Ok(vec![Array::float(values)])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let a = cx.operand(x.need(0)?);
        let shape = a.shape();
        let Some((&[n, c], image)) = shape.dims().split_first_chunk::<2>() else {
            return Reason::err("it needs an image with batch and channels");
        };
        let flat = a.reshape(&[n, c, image.iter().product()].into());
        let made = if self.max { flat.max(2) } else { flat.mean(&[2], false) };
        let mut shape = shape.dims().to_vec();
        shape[2..].fill(1);
        one(Value::float(made.reshape(&shape[..].into())))
    }
}

pub(super) const OPERATORS: &[Entry] = &[
    op("MaxPool", |at| Ok(Box::new(Pooling::read(at, Kind::Max)?))).note("one or two axes; no second output"),
    op("AveragePool", |at| {
        let count_padding = at.flag("count_include_pad", false)?;
        Ok(Box::new(Pooling::read(at, Kind::Average { count_padding })?))
    })
    .note("one or two axes"),
    op("GlobalMaxPool", |_| Ok(Box::new(Global { max: true }))),
    op("GlobalAveragePool", |_| Ok(Box::new(Global { max: false }))),
];
