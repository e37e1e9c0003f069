//! The functions that cover the whole range of numbers, planned for a code of numbers.
//!
//! Reciprocal, roots and logarithm shift |x| by steps of three bits to `u` in [1/8, 1], which one series fits: the circuit
//! [`scaled`](super::scaled). The exponential has a circuit of its own, [`power`](super::power). What they do not cover saturates:
//! see [`Function`].

use super::{
    power::Power,
    scaled::{Piece, Scaled, TURN_BITS},
    waves::{
        LOG_COSINES, LOG_MEAN, LOG_SINES, RECIPROCAL_COSINES, RECIPROCAL_MEAN, RECIPROCAL_SINES, RSQRT_COSINES,
        RSQRT_MEAN, RSQRT_SINES, SQRT_COSINES, SQRT_MEAN, SQRT_SINES,
    },
};
use crate::{
    backend::{Exponential, Series, exponential::Window},
    fixed::Fixed,
};

/// Which function, and what it does where it has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// `1 / x`. 0 counts as the smallest positive number that has a reciprocal.
    Reciprocal,
    /// `1 / sqrt(x)`. What is not positive counts as the smallest positive number.
    Rsqrt,
    /// `sqrt(x)`. 0 for what is not positive.
    Sqrt,
    /// `ln(x)`. What is not positive counts as the smallest positive number.
    Log,
    /// `e^x`. The largest number where that would be larger, and 0 where it would be less than a unit of the last place.
    Exp,
    /// `sin(x)`.
    Sin,
    /// `cos(x)`.
    Cos,
}

/// A function from numbers of one precision to numbers of another, on a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wide {
    /// Which.
    pub function: Function,
    /// Fractional bits of x.
    pub from: u32,
    /// Fractional bits of the result.
    pub to: u32,
    /// The range, as powers of two: of x in units of its last place; of the result for the exponential. Values outside
    /// count as the ends.
    pub range: (i32, i32),
    /// Whether x may be negative (reciprocal only).
    pub signed: bool,
    /// Reciprocal only: from this magnitude on the result is multiplied by a power of two, so that it has digits left.
    pub lift: Option<Lift>,
}

/// How a function is computed, for a code of numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// Cut into intervals.
    Scaled(Scaled),
    /// The exponential.
    Power(Power),
    /// A sine or cosine.
    Wave(Series),
}

/// Where a reciprocal is multiplied, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lift {
    /// From |x| = 2^start units on; an interval starts there.
    pub start: i32,
    /// By 2^bits.
    pub bits: i32,
}

/// Bits of |x| that an interval spans.
const STEP: i32 = 3;
/// Doublings of the exponential in the largest window: e^32 is a little more than 2^46.
const WINDOW_BITS: i32 = 46;
/// Fractional bits of scales.
const SCALE_BITS: i32 = 2;
/// Products of value and scale stay below 2^61.
const PRODUCT_BITS: i32 = 61;

impl Wide {
    /// A function of numbers, over their whole range.
    pub fn of(function: Function, fixed: Fixed) -> Self {
        let bits = fixed.bits() as i32;
        let top = 62 - bits;
        let range = match function {
            // The smallest number whose reciprocal is one.
            Function::Reciprocal => ((3 * bits - 61).max(0), top),
            Function::Exp => (-2, top.min(46)),
            _ => (0, top),
        };
        let signed = function == Function::Reciprocal;
        Self { function, from: fixed.bits(), to: fixed.bits(), range, signed, lift: None }
    }

    /// The first magnitude that is 2^exponent units or more and where an interval starts, as a power of two; nothing if
    /// the range ends before.
    pub fn interval_from(&self, exponent: i32) -> Option<i32> {
        let above = (exponent - self.range.0).max(0);
        let start = self.range.0 + (above + STEP - 1) / STEP * STEP;
        (start < self.range.1).then_some(start)
    }

    /// The power of two that the result is multiplied by for |x| = 2^exponent units.
    fn lifted(&self, exponent: i32) -> i32 {
        self.lift.filter(|lift| exponent >= lift.start).map_or(0, |lift| lift.bits)
    }

    /// How it is computed.
    pub fn plan(&self, fixed: Fixed) -> Plan {
        match self.function {
            Function::Sin | Function::Cos => Plan::Wave(self.wave(fixed)),
            Function::Exp => Plan::Power(self.exponential(fixed)),
            _ => Plan::Scaled(self.by_magnitude(fixed)),
        }
    }

