//! Convolutions over one or two axes, and transposed ones.

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
use mpc_core::{Conv, op::Handle};
use ndarray::{Array2, Ix4, s};

struct Convolution {
    window: Window,
    groups: usize,
}

fn groups(at: &Attributes<'_>) -> Result<usize, Reason> {
    match at.int("group", 1)? {
        groups if (1..1 << 20).contains(&groups) => Ok(groups as usize),
        _ => Reason::err("its number of groups is out of range"),
    }
}

/// The shapes of a convolution.
struct Shapes {
    x: [usize; 4],
    w: [usize; 4],
    y: [usize; 4],
    plane: Plane,
}

impl Convolution {
    fn shapes(&self, x: &[usize], w: &[usize]) -> Result<Shapes, Reason> {
        if x.len() != w.len() {
            return Reason::err(format!("the weight {w:?} has not as many axes as the image {x:?}"));
        }
        let (plane, x, w) = (self.window.over(&x[2.min(x.len())..], w.get(2..))?, image(x)?, image(w)?);
        if plane.kernel != [w[2], w[3]] {
            return Reason::err("its attribute `kernel_shape` is not that of the weight");
        }
        if w[1].checked_mul(self.groups) != Some(x[1]) || w[0] % self.groups != 0 {
            let groups = self.groups;
            return Reason::err(format!("{} channels in {groups} groups do not fit a weight of shape {w:?}", x[1]));
        }
        let y = [x[0], w[0], plane.windows(0, x[2], false)?, plane.windows(1, x[3], false)?];
        Ok(Shapes { x, w, y, plane })
    }
}

fn four(x: &Array, shape: [usize; 4]) -> Result<ndarray::Array4<f64>, Reason> {
    x.reshaped(&shape)?.values.into_dimensionality::<Ix4>().map_err(|error| Reason(error.to_string()))
}

/// Adds a bias along the channels of an image in row-major order.
fn biased(values: &mut ndarray::Array4<f64>, bias: Option<&Array>) -> Result<(), Reason> {
    let Some(bias) = bias else { return Ok(()) };
    if bias.shape() != [values.dim().1] {
        return Reason::err("its bias has not one number for each filter");
    }
    for (mut plane, b) in values.axis_iter_mut(ndarray::Axis(1)).zip(&bias.values) {
        plane += *b;
    }
    Ok(())
}

