//! Functions over the whole range of numbers: reciprocal and quotient, roots, logarithm, exponential, sine and cosine. On
//! secrets, with the opening of x: 8 rounds, logarithm 6, exponential 4, sine and cosine 2, quotient 10; bytes in
//! [`circuits::scaled`](crate::circuits) and [`circuits::power`](crate::circuits). Error at 16 fractional bits: relative 2^-12 or
//! absolute 2^-13, whichever is larger; of the exponential with N parties, 2^-17 and (N + 2) / 2 units. Where there is no value, see [`Function`].

use super::attach::Attach;
use crate::{
    circuits::{Function, Lift, Wide},
    engine::{Comparison, Engine, Forward, Logic, Operand},
    error::Usage,
    fixed::Fixed,
    op::{Handle, Op},
    preprocessing::Need,
    shape::Shape,
};

/// A function of numbers.
#[derive(Debug)]
struct WideOp(Wide);

impl Op for WideOp {
    fn name(&self) -> &'static str {
        match self.0.function {
            Function::Reciprocal => "reciprocal",
            Function::Rsqrt => "rsqrt",
            Function::Sqrt => "sqrt",
            Function::Log => "log",
            Function::Exp => "exp",
            Function::Sin => "sin",
            Function::Cos => "cos",
        }
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        super::view::same(inputs)
    }
    fn plan(&self, engine: &dyn Engine, out: &Operand, x: &[&Operand]) -> Vec<Need> {
        engine.plan_wide(out, &self.0, x[0])
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.wide(out, &self.0, x[0])
    }
    /// An error: these are recorded without a tape, below an [`Attach`].
    fn vjp(&self, _: usize, _: &Handle, x: &[Handle]) -> Option<Handle> {
        Some(x[0].no_derivative(self.name()))
    }
    fn tolerance(&self, fixed: Fixed) -> f64 {
        0.5f64.powi(13).max(8.0 * fixed.ulp())
    }
    /// What is at a scale of its own stays below 2^62 units by construction.
    fn bounded(&self) -> bool {
        false
    }
}

/// `a * b` of numbers at scales whose bits beyond a number's add up to `bits - f`.
#[derive(Debug)]
struct Shifted {
    bits: u32,
}

impl Op for Shifted {
    fn name(&self) -> &'static str {
        "mul"
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        super::view::same(inputs)
    }
    fn plan(&self, engine: &dyn Engine, out: &Operand, x: &[&Operand]) -> Vec<Need> {
        engine.plan_shifted(out, self.bits, x[0], x[1])
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.shifted(out, self.bits, x[0], x[1])
    }
    /// An error: as above.
    fn vjp(&self, _: usize, _: &Handle, x: &[Handle]) -> Option<Handle> {
        Some(x[0].no_derivative(self.name()))
    }
}

/// Fractional bits of the reciprocal in a quotient, beyond those of numbers.
const QUOTIENT_BITS: u32 = 12;

impl Handle {
    /// The function's value. No gradient.
    #[track_caller]
    pub(super) fn wide(&self, f: Wide) -> Self {
        self.then(WideOp(f), &[])
    }

    /// `a * b / 2^bits` in units, with broadcasting. No gradient.
    #[track_caller]
    pub(super) fn shifted(&self, other: &Self, bits: u32) -> Self {
        let (a, b) = self.broadcast(other);
        a.then(Shifted { bits }, &[&b])
    }

    /// Both, for a function of two with broadcasting that works on the second before it is repeated: the first as large as
    /// the result, the second of its rank.
    #[track_caller]
    pub(super) fn aligned(&self, other: &Self) -> (Self, Self) {
        let (a, _) = self.broadcast(other);
        let (shape, missing) = (other.shape(), a.shape().rank().saturating_sub(other.shape().rank()));
        let dims = [&vec![1; missing][..], shape.dims()].concat();
        (a, other.reshape(&Shape::from(&dims[..])))
    }

    /// The sum over the axes along which a shape of the same rank has been repeated.
    #[track_caller]
    pub(super) fn summed_to(&self, shape: &Shape) -> Self {
        let own = self.shape();
        let axes = own.dims().iter().zip(shape.dims()).enumerate();
        let axes: Vec<usize> = axes.filter(|(_, (own, kept))| own != kept).map(|(axis, _)| axis).collect();
        if axes.is_empty() { self.clone() } else { self.sum(&axes, true) }
    }

