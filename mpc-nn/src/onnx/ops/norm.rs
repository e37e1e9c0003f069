//! Normalisations. A batch normalisation is folded into what is before it, or becomes a product and a sum, before a graph is
//! made (`passes/batch_norm.rs`).

use super::{
    Entry, Inputs, Operator,
    arithmetic::{channels, zip},
    one, op,
};
use crate::onnx::{
    array::{Array, Element, axis_of},
    report::Reason,
    value::{Context, Value},
};
use mpc_core::{Secret, Tensor, op::Handle};
use ndarray::Axis;

/// What is normalised together.
enum Over {
    /// All axes from one on; scale and offset have their shape.
    From(i64),
    /// All axes after the channels, channel by channel; scale and offset along the channels.
    Image,
    /// As `Image`, by groups of channels; `by_group`: scale and offset too.
    Groups { count: usize, by_group: bool },
}

struct Normalise {
    over: Over,
    epsilon: f64,
    /// Without subtracting the mean.
    only_scale: bool,
}

impl Normalise {
    /// The shape as rows that are normalised, and the shape of scale and offset.
    fn rows(&self, shape: &[usize]) -> Result<([usize; 2], Vec<usize>), Reason> {
        let rank = shape.len();
        let (rows, parts) = match self.over {
            Over::From(axis) => {
                let axis = axis_of(axis, rank)?;
                (shape[..axis].iter().product(), shape[axis..].to_vec())
            }
            Over::Image | Over::Groups { .. } if rank < 3 => {
                return Reason::err("it needs batch, channels, and at least one axis more");
            }
            Over::Image => (shape[0] * shape[1], channels(rank, shape[1])),
            Over::Groups { count, .. } if !shape[1].is_multiple_of(count.max(1)) || count == 0 => {
                return Reason::err(format!("{} channels are not {count} groups", shape[1]));
            }
            Over::Groups { count, by_group: false } => (shape[0] * count, channels(rank, shape[1])),
            Over::Groups { count, by_group: true } => (shape[0] * count, channels(rank, count)),
        };
        let all: usize = shape.iter().product();
        match rows {
            0 => Reason::err("there is nothing to normalise"),
            _ => Ok(([rows, all / rows], parts)),
        }
    }

    /// Scale and offset of groups, repeated for each channel.
    fn repeated(&self, shape: &[usize]) -> Option<usize> {
        match self.over {
            Over::Groups { count, by_group: true } => Some(shape[1] / count),
            _ => None,
        }
    }
}

impl Operator for Normalise {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        let (rows, parts) = self.rows(a.shape())?;
        let mut values = a.reshaped(&rows)?.values;
        for mut row in values.axis_iter_mut(Axis(0)) {
            let count = row.len() as f64;
            let mean = if self.only_scale { 0.0 } else { row.sum() / count };
            let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
            row.mapv_inplace(|x| (x - mean) / (variance + self.epsilon).sqrt());
        }
        let mut y = Array::float(values).reshaped(a.shape())?;
        let part = |at: usize| -> Result<Option<Array>, Reason> {
            let Some(part) = x.get(at) else { return Ok(None) };
            let Some(times) = self.repeated(a.shape()) else { return part.reshaped(&parts).map(Some) };
            let each = part.values.iter().flat_map(|&x| std::iter::repeat_n(x, times)).collect();
            Array::new(Element::Float, &channels(a.rank(), part.len() * times), each).map(Some)
        };
        if let Some(scale) = part(1)? {
            y = zip(&y, &scale, Element::Float, |a, b| a * b)?;
        }
        if let Some(offset) = part(2)? {
            y = zip(&y, &offset, Element::Float, |a, b| a + b)?;
        }
        Ok(vec![y])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let a = cx.operand(x.need(0)?);
        let shape = a.shape();
        let (rows, parts) = self.rows(shape.dims())?;
        let flat = a.reshape(&rows.into());
        let normal = match self.only_scale {
            false => flat.normalised(&[1], self.epsilon),
            true => flat.over_sqrt(&flat.square().mean(&[1], true).add(&cx.number(self.epsilon))),
        };
        let mut y = normal.reshape(&shape);
        let part = |at: usize| -> Result<Option<Handle>, Reason> {
            let Some(part) = x.get(at).map(|part| cx.operand(part)) else { return Ok(None) };
            let (part, parts) = match self.repeated(shape.dims()) {
                None => (part, parts.clone()),
                Some(times) => {
                    let count = part.shape().len() * times;
                    (part.repeat_interleave(0, times), channels(shape.rank(), count))
                }
            };
            if parts.iter().product::<usize>() != part.shape().len() {
                return Reason::err("its scale or offset has another size");
            }
            Ok(Some(part.reshape(&parts[..].into())))
        };
        if let Some(scale) = part(1)? {
            y = y.mul(&scale);
        }
        if let Some(offset) = part(2)? {
            y = y.add(&offset);
        }
        one(Value::float(y))
    }
}

