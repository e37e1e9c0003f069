//! Rearrangements by public places: free and exact on shares. Where the elements come from is computed once, for floats and
//! for shares alike. And gathers by secret indices, which read every row.

use super::{Entry, Inputs, Operator, op};
use crate::onnx::{
    array::{Array, axis_of, sized},
    node::Attributes,
    report::Reason,
    value::{Context, Value},
};

/// Where the elements of a result come from: places in row-major order, or a constant.
pub(super) struct Places {
    pub(super) shape: Vec<usize>,
    pub(super) from: Vec<Option<usize>>,
    pub(super) constant: f64,
}

/// The strides of row-major data.
pub(super) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for at in (1..shape.len()).rev() {
        strides[at - 1] = strides[at] * shape[at];
    }
    strides
}

/// Calls `f` with every index of a shape, in row-major order.
pub(super) fn indices(shape: &[usize], mut f: impl FnMut(&[usize]) -> Result<(), Reason>) -> Result<(), Reason> {
    let count = sized(shape)?;
    let mut index = vec![0; shape.len()];
    for _ in 0..count {
        f(&index)?;
        for at in (0..shape.len()).rev() {
            index[at] += 1;
            if index[at] < shape[at] {
                break;
            }
            index[at] = 0;
        }
    }
    Ok(())
}

impl Places {
    /// A result of a shape whose element at an index comes from where `from` says.
    pub(super) fn of(
        shape: Vec<usize>,
        constant: f64,
        mut from: impl FnMut(&[usize]) -> Result<Option<usize>, Reason>,
    ) -> Result<Self, Reason> {
        let mut places = Vec::new();
        indices(&shape, |index| {
            places.push(from(index)?);
            Ok(())
        })?;
        Ok(Self { shape, from: places, constant })
    }

    pub(super) fn clear(&self, x: &Array) -> Result<Array, Reason> {
        let values = x.to_vec();
        let of = |from: &Option<usize>| from.map_or(Some(self.constant), |at| values.get(at).copied());
        let picked = self.from.iter().map(of).collect::<Option<Vec<_>>>().ok_or("an index is out of range")?;
        Array::new(x.element, &self.shape, picked)
    }

    pub(super) fn secret(&self, cx: &Context<'_>, x: &Value) -> Result<Value, Reason> {
        let flat = cx.operand(x).flatten(0);
        let count = flat.shape().len();
        if self.from.is_empty() || self.from.iter().flatten().any(|&at| at >= count) {
            return Reason::err("an index is out of range, or nothing is picked");
        }
        let from: Vec<usize> = self.from.iter().map(|from| from.unwrap_or(count)).collect();
        let padded = if from.contains(&count) { flat.concat(&[&cx.number(self.constant).flatten(0)], 0) } else { flat };
        Ok(Value::of(padded.index_select(0, &from).reshape(&self.shape[..].into()), x.element()))
    }
}

/// An operator that picks by public parameters.
struct Pick<F> {
    /// The places, of the shape of the first input and the other inputs.
    places: F,
    public: &'static [usize],
}

impl<F: Fn(&[usize], &[Option<&Array>]) -> Result<Places, Reason> + Send + Sync> Operator for Pick<F> {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let (a, known): (_, Vec<_>) = (x.need(0)?, (1..x.0.len()).map(|at| x.get(at)).collect());
        Ok(vec![(self.places)(a.shape(), &known)?.clear(a)?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let known = (1..x.0.len()).map(|at| x.known_if(at)).collect::<Result<Vec<_>, _>>()?;
        let a = x.need(0)?;
        Ok(vec![(self.places)(&a.shape(), &known)?.secret(cx, a)?])
    }

    fn public(&self) -> &[usize] {
        self.public
    }
}

pub(super) fn made<F>(public: &'static [usize], places: F) -> Result<Box<dyn Operator>, Reason>
where
    F: Fn(&[usize], &[Option<&Array>]) -> Result<Places, Reason> + Send + Sync + 'static,
{
    Ok(Box::new(Pick { places, public }))
}

pub(super) fn given<'a>(known: &[Option<&'a Array>], at: usize) -> Result<&'a Array, Reason> {
    known.get(at).copied().flatten().ok_or_else(|| Reason(format!("its input {} is missing", at + 2)))
}

/// An index; negative ones count from the end.
pub(super) fn place(index: f64, size: usize) -> Result<usize, Reason> {
    let from_front = if index < 0.0 { index + size as f64 } else { index };
    let whole = from_front.fract() == 0.0 && (0.0..size as f64).contains(&from_front);
    if whole { Ok(from_front as usize) } else { Reason::err(format!("an index is out of range for {size}")) }
}

/// What padding is made of.
#[derive(Clone, Copy)]
enum Edge {
    Constant,
    Reflect,
    Repeat,
    Wrap,
}

