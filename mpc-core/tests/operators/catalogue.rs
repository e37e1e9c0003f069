//! The operators of single numbers.

use super::points::{self, LARGEST, ULP};
use mpc_core::{Secret, Tensor};

pub(crate) type Program = fn(&Tensor<Secret>, &Tensor<Secret>) -> Tensor<Secret>;

/// An operator on real numbers.
pub(crate) type Clear = dyn Fn(&[f64], &[f64]) -> Vec<f64> + Sync;

/// An operator on two vectors, one of which it may leave alone.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    /// The inputs for about so many values; the costs are divided by the first one's length.
    pub(crate) inputs: fn(usize) -> (Vec<f64>, Vec<f64>),
    pub(crate) program: Program,
    /// The same on real numbers.
    pub(crate) clear: Box<Clear>,
    /// How far off it may be: from the inputs of an element and its true value. (Inputs are 0 for ops of many.)
    pub(crate) claim: fn(f64, f64, f64) -> f64,
    /// What CrypTen 0.4.1 gives on such inputs.
    pub(crate) crypten: &'static str,
}

fn each(
    name: &'static str,
    inputs: fn(usize) -> (Vec<f64>, Vec<f64>),
    program: Program,
    clear: fn(f64, f64) -> f64,
    claim: fn(f64, f64, f64) -> f64,
    crypten: &'static str,
) -> Entry {
    let clear = Box::new(move |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| clear(*x, *y)).collect());
    Entry { name, inputs, program, clear, claim, crypten }
}

/// All numbers, and the same in another order.
fn whole(count: usize) -> (Vec<f64>, Vec<f64>) {
    points::pairs(count, |_, _| true)
}
/// Sums and differences are numbers.
fn sums(count: usize) -> (Vec<f64>, Vec<f64>) {
    points::pairs(count, |x, y| x.abs() + y.abs() < LARGEST)
}
/// Numbers that may be multiplied by a little more than one.
fn half_range(count: usize) -> (Vec<f64>, Vec<f64>) {
    points::pairs(count, |x, _| x.abs() < LARGEST / 2.0)
}
/// Every other pair is equal.
fn halves(count: usize) -> (Vec<f64>, Vec<f64>) {
    let (x, y) = sums(count);
    let y = x.iter().zip(y).enumerate().map(|(i, (&x, y))| if i % 2 == 0 { x } else { y }).collect();
    (x, y)
}
/// Products are numbers.
fn products(count: usize) -> (Vec<f64>, Vec<f64>) {
    points::pairs(count, |x, y| (x * y).abs() < LARGEST)
}
fn squares(count: usize) -> (Vec<f64>, Vec<f64>) {
    points::pairs(count, |x, _| x * x < LARGEST)
}
fn cubes(count: usize) -> (Vec<f64>, Vec<f64>) {
    points::pairs(count, |x, _| x.abs().powi(3) < LARGEST)
}
fn quotients(count: usize) -> (Vec<f64>, Vec<f64>) {
    points::pairs(count, |x, y| (x / y.abs().max(ULP)).abs() < 2f64.powi(18))
}
fn positive(count: usize) -> (Vec<f64>, Vec<f64>) {
    let (x, y) = whole(count);
    (x.into_iter().map(|x| x.abs().max(ULP).min(2f64.powi(29))).collect(), y)
}

fn exact(_: f64, _: f64, _: f64) -> f64 {
    0.0
}
fn unit(_: f64, _: f64, _: f64) -> f64 {
    ULP
}
/// Relative 2^-12 or absolute 2^-13, whichever is larger.
fn wide(_: f64, _: f64, z: f64) -> f64 {
    0.5f64.powi(13).max(z.abs() * 0.5f64.powi(12))
}
fn smooth(_: f64, _: f64, _: f64) -> f64 {
    5e-5
}
fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
fn bit(bit: bool) -> f64 {
    f64::from(u8::from(bit))
}