/// Divided by a norm along an axis.
struct Lp {
    axis: i64,
    order: i64,
}

impl Operator for Lp {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        let axis = axis_of(self.axis, a.rank())?;
        let mut values = a.values.clone();
        for mut lane in values.lanes_mut(Axis(axis)) {
            let norm = match self.order {
                1 => lane.iter().map(|x| x.abs()).sum::<f64>(),
                _ => lane.iter().map(|x| x * x).sum::<f64>().sqrt(),
            };
            if norm != 0.0 {
                lane.mapv_inplace(|x| x / norm);
            }
        }
        Ok(vec![Array::float(values)])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let a = cx.operand(x.need(0)?);
        let axis = axis_of(self.axis, a.shape().rank())?;
        one(Value::float(match self.order {
            1 => a.mul(&a.abs().sum(&[axis], true).reciprocal()),
            _ => a.over_sqrt(&a.norm_squared(&[axis], true)),
        }))
    }
}

/// Local response: divided by a power of the squares of the neighbouring channels.
struct Response {
    size: usize,
    alpha: f64,
    beta: f64,
    bias: f64,
}

impl Response {
    fn around(&self, channel: usize, count: usize) -> std::ops::Range<usize> {
        channel.saturating_sub((self.size - 1) / 2)..(channel + self.size / 2 + 1).min(count)
    }
}

impl Operator for Response {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        let &[_, count, ..] = a.shape() else { return Reason::err("it needs batch and channels") };
        let mut values = a.values.clone();
        for channel in 0..count {
            let near = a.values.slice_axis(Axis(1), self.around(channel, count).into());
            let squares = near.mapv(|x| x * x).sum_axis(Axis(1));
            let scale = squares.mapv(|x| (self.bias + self.alpha / self.size as f64 * x).powf(-self.beta));
            let mut own = values.index_axis_mut(Axis(1), channel);
            own *= &scale;
        }
        Ok(vec![Array::float(values)])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let a = cx.secret(x.need(0)?);
        let shape = a.shape();
        let &[_, count, ..] = shape.dims() else { return Reason::err("it needs batch and channels") };
        let squares = a.square();
        let near = |channel: usize| squares.slice(1, self.around(channel, count)).sum_axes(&[1]).unsqueeze(1);
        let sums: Vec<Tensor<Secret>> = (0..count).map(near).collect();
        let sums = sums.iter().skip(1).fold(sums[0].clone(), |all, next| all.concat(next, 1));
        let scale = (sums * (self.alpha / self.size as f64) + self.bias).pow(-self.beta);
        one(a * scale)
    }
}

/// By mean and variance that are given, along the channels.
struct ByStatistics {
    epsilon: f64,
}

