//! Sums, products, quotients and powers, with broadcasting.

use super::{Entry, Inputs, Operator, one, op};
use crate::onnx::{
    array::{Array, Element, broadcast},
    report::Reason,
    value::{Context, Value},
};
use mpc_core::{Secret, Tensor, op::Handle};
use ndarray::{IxDyn, Zip};

/// Two arrays, element by element.
pub(super) fn zip(a: &Array, b: &Array, element: Element, f: impl Fn(f64, f64) -> f64) -> Result<Array, Reason> {
    let shape = broadcast(&[a.shape(), b.shape()])?;
    crate::onnx::array::sized(&shape)?;
    let stretched = |x: &Array| x.values.broadcast(IxDyn(&shape)).map(|x| x.to_owned());
    let (Some(a), Some(b)) = (stretched(a), stretched(b)) else { return Reason::err("the shapes do not broadcast") };
    Ok(Array { element, values: Zip::from(&a).and(&b).map_collect(|&a, &b| f(a, b)) })
}

/// The kind of a result of two.
pub(super) fn joined(a: Element, b: Element) -> Element {
    match (a, b) {
        (Element::Float, _) | (_, Element::Float) => Element::Float,
        _ => Element::Int,
    }
}

/// An operator on any number of inputs, two at a time.
struct Fold {
    clear: fn(f64, f64) -> f64,
    secret: fn(&Context<'_>, &Value, &Value) -> Result<Handle, Reason>,
    /// Whether the result is divided by the number of inputs.
    mean: bool,
}

impl Operator for Fold {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let all = x.all()?;
        let mut sum = all[0].clone();
        for next in &all[1..] {
            sum = zip(&sum, next, joined(sum.element, next.element), self.clear)?;
        }
        let count = if self.mean { all.len() as f64 } else { 1.0 };
        Ok(vec![sum.map(|x| x / count)])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let all = x.all()?;
        let shapes: Vec<_> = all.iter().map(|value| value.shape()).collect();
        broadcast(&shapes.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        let mut sum = all[0].clone();
        for next in &all[1..] {
            sum = match (&sum, next) {
                (Value::Public(a), Value::Public(b)) => zip(a, b, joined(a.element, b.element), self.clear)?.into(),
                _ => Value::of((self.secret)(cx, &sum, next)?, joined(sum.element(), next.element())),
            };
        }
        if let (Value::Secret(x, _), true) = (&sum, self.mean) {
            return one(x * (1.0 / all.len() as f64));
        }
        Ok(vec![sum])
    }
}

fn add(cx: &Context<'_>, a: &Value, b: &Value) -> Result<Handle, Reason> {
    Ok(cx.operand(a).add(&cx.operand(b)))
}

fn sub(cx: &Context<'_>, a: &Value, b: &Value) -> Result<Handle, Reason> {
    Ok(cx.operand(a).sub(&cx.operand(b)))
}

/// A product. By a single public number it is cheaper, and more precise.
fn mul(cx: &Context<'_>, a: &Value, b: &Value) -> Result<Handle, Reason> {
    for (x, by) in [(a, b), (b, a)] {
        if let Some(factor) = by.known().and_then(|by| by.only()) {
            let most = cx.ceiling();
            let x = cx.operand(x).scale(factor.clamp(-most, most));
            // The number may have more axes than what it is multiplied with.
            let shape = broadcast(&[x.shape().dims(), &by.shape()])?;
            return Ok(if x.shape().dims() == shape { x } else { x.reshape(&shape[..].into()) });
        }
        // A bit times a number is a choice.
        if let (Value::Bits(bits), Value::Secret(..) | Value::Public(_)) = (x, by) {
            return Ok(bits.handle().keep(&cx.operand(by)));
        }
    }
    Ok(cx.operand(a).mul(&cx.operand(b)))
}

fn div(cx: &Context<'_>, a: &Value, b: &Value) -> Result<Handle, Reason> {
    if joined(a.element(), b.element()) == Element::Int {
        return Reason::err("the division of secret whole numbers is not supported: it would need to round");
    }
    match b {
        Value::Public(by) if by.values.iter().any(|&x| x == 0.0) => Reason::err("it divides by a public zero"),
        Value::Public(by) => {
            let inverse = Array::float(by.values.mapv(|x| 1.0 / x));
            mul(cx, a, &inverse.into())
        }
        _ if a.known().and_then(|a| a.only()) == Some(1.0) && a.shape().len() <= b.shape().len() => {
            Ok(cx.operand(b).reciprocal())
        }
        _ => Ok(cx.operand(a).div(&cx.operand(b))),
    }
}

fn quotient(a: f64, b: f64) -> f64 {
    a / b
}

fn maximum(cx: &Context<'_>, a: &Value, b: &Value) -> Result<Handle, Reason> {
    for (x, with) in [(a, b), (b, a)] {
        if with.known().and_then(|with| with.only()) == Some(0.0) && with.shape().len() <= x.shape().len() {
            return Ok(cx.operand(x).relu());
        }
    }
    Ok(cx.operand(a).maximum(&cx.operand(b)))
}

fn minimum(cx: &Context<'_>, a: &Value, b: &Value) -> Result<Handle, Reason> {
    Ok(cx.operand(a).minimum(&cx.operand(b)))
}

/// Whole numbers are divided towards zero.
struct Div;

impl Operator for Div {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let (a, b) = (x.need(0)?, x.need(1)?);
        let element = joined(a.element, b.element);
        if element == Element::Int && b.values.iter().any(|&x| x == 0.0) {
            return Reason::err("it divides a whole number by zero");
        }
        let f = if element == Element::Int { |a: f64, b: f64| (a / b).trunc() } else { quotient };
        Ok(vec![zip(a, b, element, f)?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        Fold { clear: quotient, secret: div, mean: false }.secret(cx, x)
    }
}

/// `x^p`.
struct Pow;

fn power(cx: &Context<'_>, x: &Tensor<Secret>, exponent: &Value) -> Result<Tensor<Secret>, Reason> {
    let all = exponent.known().map(|known| known.to_vec()).unwrap_or_default();
    let p = match all[..] {
        [p, ref rest @ ..] if rest.iter().all(|&other| other == p) => p,
        [] => return Ok((x.log() * &cx.secret(exponent)).exp()),
        _ => return Reason::err("a tensor of different public exponents is not supported"),
    };
    Ok(match p {
        1.0 => x.clone(),
        2.0 => x.square(),
        0.5 => x.sqrt(),
        -0.5 => x.rsqrt(),
        -1.0 => x.reciprocal(),
        p if p.fract() == 0.0 && (0.0..=64.0).contains(&p) => x.powi(p as u32),
        p => x.pow(p),
    })
}

impl Operator for Pow {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let (a, b) = (x.need(0)?, x.need(1)?);
        Ok(vec![zip(a, b, a.element, f64::powf)?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let (a, b) = (x.need(0)?, x.need(1)?);
        let shape = broadcast(&[&a.shape(), &b.shape()])?;
        if let Value::Public(base) = a {
            let logarithm: Value = Array::float(base.values.mapv(f64::ln)).into();
            if base.values.iter().any(|&x| x <= 0.0) {
                return Reason::err("a public base that is not positive has no secret power");
            }
            return one(Value::float(mul(cx, b, &logarithm)?.exp()));
        }
        one(power(cx, &cx.secret(a), b)?.expand(&shape[..]))
    }
}

/// `max(x, 0) + slope min(x, 0)`.
struct PRelu;

impl Operator for PRelu {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        Ok(vec![zip(x.need(0)?, x.need(1)?, Element::Float, |x, slope| if x < 0.0 { slope * x } else { x })?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let (a, slope) = (cx.secret(x.need(0)?), x.need(1)?);
        let positive = a.relu();
        let rest = mul(cx, &(&a - &positive).into(), slope)?;
        one(&positive + Tensor::<Secret>::from(rest))
    }
}

/// The remainder, on public values.
struct Mod {
    /// With the sign of the dividend.
    truncated: bool,
}

impl Operator for Mod {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let (a, b) = (x.need(0)?, x.need(1)?);
        let f = if self.truncated { |a: f64, b: f64| a % b } else { |a: f64, b: f64| a - b * (a / b).floor() };
        Ok(vec![zip(a, b, joined(a.element, b.element), f)?])
    }

