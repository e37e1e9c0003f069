//! Functions of one number with a series and tails: sigmoid, softplus. 3 rounds after the opening of x, on secrets; see
//! [`circuits::guarded`](crate::circuits) for the costs. Error: the fit's (1e-5) plus two units of the last place,
//! everywhere.

use crate::{
    circuits::{Guarded, SIGMOID, SOFTPLUS},
    engine::{Engine, Forward, Operand},
    error::Usage,
    fixed::Fixed,
    op::{Handle, Meaning, Op},
    preprocessing::Need,
    shape::Shape,
};
use std::fmt;

/// A function and its derivative, the latter from the input x and the result y.
pub(super) struct Function {
    pub(super) f: &'static Guarded,
    pub(super) derivative: fn(&Handle) -> Handle,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.f.name)
    }
}

impl Op for Function {
    fn name(&self) -> &'static str {
        self.f.name
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        super::view::same(inputs)
    }
    fn plan(&self, engine: &dyn Engine, out: &Operand, x: &[&Operand]) -> Vec<Need> {
        engine.plan_function(out, self.f, x[0])
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        engine.function(out, self.f, x[0])
    }
    fn vjp(&self, _: usize, grad: &Handle, x: &[Handle]) -> Option<Handle> {
        Some((self.derivative)(&x[0]).times_grad(grad))
    }
    fn tolerance(&self, fixed: Fixed) -> f64 {
        self.f.error + 2.0 * fixed.ulp()
    }
}

impl Handle {
    /// `1 / (1 + e^-x)`.
    #[track_caller]
    pub fn sigmoid(&self) -> Self {
        let derivative = |x: &Self| {
            let y = x.sigmoid();
            y.sub(&y.mul(&y))
        };
        self.then(Function { f: &SIGMOID, derivative }, &[]).noted(&[self], || Meaning::Function("sigmoid", 0.0))
    }

    /// `ln(1 + e^x)`.
    #[track_caller]
    pub fn softplus(&self) -> Self {
        self.then(Function { f: &SOFTPLUS, derivative: Self::sigmoid }, &[])
            .noted(&[self], || Meaning::Function("softplus", 0.0))
    }
}
