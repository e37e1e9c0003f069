//! Images of another size: the nearest pixel, or the line between two.

use super::{Entry, Inputs, Operator, arithmetic::zip, matmul, op, pick::Places};
use crate::onnx::{
    array::{Array, Element, axis_of, sized},
    node::Attributes,
    report::Reason,
    value::{Context, Value},
};

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Nearest,
    Linear,
}

/// Which place of the old axis belongs to one of the new.
#[derive(Clone, Copy)]
enum Coordinates {
    HalfPixel,
    PyTorchHalfPixel,
    AlignCorners,
    Asymmetric,
}

#[derive(Clone, Copy)]
enum Round {
    PreferFloor,
    PreferCeil,
    Floor,
    Ceil,
}

struct Resize {
    mode: Mode,
    coordinates: Coordinates,
    round: Round,
    /// Where the scales and the sizes are among the inputs.
    inputs: [Option<usize>; 2],
    scales: Option<Vec<f64>>,
    axes: Option<Vec<i64>>,
}

/// One axis: old size, new size, and new pixels to an old one.
struct Axis {
    old: usize,
    new: usize,
    scale: f64,
}

impl Resize {
    fn read(at: &Attributes<'_>) -> Result<Self, Reason> {
        let mode = match at.text("mode", "nearest")? {
            "nearest" => Mode::Nearest,
            "linear" | "bilinear" => Mode::Linear,
            other => return Reason::err(format!("`mode = {other}` is not supported, only nearest and linear")),
        };
        let old = at.opset < 11;
        let usual = if old { "asymmetric" } else { "half_pixel" };
        let coordinates = match at.text("coordinate_transformation_mode", usual)? {
            "half_pixel" => Coordinates::HalfPixel,
            "pytorch_half_pixel" => Coordinates::PyTorchHalfPixel,
            "align_corners" => Coordinates::AlignCorners,
            "asymmetric" => Coordinates::Asymmetric,
            other => return Reason::err(format!("`coordinate_transformation_mode = {other}` is not supported")),
        };
        let round = match at.text("nearest_mode", if old { "floor" } else { "round_prefer_floor" })? {
            "round_prefer_floor" => Round::PreferFloor,
            "round_prefer_ceil" => Round::PreferCeil,
            "floor" => Round::Floor,
            "ceil" => Round::Ceil,
            other => return Reason::err(format!("`nearest_mode = {other}` is not known")),
        };
        at.only("antialias", 0)?;
        at.only("exclude_outside", 0)?;
        at.ignore(&["cubic_coeff_a", "extrapolation_value"]);
        match at.text("keep_aspect_ratio_policy", "stretch")? {
            "stretch" => {}
            other => return Reason::err(format!("`keep_aspect_ratio_policy = {other}` is not supported")),
        }
        let inputs = if old { [Some(1), None] } else { [Some(2), Some(3)] };
        Ok(Self { mode, coordinates, round, inputs, scales: at.floats("scales")?, axes: at.ints("axes")? })
    }

    fn axes(&self, shape: &[usize], input: impl Fn(usize) -> Option<Vec<f64>>) -> Result<Vec<Axis>, Reason> {
        let named = |at: usize| self.inputs[at].and_then(&input).filter(|values| !values.is_empty());
        let (scales, sizes) = (named(0).or_else(|| self.scales.clone()), named(1));
        let which: Vec<usize> = match &self.axes {
            Some(axes) => axes.iter().map(|&axis| axis_of(axis, shape.len())).collect::<Result<_, _>>()?,
            None => (0..shape.len()).collect(),
        };
        let mut all: Vec<_> = shape.iter().map(|&old| Axis { old, new: old, scale: 1.0 }).collect();
        let given = scales.as_ref().or(sizes.as_ref()).ok_or("neither scales nor sizes are given")?;
        if given.len() != which.len() {
            return Reason::err("it has not one scale or size for each axis");
        }
        for (&axis, &value) in which.iter().zip(given) {
            let old = shape[axis] as f64;
            let (new, scale) = if scales.is_some() { ((old * value).floor(), value) } else { (value, value / old) };
            if !(1.0..2e9).contains(&new) || shape[axis] == 0 {
                return Reason::err("a size is out of range");
            }
            all[axis] = Axis { old: shape[axis], new: new as usize, scale };
        }
        if shape.contains(&0) {
            return Reason::err("the image is empty");
        }
        sized(&all.iter().map(|axis| axis.new).collect::<Vec<_>>())?;
        Ok(all)
    }