fn pad(edge: Edge, amounts: &[i64], constant: f64, axes: Option<Vec<i64>>, shape: &[usize]) -> Result<Places, Reason> {
    let axes: Vec<usize> = match axes {
        Some(axes) => axes.iter().map(|&axis| axis_of(axis, shape.len())).collect::<Result<_, _>>()?,
        None => (0..shape.len()).collect(),
    };
    if amounts.len() != 2 * axes.len() {
        return Reason::err("it has not two amounts for each axis");
    }
    let (mut before, mut result) = (vec![0i64; shape.len()], shape.to_vec());
    for (at, &axis) in axes.iter().enumerate() {
        let grown = (shape[axis] as i64).checked_add(amounts[at]).and_then(|x| x.checked_add(amounts[at + axes.len()]));
        before[axis] = amounts[at];
        result[axis] = grown.and_then(|x| usize::try_from(x).ok()).ok_or("its amounts are out of range")?;
    }
    let steps = strides(shape);
    Places::of(result, constant, |at| {
        let mut from = 0;
        for axis in 0..shape.len() {
            let (i, size) = ((at[axis] as i64).saturating_sub(before[axis]), shape[axis] as i64);
            let inside = (0..size).contains(&i);
            let i = match edge {
                _ if inside => i,
                Edge::Constant => return Ok(None),
                _ if size == 0 => return Reason::err("there is nothing to repeat"),
                Edge::Repeat => i.clamp(0, size - 1),
                Edge::Wrap => i.rem_euclid(size),
                Edge::Reflect => {
                    let turn = i.rem_euclid((2 * size - 2).max(1));
                    turn.min(2 * size - 2 - turn)
                }
            };
            from += i as usize * steps[axis];
        }
        Ok(Some(from))
    })
}

fn read_pad(at: &Attributes<'_>) -> Result<Box<dyn Operator>, Reason> {
    let edge = match at.text("mode", "constant")? {
        "constant" => Edge::Constant,
        "reflect" => Edge::Reflect,
        "edge" => Edge::Repeat,
        "wrap" => Edge::Wrap,
        other => return Reason::err(format!("`mode = {other}` is not known")),
    };
    let old = if at.opset < 11 { Some((at.ints("pads")?.unwrap_or_default(), at.float("value", 0.0)?)) } else { None };
    made(&[1, 2, 3], move |shape, known| match &old {
        Some((amounts, constant)) => pad(edge, amounts, *constant, None, shape),
        None => {
            let constant = known.get(1).copied().flatten().and_then(|x| x.only()).unwrap_or(0.0);
            let axes = known.get(2).copied().flatten().map(Array::whole);
            pad(edge, &given(known, 0)?.whole(), constant, axes, shape)
        }
    })
}

fn tile(shape: &[usize], times: &Array) -> Result<Places, Reason> {
    if times.len() != shape.len() {
        return Reason::err("it has not one number of repetitions for each axis");
    }
    let times = times.whole().into_iter().map(|x| usize::try_from(x).ok());
    let grown = shape.iter().zip(times).map(|(size, times)| size.checked_mul(times?));
    let (result, steps) =
        (grown.collect::<Option<Vec<_>>>().ok_or("its repetitions are out of range")?, strides(shape));
    Places::of(result, 0.0, |at| {
        Ok(Some(at.iter().zip(shape).zip(&steps).map(|((i, size), step)| i % size * step).sum()))
    })
}

/// Channels to pixels, or pixels to channels.
fn blocks(size: usize, to_space: bool, columns_first: bool, shape: &[usize]) -> Result<Places, Reason> {
    let &[n, c, h, w] = shape else { return Reason::err("it needs an image of four axes") };
    let area = size * size;
    let fits = if to_space { c % area == 0 } else { h % size == 0 && w % size == 0 };
    if !fits {
        return Reason::err(format!("blocks of {size} do not divide {shape:?}"));
    }
    let result = if to_space { vec![n, c / area, h * size, w * size] } else { vec![n, c * area, h / size, w / size] };
    let steps = strides(shape);
    Places::of(result, 0.0, |at| {
        let [image, channel, i, j] = [at[0], at[1], at[2], at[3]];
        let from = match to_space {
            true => {
                let block = i % size * size + j % size;
                let channel = if columns_first { channel * area + block } else { block * (c / area) + channel };
                [image, channel, i / size, j / size]
            }
            false => {
                let (block, channel) = (channel / c, channel % c);
                [image, channel, i * size + block / size, j * size + block % size]
            }
        };
        Ok(Some(from.iter().zip(&steps).map(|(i, step)| i * step).sum()))
    })
}

fn block_size(at: &Attributes<'_>) -> Result<usize, Reason> {
    match at.int("blocksize", 0)? {
        size @ 1..=1024 => Ok(size as usize),
        _ => Reason::err("its attribute `blocksize` is out of range"),
    }
}

fn triangle(upper: bool, by: i64, shape: &[usize]) -> Result<Places, Reason> {
    if shape.len() < 2 {
        return Reason::err("it needs matrices");
    }
    let steps = strides(shape);
    Places::of(shape.to_vec(), 0.0, |at| {
        let away = at[shape.len() - 1] as i64 - at[shape.len() - 2] as i64;
        let kept = if upper { away >= by } else { away <= by };
        Ok(kept.then(|| at.iter().zip(&steps).map(|(i, step)| i * step).sum()))
    })
}

pub(super) const OPERATORS: &[Entry] = &[
    op("Pad", read_pad).note("public amounts and constant"),
    op("Tile", |_| made(&[1], |shape, known| tile(shape, given(known, 0)?))),
    op("DepthToSpace", |at| {
        let (size, mode) = (block_size(at)?, at.text("mode", "DCR")?);
        let columns_first = mode == "CRD";
        made(&[], move |shape, _| blocks(size, true, columns_first, shape))
    }),
    op("SpaceToDepth", |at| {
        let size = block_size(at)?;
        made(&[], move |shape, _| blocks(size, false, false, shape))
    }),
    op("Trilu", |at| {
        let upper = at.flag("upper", true)?;
        made(&[1], move |shape, known| {
            let by = known.first().copied().flatten().and_then(|by| by.only()).unwrap_or(0.0);
            triangle(upper, by as i64, shape)
        })
    })
    .since(14),
];