impl Operator for ByStatistics {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let shape = x.need(0)?.shape().to_vec();
        let mut along = Vec::with_capacity(4);
        for at in 1..=4 {
            let vector = x.need(at)?.values.clone();
            let rows = vector.into_shape_with_order(channels(shape.len(), shape.get(1).copied().unwrap_or(0)));
            along.push(
                rows.map_err(|_| Reason::new(format!("its input {} has not one number for each channel", at + 1)))?,
            );
        }
        let [scale, offset, mean, variance] = [0, 1, 2, 3].map(|at| &along[at]);
        let factor = scale / &variance.mapv(|x| (x + self.epsilon).sqrt());
        Ok(vec![Array::float((&x.need(0)?.values - mean) * factor + offset)])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let a = cx.operand(x.need(0)?);
        let &[_, count, ..] = a.shape().dims() else { return Reason::err("it needs batch and channels") };
        let mut vectors = Vec::with_capacity(4);
        for at in 1..=4 {
            let vector = cx.operand(x.need(at)?);
            if vector.shape().dims() != [count] {
                return Reason::err(format!("its input {} has not one number for each channel", at + 1));
            }
            vectors.push(vector.reshape(&channels(a.shape().rank(), count)[..].into()));
        }
        let [scale, offset, mean, variance] = [0, 1, 2, 3].map(|at| &vectors[at]);
        let factor = scale.over_sqrt(&variance.add(&cx.number(self.epsilon)));
        one(Value::float(a.sub(mean).mul(&factor).add(offset)))
    }
}

pub(super) const OPERATORS: &[Entry] = &[
    op("LayerNormalization", |at| {
        at.ignore(&["stash_type"]);
        if at.outputs() > 1 {
            return Reason::err("its further outputs, mean and deviation, are not supported");
        }
        let over = Over::From(at.int("axis", -1)?);
        Ok(Box::new(Normalise { over, epsilon: at.float("epsilon", 1e-5)?, only_scale: false }))
    })
    .since(17)
    .note("also in the form of single steps that older exporters write; one output"),
    op("RMSNormalization", |at| {
        at.ignore(&["stash_type"]);
        let over = Over::From(at.int("axis", -1)?);
        Ok(Box::new(Normalise { over, epsilon: at.float("epsilon", 1e-5)?, only_scale: true }))
    })
    .since(23),
    op("InstanceNormalization", |at| {
        Ok(Box::new(Normalise { over: Over::Image, epsilon: at.float("epsilon", 1e-5)?, only_scale: false }))
    }),
    op("GroupNormalization", |at| {
        at.ignore(&["stash_type"]);
        let count = usize::try_from(at.int("num_groups", 0)?).unwrap_or(0);
        let over = Over::Groups { count, by_group: at.opset < 21 };
        Ok(Box::new(Normalise { over, epsilon: at.float("epsilon", 1e-5)?, only_scale: false }))
    })
    .since(18),
    op("LpNormalization", |at| match at.int("p", 2)? {
        order @ 1..=2 => Ok(Box::new(Lp { axis: at.int("axis", -1)?, order })),
        order => Reason::err(format!("`p = {order}` is not supported, only 1 and 2")),
    }),
    op("LRN", |at| match at.int("size", 0)? {
        size @ 1..=1024 => Ok(Box::new(Response {
            size: size as usize,
            alpha: at.float("alpha", 1e-4)?,
            beta: at.float("beta", 0.75)?,
            bias: at.float("bias", 1.0)?,
        })),
        _ => Reason::err("its attribute `size` is out of range"),
    }),
    op("BatchNormalization", |at| {
        at.ignore(&["momentum", "spatial"]);
        if at.flag("training_mode", false)? || at.outputs() > 1 {
            return Reason::err("it is in training mode: export the model after `eval()`");
        }
        Ok(Box::new(ByStatistics { epsilon: at.float("epsilon", 1e-5)? }))
    })
    .note("in evaluation mode; with its four vectors in the file, it is folded into the product before it, or a product and a sum"),
];