    /// The series of a wave.
    fn wave(&self, fixed: Fixed) -> Series {
        let (sines, cosines): (&[f64], &[f64]) = match self.function {
            Function::Cos => (&[0.0], &[1.0]),
            _ => (&[1.0], &[0.0]),
        };
        Series { period_log2: TURN_BITS - fixed.bits(), constant: 0.0, linear: 0.0, sines, cosines }
    }

    fn by_magnitude(&self, fixed: Fixed) -> Scaled {
        let (low, high) = self.range;
        let steps = ((high - low + STEP - 1) / STEP).max(1);
        let (from, to) = (self.from as i32, self.to as i32);
        let top = low + STEP * steps;
        let (sines, cosines, constant): (&[f64], &[f64], f64) = match self.function {
            Function::Rsqrt => (&RSQRT_SINES, &RSQRT_COSINES, RSQRT_MEAN),
            Function::Sqrt => (&SQRT_SINES, &SQRT_COSINES, SQRT_MEAN),
            Function::Log => (&LOG_SINES, &LOG_COSINES, LOG_MEAN),
            _ => (&RECIPROCAL_SINES, &RECIPROCAL_COSINES, RECIPROCAL_MEAN),
        };
        let series = Series { period_log2: (top + 1) as u32 - fixed.bits(), constant, linear: 0.0, sines, cosines };
        // x = u 2^(end - from) on the interval that ends at 2^end.
        let end = |k: i32| low + STEP * (k + 1);
        let exponent = |k: i32| match self.function {
            Function::Rsqrt => f64::from(to) + f64::from(from - end(k)) / 2.0,
            Function::Sqrt => f64::from(to) + f64::from(end(k) - from) / 2.0,
            _ => f64::from(to + from - end(k) + self.lifted(low + STEP * k)),
        };
        let logarithm = self.function == Function::Log;
        let piece = |k: i32| {
            let slope = 1i64 << (top - end(k));
            if logarithm {
                let constant = std::f64::consts::LN_2 * f64::from(end(k) - from) * 2f64.powi(to);
                return Piece { slope, constant: constant.round_ties_even() as i64, ..Piece::default() };
            }
            let scale = libm::exp2(exponent(k) + f64::from(SCALE_BITS)).round_ties_even() as i64;
            if scale == 0 { Piece::default() } else { Piece { slope, scale, ..Piece::default() } }
        };
        let smallest = 1i64 << low;
        let below = match self.function {
            Function::Sqrt => Piece::default(),
            _ => Piece { slope: 0, offset: piece(0).slope * smallest, ..piece(0) },
        };
        let start = |k: i32| 1i64 << (low + STEP * k);
        let (mut thresholds, mut pieces) = (Vec::new(), Vec::new());
        if self.signed {
            let negated = |piece: Piece| Piece { slope: -piece.slope, scale: -piece.scale, ..piece };
            // An interval of negative numbers starts with -2^i, and not after it, so that thresholds have bits in common.
            for k in (1..steps).rev() {
                pieces.push(negated(piece(k)));
                thresholds.push(-start(k));
            }
            pieces.push(negated(piece(0)));
            if smallest > 1 {
                thresholds.push(-smallest);
                pieces.push(negated(below));
            }
            thresholds.push(0);
        }
        pieces.push(below);
        for k in 0..steps {
            thresholds.push(start(k));
            pieces.push(piece(k));
        }
        let (kept, drop) = match (logarithm, self.function) {
            (true, _) => (self.to, None),
            (_, function) => {
                let value_bits = match function {
                    Function::Rsqrt => 2,
                    Function::Sqrt => 0,
                    _ => STEP,
                };
                let largest = exponent(0).max(exponent(steps - 1)).ceil() as i32 + SCALE_BITS + value_bits;
                let kept = (PRODUCT_BITS - largest).clamp(1, 24);
                (kept as u32, Some((kept + SCALE_BITS) as u32))
            }
        };
        Scaled::new(thresholds, pieces, series, kept, drop)
    }

    fn exponential(&self, fixed: Fixed) -> Power {
        let high = self.range.1;
        let low = self.range.0.max(high - WINDOW_BITS);
        let unit = 2f64.powi(self.from as i32);
        // Where the result reaches 2^exponent units.
        let start = |exponent: i32| {
            (std::f64::consts::LN_2 * f64::from(exponent - self.to as i32) * unit).round_ties_even() as i64
        };
        let (first, last) = (start(low), start(high));
        let log2 = (last - first).max(1).ilog2() + 1;
        let exponential = Exponential { to: self.to, start: first, window: Window { log2, from: self.from } };
        Power { exponential, largest: self.saturates(fixed).then_some((last, (1 << high) - 1)) }
    }

    /// Whether results beyond the range may occur.
    fn saturates(&self, fixed: Fixed) -> bool {
        self.to == fixed.bits()
    }

