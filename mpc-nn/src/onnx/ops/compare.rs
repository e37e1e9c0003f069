//! Comparisons, and logic on their answers.

use super::{Entry, Inputs, Operator, arithmetic::zip, op};
use crate::onnx::{
    array::{Array, Element, broadcast},
    report::Reason,
    value::{Context, Value},
};
use mpc_core::{
    Bit, Secret, Tensor,
    engine::{Comparison, Logic},
};

/// A comparison of two.
struct Compare {
    clear: fn(f64, f64) -> bool,
    how: Comparison,
    /// Whether the operands change places: `a > b` is `b < a`.
    turned: bool,
}

impl Operator for Compare {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let f = |a: f64, b: f64| f64::from(u8::from((self.clear)(a, b)));
        Ok(vec![zip(x.need(0)?, x.need(1)?, Element::Bool, f)?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let (a, b) = (x.need(0)?, x.need(1)?);
        let shape = broadcast(&[&a.shape(), &b.shape()])?;
        let equality = matches!(self.how, Comparison::Equal | Comparison::NotEqual);
        if let (Value::Bits(a), Element::Bool, true) = (a, b.element(), equality) {
            let differ = Tensor::<Secret, Bit>::from(a.handle().logic(Logic::Xor, cx.bits(b).handle()));
            return Ok(vec![Value::Bits(if self.how == Comparison::Equal { !differ } else { differ })]);
        }
        let threshold = b.known().and_then(|b| b.only());
        if let (Some(c), true) = (threshold, b.shape().len() <= a.shape().len()) {
            let (x, most) = (cx.secret(a), cx.ceiling());
            let c = c.clamp(-most, most);
            let bits = match (self.how, self.turned) {
                (Comparison::Less, true) => x.gt(c),
                (Comparison::NotLess, true) => x.le(c),
                (how, _) => x.handle().compare_with(how, c).into(),
            };
            return Ok(vec![Value::Bits(bits)]);
        }
        let (left, right) = if self.turned { (b, a) } else { (a, b) };
        let bits = cx.operand(left).compare(self.how, &cx.operand(right));
        Ok(vec![Value::Bits(Tensor::<Secret, Bit>::from(bits).expand(&shape[..]))])
    }
}

/// And, or, exclusive or.
struct Join {
    clear: fn(bool, bool) -> bool,
    how: Logic,
}

impl Operator for Join {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let f = |a: f64, b: f64| f64::from(u8::from((self.clear)(a != 0.0, b != 0.0)));
        Ok(vec![zip(x.need(0)?, x.need(1)?, Element::Bool, f)?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let (a, b) = (x.need(0)?, x.need(1)?);
        broadcast(&[&a.shape(), &b.shape()])?;
        let bits = cx.bits(a).handle().logic(self.how, cx.bits(b).handle());
        Ok(vec![Value::Bits(bits.into())])
    }
}

struct Not;

impl Operator for Not {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        Ok(vec![Array { element: Element::Bool, ..x.need(0)?.map(|x| f64::from(u8::from(x == 0.0))) }])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        Ok(vec![Value::Bits(!cx.bits(x.need(0)?))])
    }
}

/// Whether a number is NaN or infinite: on shares none is.
struct Special(fn(f64) -> bool);

impl Operator for Special {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        Ok(vec![Array { element: Element::Bool, ..x.need(0)?.map(|x| f64::from(u8::from((self.0)(x)))) }])
    }

    fn secret(&self, _: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let shape = x.need(0)?.shape();
        let zeros = vec![0.0; crate::onnx::array::sized(&shape)?];
        Ok(vec![Array::new(Element::Bool, &shape, zeros)?.into()])
    }
}

type Made = Result<Box<dyn Operator>, Reason>;

fn compare(clear: fn(f64, f64) -> bool, how: Comparison, turned: bool) -> Made {
    Ok(Box::new(Compare { clear, how, turned }))
}

fn join(clear: fn(bool, bool) -> bool, how: Logic) -> Made {
    Ok(Box::new(Join { clear, how }))
}

pub(super) const OPERATORS: &[Entry] = &[
    op("Equal", |_| compare(|a, b| a == b, Comparison::Equal, false)).note("as fixed-point numbers"),
    op("Less", |_| compare(|a, b| a < b, Comparison::Less, false)),
    op("Greater", |_| compare(|a, b| a > b, Comparison::Less, true)),
    op("GreaterOrEqual", |_| compare(|a, b| a >= b, Comparison::NotLess, false)).since(12),
    op("LessOrEqual", |_| compare(|a, b| a <= b, Comparison::NotLess, true)).since(12),
    op("And", |_| join(|a, b| a && b, Logic::And)),
    op("Or", |_| join(|a, b| a || b, Logic::Or)),
    op("Xor", |_| join(|a, b| a != b, Logic::Xor)),
    op("Not", |_| Ok(Box::new(Not))),
    op("IsNaN", |_| Ok(Box::new(Special(f64::is_nan)))).since(9).note("false for secrets"),
    op("IsInf", |at| {
        at.ignore(&["detect_negative", "detect_positive"]);
        Ok(Box::new(Special(f64::is_infinite)))
    })
    .since(10)
    .note("false for secrets"),
];
