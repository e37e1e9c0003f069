//! Functions of one number, element by element.

use super::{Build, Entry, Inputs, Operator, op};
use crate::onnx::{
    array::{Array, Element},
    report::Reason,
    value::{Context, Value},
};
use mpc_core::{Secret, Tensor};
use std::f64::consts::{FRAC_1_SQRT_2, PI};

type X = Tensor<Secret>;

/// A function, in the clear and on shares.
struct Function<C, S> {
    clear: C,
    secret: S,
    /// Whether whole numbers stay whole.
    whole: bool,
}

impl<C: Fn(f64) -> f64 + Send + Sync, S: Fn(&X) -> Result<X, Reason> + Send + Sync> Operator for Function<C, S> {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let x = x.need(0)?;
        let element = if self.whole { x.element } else { Element::Float };
        Ok(vec![Array { element, ..x.map(&self.clear) }])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let x = x.need(0)?;
        let element = if self.whole { x.element() } else { Element::Float };
        Ok(vec![Value::Secret((self.secret)(&cx.secret(x))?, element)])
    }
}

fn boxed(
    clear: impl Fn(f64) -> f64 + Send + Sync + 'static,
    secret: impl Fn(&X) -> X + Send + Sync + 'static,
) -> Result<Box<dyn Operator>, Reason> {
    Ok(Box::new(Function { clear, secret: move |x: &X| Ok(secret(x)), whole: false }))
}

fn whole(clear: fn(f64) -> f64, secret: fn(&X) -> X) -> Result<Box<dyn Operator>, Reason> {
    Ok(Box::new(Function { clear, secret: move |x: &X| Ok(secret(x)), whole: true }))
}

/// A function that shares do not allow: on public values only.
fn in_the_clear(clear: fn(f64) -> f64) -> Result<Box<dyn Operator>, Reason> {
    let secret = |_: &X| Reason::err("it is supported on public values only: nobody can round a secret cheaply");
    Ok(Box::new(Function { clear, secret, whole: true }))
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn gelu(x: f64) -> f64 {
    0.5 * x * (1.0 + libm::erf(x * FRAC_1_SQRT_2))
}

fn gelu_tanh(x: f64) -> f64 {
    0.5 * x * (1.0 + ((2.0 / PI).sqrt() * (x + 0.044715 * x * x * x)).tanh())
}

fn hard_sigmoid(x: &X, slope: f64, offset: f64) -> X {
    // Clamping first keeps the range of the product; the bounds are where the line meets 0 and 1.
    (slope * x + offset).clamp(0.0, 1.0)
}

const ALPHA: f64 = 1.673_263_242_354_377_2;
const GAMMA: f64 = 1.050_700_987_355_480_5;

const SELU: Build = |at| {
    let (alpha, gamma) = (at.float("alpha", ALPHA)?, at.float("gamma", GAMMA)?);
    let usual = (alpha - ALPHA).abs() < 1e-6 && (gamma - GAMMA).abs() < 1e-6;
    boxed(
        move |x| gamma * if x < 0.0 { alpha * x.exp_m1() } else { x },
        move |x| if usual { x.selu() } else { x.elu(alpha) * gamma },
    )
};

const GELU: Build = |at| match at.text("approximate", "none")? {
    "none" => boxed(gelu, X::gelu),
    "tanh" => boxed(gelu_tanh, X::gelu_tanh),
    other => Reason::err(format!("`approximate = {other}` is not known")),
};

const SWISH: Build = |at| {
    let alpha = at.float("alpha", 1.0)?;
    boxed(move |x| x * sigmoid(alpha * x), move |x| if alpha == 1.0 { x.silu() } else { x * (alpha * x).sigmoid() })
};

const CELU: Build = |at| match at.float("alpha", 1.0)? {
    alpha if alpha > 0.0 => boxed(
        move |x| if x < 0.0 { alpha * (x / alpha).exp_m1() } else { x },
        move |x| if alpha == 1.0 { x.elu(1.0) } else { (1.0 / alpha * x).elu(1.0) * alpha },
    ),
    _ => Reason::err("its attribute `alpha` is not positive"),
};

pub(super) const OPERATORS: &[Entry] = &[
    op("Relu", |_| whole(|x| x.max(0.0), X::relu)),
    op("LeakyRelu", |at| {
        let slope = at.float("alpha", 0.01)?;
        boxed(move |x| if x < 0.0 { slope * x } else { x }, move |x| x.leaky_relu(slope))
    }),
    op("ThresholdedRelu", |at| {
        let from = at.float("alpha", 1.0)?;
        boxed(move |x| if x > from { x } else { 0.0 }, move |x| x.gt(from).keep(x))
    })
    .since(10),
    op("Elu", |at| {
        let alpha = at.float("alpha", 1.0)?;
        boxed(move |x| if x < 0.0 { alpha * x.exp_m1() } else { x }, move |x| x.elu(alpha))
    }),
    op("Celu", CELU).since(12),
    op("Selu", SELU),
    op("Gelu", GELU).since(20),
    op("Swish", SWISH).since(24),
    op("Mish", |_| boxed(|x| x * softplus(x).tanh(), |x| x * x.softplus().tanh())).since(18),
    op("Sigmoid", |_| boxed(sigmoid, X::sigmoid)),
    op("HardSigmoid", |at| {
        let (slope, offset) = (at.float("alpha", 0.2)?, at.float("beta", 0.5)?);
        boxed(move |x| (slope * x + offset).clamp(0.0, 1.0), move |x| hard_sigmoid(x, slope, offset))
    }),
    op("HardSwish", |_| boxed(|x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0), |x| x * hard_sigmoid(x, 1.0 / 6.0, 0.5)))
        .since(14),
    op("Softplus", |_| boxed(softplus, X::softplus)),
    op("Softsign", |_| boxed(|x| x / (1.0 + x.abs()), |x| x * (x.abs() + 1.0).reciprocal())),
    op("Tanh", |_| boxed(f64::tanh, X::tanh)),
    op("Erf", |_| boxed(libm::erf, X::erf)).since(9),
    op("Exp", |_| boxed(f64::exp, X::exp)),
    op("Log", |_| boxed(f64::ln, X::log)).note("of what is not positive: saturates on shares, where floats give NaN"),
    op("Sqrt", |_| boxed(f64::sqrt, X::sqrt)).note("of what is negative: 0 on shares, where floats give NaN"),
    op("Reciprocal", |_| boxed(|x| 1.0 / x, X::reciprocal)),
    op("Sin", |_| boxed(f64::sin, X::sin)),
    op("Cos", |_| boxed(f64::cos, X::cos)),
    op("Tan", |_| boxed(f64::tan, |x| x.sin() * x.cos().reciprocal())),
    op("Neg", |_| whole(|x| -x, |x| -x)),
    op("Abs", |_| whole(f64::abs, X::abs)),
    op("Sign", |_| whole(|x| if x == 0.0 { 0.0 } else { x.signum() }, X::sign)).since(9),
    op("Floor", |_| in_the_clear(f64::floor)).note("public values only"),
    op("Ceil", |_| in_the_clear(f64::ceil)).note("public values only"),
    op("Round", |_| in_the_clear(f64::round_ties_even)).since(11).note("public values only"),
];