impl Operator for Convolution {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let (a, weight) = (x.need(0)?, x.need(1)?);
        let Shapes { x: [n, c, h, w], w: [filters, mixed, kh, kw], y, plane } =
            self.shapes(a.shape(), weight.shape())?;
        sized(&y)?;
        let (own, taps) = (filters / self.groups, mixed * kh * kw);
        sized(&[taps, y[2], y[3]])?;
        let (images, weight) = (four(a, [n, c, h, w])?, weight.reshaped(&[filters, taps])?.values);
        let mut values = ndarray::Array4::<f64>::zeros(y);
        for at in 0..n {
            for group in 0..self.groups {
                // Every window as a column.
                let mut columns = Array2::<f64>::zeros((taps, y[2] * y[3]));
                for (tap, mut row) in columns.outer_iter_mut().enumerate() {
                    let (channel, k, l) = (group * mixed + tap / (kh * kw), tap / kw % kh, tap % kw);
                    for (place, cell) in row.iter_mut().enumerate() {
                        let i = plane.place(0, h, place / y[3], k);
                        let j = plane.place(1, w, place % y[3], l);
                        if let (Some(i), Some(j)) = (i, j) {
                            *cell = images[[at, channel, i, j]];
                        }
                    }
                }
                let filters = group * own..(group + 1) * own;
                let part = weight.slice(s![filters.clone(), ..]).dot(&columns);
                let part = part.into_shape_with_order((own, y[2], y[3])).map_err(|error| Reason(error.to_string()))?;
                values.slice_mut(s![at, filters, .., ..]).assign(&part);
            }
        }
        biased(&mut values, x.get(2))?;
        Ok(vec![Array::float(values.into_dyn()).reshaped(&like(y, a.rank()))?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let (a, weight) = (cx.operand(x.need(0)?), cx.operand(x.need(1)?));
        let rank = a.shape().rank();
        let Shapes { x: image, w, y, plane } = self.shapes(a.shape().dims(), weight.shape().dims())?;
        let (mut a, weight) = (a.reshape(&image.into()), weight.reshape(&w.into()));
        let mut padding = [plane.pads[0][0], plane.pads[1][0]];
        if !plane.even() {
            let [rows, columns] = plane.pads.map(|[before, after]| (before, after));
            a = a.pad(&[(0, 0), (0, 0), rows, columns], 0.0);
            padding = [0; 2];
        }
        let Plane { stride, dilation, .. } = plane;
        let options = Conv { stride, padding, dilation, groups: self.groups, output_padding: [0; 2] };
        let bias = x.get(2).map(|bias| cx.operand(bias));
        let made = a.conv2d(&weight, bias.as_ref(), &options);
        one(Value::float(made.reshape(&like(y, rank)[..].into())))
    }

    fn multiplies(&self) -> &[(usize, usize)] {
        &[(1, 4)]
    }
}

struct Transposed {
    window: Window,
    groups: usize,
    output_padding: Option<Vec<usize>>,
}

/// The shapes of a transposed convolution, before its edges are cut.
struct Grown {
    x: [usize; 4],
    w: [usize; 4],
    /// Without padding.
    full: [usize; 4],
    /// What of the rows and columns stays.
    kept: [[usize; 2]; 2],
    plane: Plane,
}

impl Transposed {
    fn shapes(&self, x: &[usize], w: &[usize]) -> Result<Grown, Reason> {
        if x.len() != w.len() || self.window.is_same() {
            return Reason::err("its weight has not as many axes as the image, or its padding is automatic");
        }
        let (axes, plane) = (x.len().saturating_sub(2), self.window.over(&x[2.min(x.len())..], w.get(2..))?);
        let (x, w) = (image(x)?, image(w)?);
        if plane.kernel != [w[2], w[3]] || w[0] != x[1] || w[0] % self.groups != 0 {
            return Reason::err(format!("an image of shape {x:?} does not fit a weight of shape {w:?}"));
        }
        let more = match &self.output_padding {
            None => [0; 2],
            Some(more) => match more[..] {
                [columns] if axes == 1 => [0, columns],
                [rows, columns] if axes == 2 => [rows, columns],
                _ => return Reason::err("its attribute `output_padding` has another number of axes"),
            },
        };
        let filters = w[1].checked_mul(self.groups).ok_or("its weight is too large")?;
        let (mut full, mut kept) = ([x[0], filters, 0, 0], [[0; 2]; 2]);
        for at in 0..2 {
            let size = x[2 + at];
            if size == 0 {
                return Reason::err("the image is empty");
            }
            full[2 + at] = (size - 1) * plane.stride[at] + plane.reach(at) + more[at];
            let [before, after] = plane.pads[at];
            let end = full[2 + at].checked_sub(after).filter(|end| *end > before);
            kept[at] = [before, end.ok_or("nothing is left between its padding")?];
        }
        crate::onnx::array::within(&full, crate::onnx::network::MOST)?;
        Ok(Grown { x, w, full, kept, plane })
    }
}

impl Operator for Transposed {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let (a, weight) = (x.need(0)?, x.need(1)?);
        let Grown { x: shape, w: [channels, own, kh, kw], full, kept, plane } =
            self.shapes(a.shape(), weight.shape())?;
        sized(&full)?;
        let (images, weight) = (four(a, shape)?, four(weight, [channels, own, kh, kw])?);
        let mut values = ndarray::Array4::<f64>::zeros(full);
        let mixed = channels / self.groups;
        for ((n, c, i, j), &x) in images.indexed_iter() {
            for filter in 0..own {
                for (k, l) in (0..kh).flat_map(|k| (0..kw).map(move |l| (k, l))) {
                    let place =
                        [i * plane.stride[0] + k * plane.dilation[0], j * plane.stride[1] + l * plane.dilation[1]];
                    values[[n, c / mixed * own + filter, place[0], place[1]]] += x * weight[[c, filter, k, l]];
                }
            }
        }
        let [[top, bottom], [left, right]] = kept;
        let mut values = values.slice_move(s![.., .., top..bottom, left..right]);
        biased(&mut values, x.get(2))?;
        let y = [full[0], full[1], bottom - top, right - left];
        Ok(vec![Array::float(values.into_dyn()).reshaped(&like(y, a.rank()))?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let (a, weight) = (cx.operand(x.need(0)?), cx.operand(x.need(1)?));
        let rank = a.shape().rank();
        let Grown { x: image, w, full, kept, plane } = self.shapes(a.shape().dims(), weight.shape().dims())?;
        let Plane { stride, dilation, .. } = plane;
        let grown = |at: usize| (image[2 + at] - 1) * stride[at] + plane.reach(at);
        let output_padding = [full[2] - grown(0), full[3] - grown(1)];
        let options = Conv { stride, padding: [0; 2], dilation, groups: self.groups, output_padding };
        let bias = x.get(2).map(|bias| cx.operand(bias));
        let (a, weight): (Handle, Handle) = (a.reshape(&image.into()), weight.reshape(&w.into()));
        let mut made = a.conv_transpose2d(&weight, bias.as_ref(), &options);
        let mut y = full;
        for at in 0..2 {
            let [from, to] = kept[at];
            made = made.slice(2 + at, from..to, 1);
            y[2 + at] = to - from;
        }
        one(Value::float(made.reshape(&like(y, rank)[..].into())))
    }

    fn multiplies(&self) -> &[(usize, usize)] {
        &[(1, 4)]
    }
}

pub(super) const OPERATORS: &[Entry] = &[
    op("Conv", |at| Ok(Box::new(Convolution { window: Window::read(at)?, groups: groups(at)? })))
        .note("one or two axes"),
    op("ConvTranspose", |at| {
        if at.ints("output_shape")?.is_some() {
            return Reason::err("its attribute `output_shape` is not supported; `pads` and `output_padding` are");
        }
        let output_padding = at.sizes("output_padding", 0)?;
        Ok(Box::new(Transposed { window: Window::read(at)?, groups: groups(at)?, output_padding }))
    })
    .note("one or two axes; no automatic padding, no `output_shape`"),
];