/// The operators of single numbers.
pub(crate) fn single() -> Vec<Entry> {
    let gelu_tanh =
        |x: f64, _: f64| 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x)).tanh());
    let scaled: fn(f64, f64, f64) -> f64 = |x, _, _| 1.5 * ULP + x.abs() * 0.5f64.powi(18);
    vec![
        each("add, sub, neg", sums, |x, y| -(x - y), |x, y| y - x, exact, "off by 1.0 for some negative values"),
        each("mul", products, |x, y| x * y, |x, y| x * y, unit, "48 of 1,000,000 products up to 1e6 off by 2^32"),
        each("square", squares, |x, _| x * x, |x, _| x * x, unit, "as mul"),
        each(
            "powi(3)",
            cubes,
            |x, _| x.powi(3),
            |x, _| x.powi(3),
            |x, _, _| ULP * (2.0 + x.abs()),
            "wrong for 5 and 7",
        ),
        each("times a public number", sums, |x, _| x * 0.3, |x, _| 0.3 * x, scaled, "as mul"),
        each(
            "div",
            quotients,
            |x, y| x / y,
            |x, y| x / y.abs().max(ULP).copysign(y),
            |_, y, z| (z.abs() * 0.5f64.powi(if y.abs() < 16384.0 { 12 } else { 11 })).max(0.5f64.powi(13)),
            "wrong for divisors from 257 on",
        ),
        each("gt, lt, ge, le", sums, |x, y| x.gt(y).number(), |x, y| bit(x > y), exact, ""),
        each("eq, ne", halves, |x, y| x.equal(y).number(), |x, y| bit(x == y), exact, ""),
        each("eq with a public number", whole, |x, _| x.equal(3.5).number(), |x, _| bit(x == 3.5), exact, ""),
        each("step (x >= 0)", whole, |x, _| x.step(), |x, _| bit(x >= 0.0), exact, ""),
        each("sign", whole, |x, _| x.sign(), |x, _| if x == 0.0 { 0.0 } else { x.signum() }, exact, ""),
        each("abs", whole, |x, _| x.abs(), |x, _| x.abs(), exact, ""),
        each("relu", whole, |x, _| x.relu(), |x, _| x.max(0.0), exact, ""),
        each("relu6, clamp", whole, |x, _| x.relu6(), |x, _| x.clamp(0.0, 6.0), exact, ""),
        each(
            "leaky_relu",
            whole,
            |x, _| x.leaky_relu(0.25),
            |x, _| if x < 0.0 { x / 4.0 } else { x },
            unit,
            "not there",
        ),
        each("maximum, minimum", sums, |x, y| x.maximum(y), f64::max, exact, ""),
        each("select", sums, |x, y| x.gt(0.0).select(x, y), |x, y| if x > 0.0 { x } else { y }, exact, ""),
        each("sigmoid", whole, |x, _| x.sigmoid(), |x, _| logistic(x), smooth, "2.8e-3; wrong at 600"),
        each("tanh", whole, |x, _| x.tanh(), |x, _| x.tanh(), smooth, "5.4e-3"),
        each("erf", whole, |x, _| x.erf(), |x, _| libm::erf(x), smooth, "wrong beyond 0.5"),
        each("gelu", whole, |x, _| x.gelu(), |x, _| 0.5 * x * libm::erfc(-x / 2f64.sqrt()), smooth, "not there"),
        each("gelu_tanh", whole, |x, _| x.gelu_tanh(), gelu_tanh, smooth, "not there"),
        each("silu", whole, |x, _| x.silu(), |x, _| x * logistic(x), |_, _, _| 7e-5, "not there"),
        each("softplus", whole, |x, _| x.softplus(), |x, _| x.max(0.0) + (-x.abs()).exp().ln_1p(), smooth, "not there"),
        each("elu", whole, |x, _| x.elu(1.0), |x, _| if x < 0.0 { x.exp_m1() } else { x }, |_, _, _| 1e-4, "not there"),
        each(
            "selu",
            half_range,
            |x, _| x.selu(),
            |x, _| 1.050_700_987_355_480_5 * if x < 0.0 { 1.673_263_242_354_377_2 * x.exp_m1() } else { x },
            |_, _, z| 2e-4 + z.abs() * 0.5f64.powi(17),
            "not there",
        ),
        each("exp", whole, |x, _| x.exp(), |x, _| x.exp().min(LARGEST), wide, "8.8e-2 on [-4, 4]; garbage below -512"),
        each("log", positive, |x, _| x.log(), |x, _| x.ln(), wide, "2e-2; garbage above 250"),
        each("log1p", positive, |x, _| x.log1p(), |x, _| x.ln_1p(), wide, "not there"),
        each("sqrt", positive, |x, _| x.sqrt(), |x, _| x.sqrt(), wide, "wrong below 0.1 and above 100"),
        each("rsqrt", positive, |x, _| x.rsqrt(), |x, _| x.sqrt().recip(), wide, "wrong below 0.1 and above 150"),
        each(
            "reciprocal",
            whole,
            |x, _| x.reciprocal(),
            |x, _| 1.0 / x.abs().max(ULP).copysign(x),
            wide,
            "0.14 of the value at 100, wrong from 257 on",
        ),
        each(
            "pow(0.75)",
            positive,
            |x, _| x.pow(0.75),
            |x, _| x.powf(0.75),
            |x, _, z| z.abs() * (0.5f64.powi(11) + x.ln().abs() * 0.5f64.powi(12)) + 0.5f64.powi(13),
            "as exp and log",
        ),
        each("sin", whole, |x, _| x.sin(), |x, _| x.sin(), |x, _, _| 5e-5 + x.abs() * 5e-14, "2.2 at 50"),
        each("cos", whole, |x, _| x.cos(), |x, _| x.cos(), |x, _, _| 5e-5 + x.abs() * 5e-14, "2.2 at 50"),
    ]
}
