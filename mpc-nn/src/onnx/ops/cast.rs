//! Other kinds of elements.

use super::{Entry, Inputs, Operator, op};
use crate::onnx::{
    array::{Array, Element},
    report::Reason,
    value::{Context, Value},
};

/// The kind of a number of ONNX's list of types.
pub(in crate::onnx) fn element(kind: i64) -> Result<Element, Reason> {
    match kind {
        1 | 10 | 11 | 16 => Ok(Element::Float),
        2..=7 | 12 | 13 => Ok(Element::Int),
        9 => Ok(Element::Bool),
        8 => Reason::err("strings are not supported"),
        other => Reason::err(format!(
            "elements of type {other} are not supported: floats of 16, 32 and 64 bits, whole numbers and bool are"
        )),
    }
}

fn cast(x: &Array, to: Element) -> Array {
    let values = match (x.element, to) {
        (Element::Float, Element::Int) => x.values.mapv(f64::trunc),
        (_, Element::Bool) => x.values.mapv(|x| f64::from(u8::from(x != 0.0))),
        _ => x.values.clone(),
    };
    Array { element: to, values }
}

fn cast_secret(cx: &Context<'_>, x: &Value, to: Element) -> Result<Value, Reason> {
    match (x, to) {
        (Value::Public(x), _) => Ok(cast(x, to).into()),
        (Value::Bits(_), Element::Bool) => Ok(x.clone()),
        (_, Element::Bool) => Ok(Value::Bits(cx.bits(x))),
        (Value::Secret(_, Element::Float), Element::Int) => {
            Reason::err("a secret that may have a fraction cannot be made whole: nobody can round it cheaply")
        }
        _ => Ok(Value::Secret(cx.secret(x), to)),
    }
}

/// To a kind that is named, or that of the second input.
struct Cast(Option<Element>);

impl Operator for Cast {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let to = self.0.map_or_else(|| x.need(1).map(|like| like.element), Ok)?;
        Ok(vec![cast(x.need(0)?, to)])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let to = self.0.map_or_else(|| x.need(1).map(Value::element), Ok)?;
        Ok(vec![cast_secret(cx, x.need(0)?, to)?])
    }
}

pub(super) const OPERATORS: &[Entry] = &[
    op("Cast", |at| {
        at.ignore(&["saturate", "round_mode"]);
        let to = at.int_if("to")?.ok_or("its attribute `to` is missing")?;
        Ok(Box::new(Cast(Some(element(to)?))))
    })
    .note("secrets are not made whole"),
    op("CastLike", |at| {
        at.ignore(&["saturate", "round_mode"]);
        Ok(Box::new(Cast(None)))
    })
    .since(15)
    .note("secrets are not made whole"),
];
