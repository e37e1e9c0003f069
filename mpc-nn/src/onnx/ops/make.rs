//! Constants, and what is made of sizes alone. All of this is public.

use super::{Entry, Inputs, Operator, cast, op};
use crate::onnx::{
    array::{Array, Element, MOST, sized},
    node::Attributes,
    report::Reason,
    value::{Context, Value},
};

/// A tensor that the inputs make, which must be public.
struct Make<F> {
    make: F,
    public: &'static [usize],
}

impl<F: Fn(&Inputs<'_, Array>) -> Result<Array, Reason> + Send + Sync> Operator for Make<F> {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        Ok(vec![(self.make)(x)?])
    }

    fn secret(&self, _: &Context<'_>, _: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        Reason::err("its inputs must be public")
    }

    fn public(&self) -> &[usize] {
        self.public
    }
}

fn made<F>(public: &'static [usize], make: F) -> Result<Box<dyn Operator>, Reason>
where
    F: Fn(&Inputs<'_, Array>) -> Result<Array, Reason> + Send + Sync + 'static,
{
    Ok(Box::new(Make { make, public }))
}

/// The value of a `Constant`.
fn constant(at: &Attributes<'_>) -> Result<Array, Reason> {
    at.ignore(&["value_string", "value_strings", "sparse_value"]);
    let (tensor, number, whole) = (at.tensor("value")?, at.float_if("value_float")?, at.int_if("value_int")?);
    match (tensor, number, whole, at.floats("value_floats")?, at.ints("value_ints")?) {
        (Some(tensor), ..) => Ok(tensor.clone()),
        (_, Some(number), ..) => Ok(Array::scalar(Element::Float, number)),
        (_, _, Some(whole), ..) => Ok(Array::scalar(Element::Int, whole as f64)),
        (.., Some(numbers), _) => Array::new(Element::Float, &[numbers.len()], numbers),
        (.., Some(whole)) => Ok(Array::ints(whole)),
        _ => Reason::err("its value is none of those that are supported: a dense tensor, numbers, or whole numbers"),
    }
}

fn range(x: &Inputs<'_, Array>) -> Result<Array, Reason> {
    let number = |at: usize| x.need(at)?.only().ok_or_else(|| Reason("a bound is not a single number".into()));
    let (from, to, step) = (number(0)?, number(1)?, number(2)?);
    let count = ((to - from) / step).ceil().max(0.0);
    if !count.is_finite() || count > MOST as f64 {
        return Reason::err("it is too long, or its step is 0");
    }
    sized(&[count as usize])?;
    let values: Vec<f64> = (0..count as usize).map(|at| from + at as f64 * step).collect();
    Array::new(x.need(0)?.element, &[values.len()], values)
}

fn sizes(shape: &Array) -> Result<Vec<usize>, Reason> {
    let sizes = shape.whole().into_iter().map(|size| usize::try_from(size).ok()).collect::<Option<Vec<_>>>();
    let sizes = sizes.ok_or("a size is negative")?;
    sized(&sizes)?;
    Ok(sizes)
}

/// Indices of what is not zero, as columns.
fn non_zero(x: &Array) -> Result<Array, Reason> {
    let mut found = Vec::new();
    super::pick::indices(x.shape(), |at| {
        if x.values[at] != 0.0 {
            found.push(at.to_vec());
        }
        Ok(())
    })?;
    let values = (0..x.rank()).flat_map(|axis| found.iter().map(move |at| at[axis] as f64)).collect();
    Array::new(Element::Int, &[x.rank(), found.len()], values)
}

/// Ones on a diagonal, in the shape of the input: that is all that is asked of a secret.
struct EyeLike {
    above: i64,
    element: Option<Element>,
}

impl EyeLike {
    fn of(&self, shape: &[usize], element: Element) -> Result<Array, Reason> {
        let &[rows, columns] = shape else { return Reason::err("it needs a matrix") };
        sized(shape)?;
        let on = |row: usize, column: usize| column as i64 - row as i64 == self.above;
        let values = (0..rows).flat_map(|row| (0..columns).map(move |column| f64::from(u8::from(on(row, column)))));
        Array::new(self.element.unwrap_or(element), shape, values.collect())
    }
}

impl Operator for EyeLike {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        Ok(vec![self.of(a.shape(), a.element)?])
    }

    fn secret(&self, _: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let a = x.need(0)?;
        Ok(vec![self.of(&a.shape(), a.element())?.into()])
    }
}

pub(super) const OPERATORS: &[Entry] = &[
    op("Constant", |at| {
        let value = constant(at)?;
        made(&[], move |_| Ok(value.clone()))
    })
    .note("dense, no strings"),
    op("ConstantOfShape", |at| {
        let value = at.tensor("value")?.cloned().unwrap_or_else(|| Array::scalar(Element::Float, 0.0));
        let Some(number) = value.only() else { return Reason::err("its value is not one number") };
        made(&[0], move |x| {
            let shape = sizes(x.need(0)?)?;
            Array::new(value.element, &shape, vec![number; shape.iter().product()])
        })
    })
    .since(9),
    op("Range", |_| made(&[0, 1, 2], range)).since(11),
    op("NonZero", |_| made(&[0], |x| non_zero(x.need(0)?))).since(9).note("public values only"),
    op("EyeLike", |at| {
        let element = at.int_if("dtype")?.map(cast::element).transpose()?;
        Ok(Box::new(EyeLike { above: at.int("k", 0)?, element }))
    })
    .since(9),
];