    /// The place on the old axis.
    fn source(&self, axis: &Axis, at: usize) -> f64 {
        let x = at as f64;
        match self.coordinates {
            Coordinates::HalfPixel => (x + 0.5) / axis.scale - 0.5,
            Coordinates::PyTorchHalfPixel if axis.new == 1 => 0.0,
            Coordinates::PyTorchHalfPixel => (x + 0.5) / axis.scale - 0.5,
            Coordinates::AlignCorners if axis.new == 1 => 0.0,
            Coordinates::AlignCorners => x * (axis.old as f64 - 1.0) / (axis.new as f64 - 1.0),
            Coordinates::Asymmetric => x / axis.scale,
        }
    }

    fn nearest(&self, axis: &Axis, at: usize) -> usize {
        let x = self.source(axis, at);
        let rounded = match self.round {
            Round::PreferFloor => (x - 0.5).ceil(),
            Round::PreferCeil => (x + 0.5).floor(),
            Round::Floor => x.floor(),
            Round::Ceil => x.ceil(),
        };
        rounded.clamp(0.0, axis.old as f64 - 1.0) as usize
    }

    fn places(&self, axes: &[Axis]) -> Result<Places, Reason> {
        let steps = super::pick::strides(&axes.iter().map(|axis| axis.old).collect::<Vec<_>>());
        Places::of(axes.iter().map(|axis| axis.new).collect(), 0.0, |at| {
            let each = at.iter().zip(axes).zip(&steps);
            Ok(Some(each.map(|((&at, axis), step)| self.nearest(axis, at) * step).sum()))
        })
    }

    /// The matrix that interpolates along an axis: old places by new.
    fn matrix(&self, axis: &Axis) -> Result<Array, Reason> {
        let mut values = vec![0.0; sized(&[axis.old, axis.new])?];
        for at in 0..axis.new {
            let x = self.source(axis, at).clamp(0.0, axis.old as f64 - 1.0);
            let (low, part) = (x.floor() as usize, x.fract());
            values[low * axis.new + at] += 1.0 - part;
            values[(low + 1).min(axis.old - 1) * axis.new + at] += part;
        }
        Array::new(Element::Float, &[axis.old, axis.new], values)
    }
}

/// Axes with one moved to the end, and back.
fn moved(rank: usize, axis: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rank).collect();
    order.swap(axis, rank - 1);
    order
}

impl Operator for Resize {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let mut a = x.need(0)?.clone();
        let axes = self.axes(a.shape(), |at| x.get(at).map(Array::to_vec))?;
        if self.mode == Mode::Nearest {
            return Ok(vec![self.places(&axes)?.clear(&a)?]);
        }
        for (at, axis) in axes.iter().enumerate().filter(|(_, axis)| axis.old != axis.new) {
            let order = moved(a.rank(), at);
            let turned = Array::float(a.values.clone().permuted_axes(order.clone()));
            let grown = matmul::matmul(&turned, &self.matrix(axis)?)?;
            a = Array::float(grown.values.permuted_axes(order));
        }
        // In standard order.
        Ok(vec![zip(&a, &Array::scalar(Element::Float, 0.0), Element::Float, |a, b| a + b)?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        for at in self.inputs.into_iter().flatten() {
            x.known_if(at)?;
        }
        let value = x.need(0)?;
        let known = |at: usize| x.get(at).and_then(Value::known).map(|known| known.to_vec());
        let axes = self.axes(&value.shape(), known)?;
        if self.mode == Mode::Nearest {
            return Ok(vec![self.places(&axes)?.secret(cx, value)?]);
        }
        let mut a = cx.operand(value);
        for (at, axis) in axes.iter().enumerate().filter(|(_, axis)| axis.old != axis.new) {
            let order = moved(a.shape().rank(), at);
            let matrix = cx.public(&self.matrix(axis)?);
            a = matmul::secret(&a.permute(&order), matrix.handle())?.permute(&order);
        }
        super::one(Value::float(a))
    }

    fn public(&self) -> &[usize] {
        &[1, 2, 3]
    }
}

pub(super) const OPERATORS: &[Entry] = &[
    op("Resize", |at| Ok(Box::new(Resize::read(at)?))).since(10).note("nearest and linear"),
    op("Upsample", |at| {
        let read = Resize::read(at)?;
        Ok(Box::new(Resize {
            coordinates: Coordinates::Asymmetric,
            round: Round::Floor,
            inputs: [Some(1), None],
            ..read
        }))
    })
    .until(9)
    .note("nearest and linear"),
];
