//! Other shapes for the same elements: views, free on shares.

use super::{Entry, Inputs, Operator, op};
use crate::onnx::{
    array::{Array, Element, axes_of, axis_of, sized, within},
    network::MOST,
    report::Reason,
    value::{Context, Value},
};
use mpc_core::op::Handle;
use ndarray::{Axis, IxDyn};

/// The same value seen by another view.
pub(super) fn viewed(value: &Value, view: impl Fn(&Handle) -> Handle) -> Result<Value, Reason> {
    match value {
        Value::Public(_) => Reason::err("a view of a public value"),
        Value::Secret(x, element) => Ok(Value::of(view(x.handle()), *element)),
        Value::Bits(bits) => Ok(Value::Bits(view(bits.handle()).into())),
    }
}

/// An operator that gives the elements another shape, in their order.
struct Reshape<F> {
    /// The new shape, of the old one and the second input.
    shape: F,
    public: &'static [usize],
}

impl<F: Fn(&[usize], Option<&Array>) -> Result<Vec<usize>, Reason> + Send + Sync> Operator for Reshape<F> {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        Ok(vec![a.reshaped(&(self.shape)(a.shape(), x.get(1))?)?])
    }

    fn secret(&self, _: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let value = x.need(0)?;
        let (old, known) = (value.shape(), if self.public.is_empty() { None } else { x.known_if(1)? });
        let shape = (self.shape)(&old, known)?;
        if within(&shape, MOST)? != old.iter().product::<usize>() {
            return Reason::err(format!("{old:?} cannot become {shape:?}"));
        }
        Ok(vec![viewed(value, |x| x.reshape(&shape[..].into()))?])
    }

    fn public(&self) -> &[usize] {
        self.public
    }
}

/// A shape in which 0 stands for the old size, unless `zero`, and -1 for what is left.
fn wished(old: &[usize], wish: &[i64], zero: bool) -> Result<Vec<usize>, Reason> {
    let mut shape = Vec::with_capacity(wish.len());
    let mut open = None;
    for (at, &size) in wish.iter().enumerate() {
        shape.push(match size {
            0 if !zero => *old.get(at).ok_or("a size of 0 copies one that is not there")?,
            -1 if open.is_none() => {
                open = Some(at);
                1
            }
            size => usize::try_from(size).map_err(|_| format!("{size} is no size"))?,
        });
    }
    let (known, all) = (within(&shape, MOST)?, old.iter().product::<usize>());
    if let Some(at) = open {
        if known == 0 || all % known != 0 {
            return Reason::err(format!("{old:?} cannot become {wish:?}"));
        }
        shape[at] = all / known;
    }
    if within(&shape, MOST)? != all {
        return Reason::err(format!("{old:?} cannot become {wish:?}"));
    }
    Ok(shape)
}

fn squeezed(old: &[usize], axes: Option<Vec<i64>>) -> Result<Vec<usize>, Reason> {
    let axes = match axes {
        None => (0..old.len()).filter(|&axis| old[axis] == 1).collect(),
        Some(axes) => axes_of(&axes, old.len())?,
    };
    match axes.iter().find(|&&axis| old[axis] != 1) {
        Some(axis) => Reason::err(format!("axis {axis} has size {}, not 1", old[*axis])),
        None => Ok((0..old.len()).filter(|axis| !axes.contains(axis)).map(|axis| old[axis]).collect()),
    }
}

fn unsqueezed(old: &[usize], axes: &[i64]) -> Result<Vec<usize>, Reason> {
    let rank = old.len() + axes.len();
    let axes = axes_of(axes, rank)?;
    let mut rest = old.iter();
    Ok((0..rank).filter_map(|axis| if axes.contains(&axis) { Some(1) } else { rest.next().copied() }).collect())
}

fn made<F>(shape: F, public: &'static [usize]) -> Result<Box<dyn Operator>, Reason>
where
    F: Fn(&[usize], Option<&Array>) -> Result<Vec<usize>, Reason> + Send + Sync + 'static,
{
    Ok(Box::new(Reshape { shape, public }))
}

/// Axes in another order.
struct Transpose(Option<Vec<usize>>);

impl Transpose {
    fn order(&self, rank: usize) -> Result<Vec<usize>, Reason> {
        let Some(order) = &self.0 else { return Ok((0..rank).rev().collect()) };
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if sorted.into_iter().eq(0..rank) {
            Ok(order.clone())
        } else {
            Reason::err("its `perm` is no order of the axes")
        }
    }
}

impl Operator for Transpose {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        let values = a.values.clone().permuted_axes(self.order(a.rank())?);
        Ok(vec![Array { element: a.element, values }])
    }

    fn secret(&self, _: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let value = x.need(0)?;
        let order = self.order(value.shape().len())?;
        Ok(vec![viewed(value, |x| x.permute(&order))?])
    }
}

/// Repeated to a shape that it broadcasts with.
struct Expand;

impl Expand {
    fn shape(old: &[usize], wish: &Array) -> Result<Vec<usize>, Reason> {
        let wish = wish.whole().into_iter().map(|size| usize::try_from(size).map_err(|_| format!("{size} is no size")));
        let wish = wish.collect::<Result<Vec<_>, _>>()?;
        within(&wish, MOST)?;
        crate::onnx::array::broadcast(&[old, &wish])
    }
}

impl Operator for Expand {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        let shape = Self::shape(a.shape(), x.need(1)?)?;
        crate::onnx::array::sized(&shape)?;
        let values = a.values.broadcast(IxDyn(&shape)).ok_or("the shapes do not broadcast")?.to_owned();
        Ok(vec![Array { element: a.element, values }])
    }

    fn secret(&self, _: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let value = x.need(0)?;
        let shape = Self::shape(&value.shape(), x.known(1)?)?;
        Ok(vec![viewed(value, |x| x.expand(&shape[..].into()))?])
    }

    fn public(&self) -> &[usize] {
        &[1]
    }
}