    /// A function with the gradient `rule(x, y) * grad`.
    #[track_caller]
    fn with_slope(&self, name: &'static str, function: Function, rule: super::attach::Rule) -> Self {
        let f = Wide::of(function, self.runtime().engine().fixed());
        Attach { name, number: 0.0, rule }.to(&[self], || self.wide(f))
    }

    /// `1 / x`.
    #[track_caller]
    pub fn reciprocal(&self) -> Self {
        self.with_slope("reciprocal", Function::Reciprocal, |_, _, grad, _, y| y.mul(y).neg().times_grad(grad))
    }

    /// `1 / sqrt(x)`.
    #[track_caller]
    pub fn rsqrt(&self) -> Self {
        let rule: super::attach::Rule = |_, _, grad, _, y| y.mul(y).mul(y).scale(-0.5).times_grad(grad);
        self.with_slope("rsqrt", Function::Rsqrt, rule)
    }

    /// `sqrt(x)`.
    #[track_caller]
    pub fn sqrt(&self) -> Self {
        let rule: super::attach::Rule = |_, _, grad, x, _| x[0].rsqrt().scale(0.5).times_grad(grad);
        self.with_slope("sqrt", Function::Sqrt, rule)
    }

    /// `ln(x)`.
    #[track_caller]
    pub fn log(&self) -> Self {
        self.with_slope("log", Function::Log, |_, _, grad, x, _| x[0].reciprocal().times_grad(grad))
    }

    /// `ln(1 + x)`.
    #[track_caller]
    pub fn log1p(&self) -> Self {
        self.add(&self.number_like(1.0)).log()
    }

    /// `e^x`.
    #[track_caller]
    pub fn exp(&self) -> Self {
        self.with_slope("exp", Function::Exp, |_, _, grad, _, y| y.times_grad(grad))
    }

    /// `sin(x)`.
    #[track_caller]
    pub fn sin(&self) -> Self {
        self.with_slope("sin", Function::Sin, |_, _, grad, x, _| x[0].cos().times_grad(grad))
    }

    /// `cos(x)`.
    #[track_caller]
    pub fn cos(&self) -> Self {
        self.with_slope("cos", Function::Cos, |_, _, grad, x, _| x[0].sin().neg().times_grad(grad))
    }

    /// `x^p` for a public p and positive x: `e^(p ln x)`.
    #[track_caller]
    pub fn pow(&self, p: f64) -> Self {
        self.log().scale(p).exp()
    }

    /// `a / b`, with broadcasting.
    #[track_caller]
    pub fn div(&self, other: &Self) -> Self {
        let (a, b) = self.aligned(other);
        let fixed = self.runtime().engine().fixed();
        let whole = Wide::of(Function::Reciprocal, fixed);
        // The reciprocal of the smallest number must stay below 2^44 units, to keep 15 significant bits.
        let to = fixed.bits() + QUOTIENT_BITS;
        let low = whole.range.0.max((to + fixed.bits()) as i32 - 44);
        let f = Wide { to, range: (low, whole.range.1), ..whole };
        // The reciprocal of a large divisor would have few digits: it is multiplied, and what it divides made smaller.
        // An interval starts at one of three neighbouring powers of two: this is at most 2^(2f).
        let start = f.interval_from((2 * fixed.bits()) as i32 - 2);
        let lift = start.map(|start| Lift { start, bits: start - fixed.bits() as i32 });
        let f = Wide { lift, ..f };
        let rule: super::attach::Rule = |_, input, grad, x, y| match input {
            0 => grad.div(&x[1]),
            _ => y.times_grad(grad).neg().summed_to(&x[1].shape()).div(&x[1]),
        };
        Attach { name: "div", number: 0.0, rule }.to(&[&a, &b], || match lift {
            Some(lift) => a.smaller_for(&b, lift).shifted(&b.wide(f), to),
            None => a.shifted(&b.wide(f), to),
        })
    }

    /// Divided by a power of two where the magnitude of the divisor is such that its reciprocal is multiplied by it.
    #[track_caller]
    fn smaller_for(&self, divisor: &Self, lift: Lift) -> Self {
        let ulp = self.runtime().engine().fixed().ulp();
        let start = 2f64.powi(lift.start) * ulp;
        let above = divisor.compare_with(Comparison::NotLess, start);
        let large = above.logic(Logic::Xor, &divisor.compare_with(Comparison::Less, -start));
        self.sub(&large.keep(&self.scale(1.0 - 0.5f64.powi(lift.bits))))
    }
}
