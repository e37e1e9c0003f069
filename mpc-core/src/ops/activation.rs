//! Activations: tanh, erf, gelu, silu and their kin. On secrets 3 rounds after the opening of x; see
//! [`circuits::guarded`](crate::circuits) for the bytes. Error: the fit's (1e-6 to 3.3e-5, see
//! [`circuits`](crate::circuits)) plus two units of the last place, everywhere.
//! Differentiable twice, but for `gelu_tanh`, whose second derivative is an error.

use super::{
    attach::{Attach, Rule},
    function::Function,
    softmax::from_log,
};
use crate::{
    circuits::{ERF, GAUSS, GELU, GELU_SLOPE, GELU_TANH, GELU_TANH_SLOPE, Guarded, SILU, SILU_SLOPE, TANH},
    engine::Comparison,
    op::{Handle, Meaning},
    shape::Shape,
};
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

impl Handle {
    /// A function with a series and tails, and its derivative.
    #[track_caller]
    fn guarded(&self, f: &'static Guarded, derivative: fn(&Self) -> Self) -> Self {
        self.then(Function { f, derivative }, &[]).noted(&[self], || Meaning::Function(f.name, 0.0))
    }

    /// `e^(-x^2)`.
    #[track_caller]
    fn gauss(&self) -> Self {
        self.guarded(&GAUSS, |x| x.gauss().mul(x).scale(-2.0))
    }

    /// The density of the normal distribution.
    #[track_caller]
    fn normal_density(&self) -> Self {
        self.scale(FRAC_1_SQRT_2).gauss().scale(0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2)
    }

    /// The second derivative of [`Self::gelu`]. The products begin with the density, which is zero before x is so large
    /// that a product overflows.
    #[track_caller]
    fn gelu_curvature(&self) -> Self {
        let density = self.normal_density();
        Self::combine(&[(2.0, &density), (-1.0, &density.mul(self).mul(self))])
    }

    /// The second derivative of [`Self::silu`].
    #[track_caller]
    fn silu_curvature(&self) -> Self {
        let y = self.sigmoid();
        let slope = y.sub(&y.mul(&y));
        let odd = slope.mul(self).mul(&y.number_like(1.0).sub(&y.scale(2.0)));
        Self::combine(&[(2.0, &slope), (1.0, &odd)])
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
        // Below an attachment: nobody asks for this derivative.
        let value = || self.guarded(&TANH, |x| x.no_derivative("tanh"));
        Attach { name: "tanh", number: 0.0, rule }.to(&[self], value)
    }

    /// The error function.
    #[track_caller]
    pub fn erf(&self) -> Self {
        self.guarded(&ERF, |x| x.gauss().scale(FRAC_2_SQRT_PI))
    }

    /// x times the normal distribution function of x.
    #[track_caller]
    pub fn gelu(&self) -> Self {
        self.guarded(&GELU, |x| x.guarded(&GELU_SLOPE, Self::gelu_curvature))
    }

    /// The approximation of [`gelu`](Self::gelu) by a hyperbolic tangent that some models were trained with.
    #[track_caller]
    pub fn gelu_tanh(&self) -> Self {
        self.guarded(&GELU_TANH, |x| x.guarded(&GELU_TANH_SLOPE, |x| x.no_derivative("gelu_tanh")))
    }

    /// x times its sigmoid.
    #[track_caller]
    pub fn silu(&self) -> Self {
        self.guarded(&SILU, |x| x.guarded(&SILU_SLOPE, Self::silu_curvature))
    }

    /// x where it is not negative, else `alpha (e^x - 1)`. 8 rounds on secrets, with the opening of x.
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

    /// A multiple of [`Self::elu`], after Klambauer et al., Self-Normalizing Neural Networks (2017). 10 rounds on secrets.
    #[track_caller]
    pub fn selu(&self) -> Self {
        self.elu(1.673_263_242_354_377_2).scale(1.050_700_987_355_480_5)
    }
}