/// The sizes of the axes: public, whatever the values are.
struct Sizes {
    from: i64,
    to: Option<i64>,
    product: bool,
}

impl Sizes {
    fn of(&self, shape: &[usize]) -> Array {
        let rank = shape.len() as i64;
        let bound = |at: i64| (if at < 0 { at + rank } else { at }).clamp(0, rank) as usize;
        if self.product {
            return Array::scalar(Element::Int, shape.iter().product::<usize>() as f64);
        }
        let (from, to) = (bound(self.from), bound(self.to.unwrap_or(rank)));
        Array::ints(shape[from.min(to)..to].iter().map(|&size| size as i64))
    }
}

impl Operator for Sizes {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        Ok(vec![self.of(x.need(0)?.shape())])
    }

    fn secret(&self, _: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        Ok(vec![self.of(&x.need(0)?.shape()).into()])
    }
}

/// One after the other along an axis.
struct Concat(i64);

impl Concat {
    /// The axis, for shapes that differ in it alone, and the shape of all.
    fn axis(&self, shapes: &[&[usize]]) -> Result<(usize, Vec<usize>), Reason> {
        let axis = axis_of(self.0, shapes[0].len())?;
        let mut whole = shapes[0].to_vec();
        for shape in &shapes[1..] {
            let same = |at: usize| at == axis || shape[at] == whole[at];
            if shape.len() != whole.len() || !(0..whole.len()).all(same) {
                return Reason::err("its inputs differ in another axis");
            }
            whole[axis] = whole[axis].saturating_add(shape[axis]);
        }
        Ok((axis, whole))
    }
}

impl Operator for Concat {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let all = x.all()?;
        let (axis, whole) = self.axis(&all.iter().map(|x| x.shape()).collect::<Vec<_>>())?;
        sized(&whole)?;
        let views: Vec<_> = all.iter().map(|x| x.values.view()).collect();
        let values = ndarray::concatenate(Axis(axis), &views).map_err(|_| "its inputs differ in another axis")?;
        Ok(vec![Array { element: all[0].element, values }])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let all = x.all()?;
        let shapes: Vec<_> = all.iter().map(|value| value.shape()).collect();
        let (axis, whole) = self.axis(&shapes.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        within(&whole, MOST)?;
        let filled: Vec<_> = all.iter().zip(&shapes).filter(|(_, shape)| !shape.contains(&0)).map(|(x, _)| x).collect();
        let Some((first, rest)) = filled.split_first() else { return Reason::err("all of its inputs are empty") };
        if filled.iter().all(|value| matches!(value, Value::Bits(_))) {
            let handles: Vec<_> = rest.iter().filter_map(|value| value.handle()).collect();
            return Ok(vec![viewed(first, |x| x.concat(&handles, axis))?]);
        }
        let rest: Vec<_> = rest.iter().map(|value| cx.operand(value)).collect();
        let y = cx.operand(first).concat(&rest.iter().collect::<Vec<_>>(), axis);
        Ok(vec![Value::of(y, all[0].element())])
    }
}

/// The same.
struct Identity {
    /// Whether a second output says that nothing was dropped.
    mask: bool,
}

impl Operator for Identity {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?.clone();
        let mask = self.mask.then(|| Array { element: Element::Bool, ..a.map(|_| 1.0) });
        Ok(std::iter::once(a).chain(mask).collect())
    }

    fn secret(&self, _: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        match self.mask {
            true => Reason::err("its second output is not supported"),
            false => Ok(vec![x.need(0)?.clone()]),
        }
    }
}

pub(super) const OPERATORS: &[Entry] = &[
    op("Reshape", |at| {
        let zero = at.flag("allowzero", false)?;
        made(move |old, wish| wished(old, &wish.ok_or("its shape is missing")?.whole(), zero), &[1])
    }),
    op("Flatten", |at| {
        let axis = at.int("axis", 1)?;
        made(
            move |old, _| {
                let axis = if axis == old.len() as i64 { old.len() } else { axis_of(axis, old.len())? };
                Ok(vec![old[..axis].iter().product(), old[axis..].iter().product()])
            },
            &[],
        )
    }),
    op("Squeeze", |at| {
        let axes = if at.opset < 13 { at.ints("axes")? } else { None };
        made(move |old, given| squeezed(old, given.map(Array::whole).or(axes.clone())), &[1])
    }),
    op("Unsqueeze", |at| {
        let axes = if at.opset < 13 { at.ints("axes")? } else { None };
        made(
            move |old, given| unsqueezed(old, &given.map(Array::whole).or(axes.clone()).ok_or("its axes are missing")?),
            &[1],
        )
    }),
    op("Transpose", |at| Ok(Box::new(Transpose(at.sizes("perm", 0)?)))),
    op("Expand", |_| Ok(Box::new(Expand))).since(8),
    op("Shape", |at| Ok(Box::new(Sizes { from: at.int("start", 0)?, to: at.int_if("end")?, product: false })))
        .note("shapes are public"),
    op("Size", |_| Ok(Box::new(Sizes { from: 0, to: None, product: true }))).note("shapes are public"),
    op("Concat", |at| match at.int_if("axis")? {
        Some(axis) => Ok(Box::new(Concat(axis))),
        None => Reason::err("its attribute `axis` is missing"),
    }),
    op("Identity", |_| Ok(Box::new(Identity { mask: false }))),
    op("Dropout", |at| {
        at.ignore(&["ratio", "seed"]);
        Ok(Box::new(Identity { mask: at.outputs() > 1 }))
    })
    .note("drops nothing"),
];