    fn secret(&self, _: &Context<'_>, _: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        Reason::err("it is supported on public values only")
    }
}

fn of(
    clear: fn(f64, f64) -> f64,
    secret: fn(&Context<'_>, &Value, &Value) -> Result<Handle, Reason>,
) -> Result<Box<dyn Operator>, Reason> {
    Ok(Box::new(Fold { clear, secret, mean: false }))
}

/// `x` along an axis of channels: `x * scale + shift`, what is left of a batch normalisation.
struct Affine;

/// `[c]` as `[1, c, 1, ..]`.
pub(super) fn channels(rank: usize, count: usize) -> Vec<usize> {
    let mut shape = vec![1; rank.max(2)];
    shape[1] = count;
    shape
}

impl Operator for Affine {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        let part = |at: usize| -> Result<Array, Reason> {
            let part = x.need(at)?;
            part.reshaped(&channels(a.rank(), part.len()))
        };
        let scaled = zip(a, &part(1)?, Element::Float, |a, b| a * b)?;
        Ok(vec![zip(&scaled, &part(2)?, Element::Float, |a, b| a + b)?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let a = cx.operand(x.need(0)?);
        let part = |at: usize| -> Result<Handle, Reason> {
            let part = cx.operand(x.need(at)?);
            Ok(part.reshape(&channels(a.shape().rank(), part.shape().len())[..].into()))
        };
        one(Value::float(a.mul(&part(1)?).add(&part(2)?)))
    }
}

pub(super) const OPERATORS: &[Entry] = &[
    op("Add", |_| of(|a, b| a + b, add)),
    op("Sub", |_| of(|a, b| a - b, sub)),
    op("Mul", |_| of(|a, b| a * b, mul)),
    op("Div", |_| Ok(Box::new(Div))).note("not of secret whole numbers"),
    op("Pow", |_| Ok(Box::new(Pow)))
        .note("one public exponent for all elements, or secret ones; other than whole exponents, -1/2, 1/2 and -1 need a positive base"),
    op("Mod", |at| Ok(Box::new(Mod { truncated: at.flag("fmod", false)? }))).since(10).note("public values only"),
    op("Min", |_| of(f64::min, minimum)),
    op("Max", |_| of(f64::max, maximum)),
    op("Sum", |_| of(|a, b| a + b, add)),
    op("Mean", |_| Ok(Box::new(Fold { clear: |a, b| a + b, secret: add, mean: true }))),
    op("PRelu", |_| Ok(Box::new(PRelu))),
    op("Affine", |_| Ok(Box::new(Affine))).own(),
];
