//! Adam and its kin.
//!
//! Squares of gradients are small: with 16 fractional bits, that of 0.003 is less than one unit of the last place. So the
//! state is kept of gradients times a public power of two, [`amplification`]. And it is kept without the bias that is
//! corrected otherwise: the average after step t is moved by `(1 - beta) / (1 - beta^t)` of the distance to the new value,
//! which is the same number, and uses the same digits from the first step on.

use super::{Optimiser, Rule, Slots, Step};
use mpc_core::{Fixed, Secret, Tensor};

/// Adam (Kingma and Ba, 2015): `w = w - lr m / sqrt(v + eps^2)`, with bias-corrected averages m of the gradient and v of
/// its square.
///
/// A step costs 14 rounds whatever the number of parameters (15 with weight decay, 18 with [`amsgrad`](Self::amsgrad)).
/// Two differences from PyTorch: eps^2 is added below the root, which is at most a factor of sqrt(2) where the gradient is
/// as small as eps; and eps is 2^-14 unless said otherwise: four units of the last place of a gradient of 16 fractional
/// bits. Smaller gradients are mostly rounding noise; [`loss_scale`](Optimiser::loss_scale) makes them larger.
///
/// Elements of gradients (times the loss scale) must stay below 16 in magnitude; [`clip_value`](Optimiser::clip_value) and
/// [`clip_norm`](Optimiser::clip_norm) see to that.
pub type Adam = Optimiser<Moments<false>>;

/// [`Adam`] with the weight decay taken from the parameter, `w = w - lr decay w`, and not added to the gradient
/// (Loshchilov and Hutter, 2019). 14 rounds.
pub type AdamW = Optimiser<Moments<true>>;

/// The rule of [`Adam`], and of [`AdamW`] if `DECOUPLED`.
#[derive(Clone, Debug)]
pub struct Moments<const DECOUPLED: bool> {
    betas: (f64, f64),
    eps: f64,
    amsgrad: bool,
}

impl<const DECOUPLED: bool> Optimiser<Moments<DECOUPLED>> {
    /// With betas 0.9 and 0.999. The weight decay is 0 unless it is set.
    pub fn new(lr: f64) -> Self {
        Self::with_rule(Moments { betas: (0.9, 0.999), eps: SMALLEST, amsgrad: false }, lr)
    }

    /// The shares of the averages that stay in each step: of the gradient, and of its square. In [0, 1).
    #[must_use]
    pub fn betas(mut self, first: f64, second: f64) -> Self {
        self.rule.betas = (first, second);
        self
    }

    /// What bounds the divisor from below, in units of the gradient.
    #[must_use]
    pub fn eps(mut self, eps: f64) -> Self {
        self.rule.eps = eps;
        self
    }

    /// Divides by the root of the largest v so far (Reddi, Kale and Kumar, 2018).
    #[must_use]
    pub fn amsgrad(mut self) -> Self {
        self.rule.amsgrad = true;
        self
    }
}

/// The usual eps.
pub(super) const SMALLEST: f64 = 1.0 / 16384.0;

/// What gradients are multiplied with before they are squared: the square of one unit of the last place is then 16 units
/// (at 16 fractional bits; less if there are more), and gradients up to 16 have squares within the range.
pub(super) fn amplification(fixed: Fixed) -> f64 {
    let bits = fixed.bits() as i32;
    f64::from(((bits + 4) / 2).min(26 - bits).max(0)).exp2()
}

/// eps^2 in units of the squares, and at least one unit of the last place.
pub(super) fn floor_of(at: &Step<'_>, eps: f64) -> f64 {
    let scaled = eps * at.scale * amplification(at.fixed());
    (scaled * scaled).max(at.fixed().ulp())
}

/// The unbiased average after a step, moved towards a new value.
#[track_caller]
fn moved(average: Option<&Tensor<Secret>>, new: &Tensor<Secret>, beta: f64, number: u64) -> Tensor<Secret> {
    match average {
        Some(average) => average + (new - average) * ((1.0 - beta) / (1.0 - libm::pow(beta, number as f64))),
        None => new.clone(),
    }
}

impl<const DECOUPLED: bool> Rule for Moments<DECOUPLED> {
    fn name(&self) -> &'static str {
        if DECOUPLED { "adamw" } else { "adam" }
    }

    fn update(&self, at: &Step<'_>, slots: &mut Slots) -> Tensor<Secret> {
        let gradient = if DECOUPLED { at.gradient.clone() } else { at.decayed() };
        let gradient = gradient * amplification(at.fixed());
        let mean = moved(slots.get("mean"), &gradient, self.betas.0, at.number);
        let square = moved(slots.get("square"), &gradient.square(), self.betas.1, at.number);
        let divisor = match self.amsgrad {
            true => {
                // The largest is that of averages that are not corrected, as everywhere.
                let corrected = |number: u64| 1.0 - libm::pow(self.betas.1, number as f64);
                let ratio = corrected(at.number - 1) / corrected(at.number);
                let peak = slots.get("peak").map_or_else(|| square.clone(), |peak| (peak * ratio).maximum(&square));
                slots.set("peak", peak.clone());
                peak
            }
            false => square.clone(),
        };
        let change = mean.over_sqrt(&(divisor + floor_of(at, self.eps))) * at.lr;
        slots.set("mean", mean);
        slots.set("square", square);
        match DECOUPLED && at.weight_decay != 0.0 {
            true => at.value - at.value * (at.lr * at.weight_decay) - change,
            false => at.value - change,
        }
    }
}
