//! Activations: tanh, erf, gelu, silu and their kin. On secrets 3 rounds after the opening of x; see
//! [`circuits::guarded`](crate::circuits) for the bytes. Error: the fit's (1e-6 to 3.3e-5, see
//! [`circuits`](crate::circuits)) plus two units of the last place, everywhere. Differentiable once.

use super::{
    attach::{Attach, Rule},
    function::Function,
    softmax::from_log,
};
use crate::{
    circuits::{ERF, GAUSS, GELU, GELU_SLOPE, GELU_TANH, GELU_TANH_SLOPE, Guarded, SILU, SILU_SLOPE, TANH},
    engine::Comparison,
    op::Handle,
    shape::Shape,
};
use std::f64::consts::FRAC_2_SQRT_PI;

impl Handle {
    /// A function with a series and tails whose derivative nobody asks for.
    #[track_caller]
    fn slope(&self, f: &'static Guarded) -> Self {
        let derivative = |x: &Self| x.scale(0.0);
        self.runtime().no_grad(|| self.then(Function { f, derivative }, &[]))
    }

    /// A public number that broadcasts.
    #[track_caller]
    pub(crate) fn number_like(&self, c: f64) -> Self {
        Self::public(self.runtime(), Shape::scalar(), &[c])
    }

    /// The hyperbolic tangent. Its gradient is a product with `1 - y^2`.
    #[track_caller]
    pub fn tanh(&self) -> Self {
        let rule = |_: &Attach, _: usize, grad: &Self, _: &[Self], y: &Self| {
            y.number_like(1.0).sub(&y.mul(y)).times_grad(grad)
        };
        let value = || self.then(Function { f: &TANH, derivative: |x| x.scale(0.0) }, &[]);
        Attach { name: "tanh", number: 0.0, rule }.to(&[self], value)
    }

    /// The error function.
    #[track_caller]
    pub fn erf(&self) -> Self {
        self.then(Function { f: &ERF, derivative: |x| x.slope(&GAUSS).scale(FRAC_2_SQRT_PI) }, &[])
    }

    /// x times the normal distribution function of x.
    #[track_caller]
    pub fn gelu(&self) -> Self {
        self.then(Function { f: &GELU, derivative: |x| x.slope(&GELU_SLOPE) }, &[])
    }

    /// The approximation of [`gelu`](Self::gelu) by a hyperbolic tangent that some models were trained with.
    #[track_caller]
    pub fn gelu_tanh(&self) -> Self {
        self.then(Function { f: &GELU_TANH, derivative: |x| x.slope(&GELU_TANH_SLOPE) }, &[])
    }

    /// x times its sigmoid.
    #[track_caller]
    pub fn silu(&self) -> Self {
        self.then(Function { f: &SILU, derivative: |x| x.slope(&SILU_SLOPE) }, &[])
    }

    /// x where it is not negative, else `alpha (e^x - 1)`. 12 rounds on secrets, with the opening of x.
    #[track_caller]
    pub fn elu(&self, alpha: f64) -> Self {
        let rule: Rule = |attach, _, grad, x, y| {
            let slope = y.add(&y.number_like(attach.number)).times_grad(grad);
            x[0].compare_with(Comparison::NotLess, 0.0).select(grad, &slope)
        };
        Attach { name: "elu", number: alpha, rule }.to(&[self], || {
            let positive = self.relu();
            let negative = from_log(&self.sub(&positive)).sub(&self.number_like(1.0));
            positive.add(&negative.scale(alpha))
        })
    }
}