    /// The function in the clear, from units to units.
    pub fn exact(&self, x: i128) -> i128 {
        let (unit, scale) = (0.5f64.powi(self.from as i32), 2f64.powi(self.to as i32));
        let real = |x: i128| x as f64 * unit;
        let smallest = 1i128 << self.range.0.max(0);
        let positive = real(x.max(smallest));
        let y = match self.function {
            Function::Reciprocal => {
                // Intervals start with 2^i and with -2^i.
                let below = if x < 0 { x.unsigned_abs() - 1 } else { x.unsigned_abs() };
                let lift = self.lifted(below.max(1).ilog2() as i32);
                libm::exp2(f64::from(lift)) / if x < 0 { real(x.min(-smallest)) } else { positive }
            }
            Function::Rsqrt => 1.0 / positive.sqrt(),
            Function::Sqrt => real(x.max(0)).sqrt(),
            Function::Log => libm::log(positive),
            Function::Exp => libm::exp(real(x)).min((2f64.powi(self.range.1) - 1.0) / scale),
            Function::Sin => libm::sin(real(x)),
            Function::Cos => libm::cos(real(x)),
        };
        (y * scale).round_ties_even() as i128
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fits_are_as_good_as_they_say() {
        let fixed = Fixed::new(16).unwrap();
        let check = |function: Function, low: f64, high: f64, claim: f64, clear: fn(f64) -> f64| {
            let mut series = Wide::of(function, fixed).by_magnitude(fixed).series;
            series.period_log2 = 1;
            for i in 0..=10_000 {
                let u = low + (high - low) * f64::from(i) / 10_000.0;
                let (found, expected) = (series.eval(u), clear(u));
                let size = if function == Function::Log { 1.0 } else { expected };
                let error = ((found - expected) / size).abs();
                assert!(error <= claim, "{function:?} at {u}: {error:e}");
            }
        };
        check(Function::Reciprocal, 0.125, 1.0, 2.1e-5, f64::recip);
        check(Function::Rsqrt, 0.125, 1.0, 6.1e-6, |u| u.sqrt().recip());
        check(Function::Sqrt, 0.125, 1.0, 1.4e-6, f64::sqrt);
        check(Function::Log, 0.125, 1.0, 3.4e-6, libm::log);
    }

    #[test]
    fn products_stay_in_the_ring_at_every_precision() {
        for bits in 10..=24 {
            let fixed = Fixed::new(bits).unwrap();
            for function in [Function::Reciprocal, Function::Rsqrt, Function::Sqrt, Function::Log] {
                let plan = Wide::of(function, fixed).by_magnitude(fixed);
                assert_eq!(plan.pieces.len(), plan.thresholds.len() + 1);
                assert!(plan.thresholds.is_sorted() && plan.thresholds.len() <= 64, "{function:?} at {bits}");
                assert_eq!(plan.odd, function == Function::Reciprocal, "{function:?} at {bits}");
                let largest = match function {
                    Function::Reciprocal => 8.0,
                    Function::Rsqrt => 3.0,
                    _ => 1.0,
                };
                let scale = plan.pieces.iter().map(|piece| piece.scale.unsigned_abs()).max().unwrap();
                assert!(
                    largest * scale as f64 * 2f64.powi(plan.kept as i32) <= 2f64.powi(61),
                    "{function:?} at {bits}"
                );
            }
        }
    }

    #[test]
    fn windows_hold_all_exponents_and_their_ends() {
        for bits in 10..=24 {
            let fixed = Fixed::new(bits).unwrap();
            let whole = Wide::of(Function::Exp, fixed);
            let negative = Wide { to: (bits + 10).min(28), range: (-4, (bits + 10).min(28) as i32), ..whole };
            for f in [whole, negative] {
                let Power { exponential, largest } = f.exponential(fixed);
                assert!(exponential.window.is_sound(64), "{f:?}: {exponential:?}");
                let width = 1i128 << exponential.window.log2;
                let end = largest.map_or(0, |(end, _)| end);
                let span = i128::from(end) - i128::from(exponential.start);
                assert!(span < width && width <= 2 * span, "{f:?}: {span} of {width}");
                // What is below the window is less than a unit, and what is above it less than the largest number by as little.
                assert!(exponential.eval(i128::from(exponential.start)) <= 1, "{f:?}");
                let reached = exponential.eval(i128::from(end)) as f64;
                let most = largest.map_or(2f64.powi(f.to as i32), |(_, largest)| largest as f64);
                assert!((reached / most - 1.0).abs() < 2e-3, "{f:?}: {reached} of {most}");
            }
        }
    }
}
