//! Trigonometric series of a masked value (docs/protocol.md section 6). For x = m - r, m public and r the dealer's,
//! `sin(jw(m - r)) = sin(jwm) cos(jwr) - cos(jwm) sin(jwr)`: a whole series is a public combination of the dealer's
//! shares of `cos(jwr)` and `sin(jwr)`.
//!
//! Every party must compute the public factors to the last bit alike, on every machine: they multiply random shares. So
//! sines come from `libm` (software, the same everywhere) and harmonics from a recurrence in plain IEEE arithmetic.

use crate::ring::Ring;

/// `linear * x + constant + sum_j cosines[j-1] cos(jwx) + sines[j-1] sin(jwx)`, `w = 2 pi / 2^period_log2`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Series {
    /// log2 of the period, in units of x.
    pub period_log2: u32,
    /// The constant term.
    pub constant: f64,
    /// The coefficient of x itself; a multiple of 2^-8.
    pub linear: f64,
    /// Coefficients of the sines; the same length as `cosines`.
    pub sines: &'static [f64],
    /// Coefficients of the cosines.
    pub cosines: &'static [f64],
}

/// Fractional bits of the dealer's waves, and of the public factors.
const WAVE_BITS: u32 = 24;

impl Series {
    /// Fractional bits of a result beyond those of a fixed-point number at f bits: 2 * 24 - f; the caller drops them.
    pub fn extra_bits(fraction_bits: u32) -> u32 {
        2 * WAVE_BITS - fraction_bits
    }

    /// How many harmonics.
    pub fn harmonics(&self) -> usize {
        self.sines.len()
    }

    /// What the dealer shares for one mask, into `waves`: all cosines, then all sines.
    pub fn waves<R: Ring>(period_log2: u32, fraction_bits: u32, mask: R, waves: &mut [R]) {
        let (cosines, sines) = waves.split_at_mut(waves.len() / 2);
        harmonics(angle(period_log2, fraction_bits, mask), cosines.len(), |j, cos, sin| {
            cosines[j] = encode(cos);
            sines[j] = encode(sin);
        });
    }

    /// The public factors of those shares for an opened value.
    pub(super) fn factors<R: Ring>(&self, fraction_bits: u32, m: R, factors: &mut [R]) {
        let count = self.harmonics();
        harmonics(angle(self.period_log2, fraction_bits, m), count, |j, cos, sin| {
            factors[j] = encode(self.sines[j] * sin + self.cosines[j] * cos);
            factors[count + j] = encode(self.cosines[j] * sin - self.sines[j] * cos);
        });
    }

    /// The constant term at the scale of a result.
    pub(super) fn scaled_constant<R: Ring>(&self) -> R {
        R::from_i128((self.constant * 2f64.powi(2 * WAVE_BITS as i32)).round_ties_even() as i128)
    }

    /// The factor that brings `linear * x` to the scale of a result.
    pub fn scaled_linear(&self, fraction_bits: u32) -> i64 {
        (self.linear * 2f64.powi(Self::extra_bits(fraction_bits) as i32)) as i64
    }

    /// The value in the clear.
    pub fn eval(&self, x: f64) -> f64 {
        let period = 2f64.powi(self.period_log2 as i32);
        let mut sum = self.constant + self.linear * x;
        harmonics(x * (std::f64::consts::TAU / period), self.harmonics(), |j, cos, sin| {
            sum += self.sines[j] * sin + self.cosines[j] * cos;
        });
        sum
    }
}

/// The nearest multiple of 2^-24, ties to even. Beside 3 * 2^51 a double has no bits for fractions, so adding it rounds,
/// and leaves the integer in the lowest bits: exact below 2^27, and faster than rounding by a library.
fn encode<R: Ring>(x: f64) -> R {
    const INTEGERS: f64 = (3u64 << 51) as f64;
    debug_assert!(x.abs() < f64::from(1 << 27), "{x}");
    let rounded = (x * f64::from(1u32 << WAVE_BITS) + INTEGERS).to_bits();
    R::from_i128(rounded.wrapping_sub(INTEGERS.to_bits()) as i64 as i128)
}

fn angle<R: Ring>(period_log2: u32, fraction_bits: u32, x: R) -> f64 {
    let bits = period_log2 + fraction_bits;
    let phase = R::low(x) & u64::MAX >> 64u32.saturating_sub(bits);
    phase as f64 * (std::f64::consts::TAU / 2f64.powi(bits as i32))
}

fn harmonics(angle: f64, count: usize, mut each: impl FnMut(usize, f64, f64)) {
    let (sin, cos) = libm::sincos(angle);
    let (mut s, mut c) = (sin, cos);
    for j in 0..count {
        each(j, c, s);
        (c, s) = (c * cos - s * sin, s * cos + c * sin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_are_rounded_to_the_nearest_and_ties_to_even() {
        let unit = 0.5f64.powi(WAVE_BITS as i32);
        let around = |x: f64| (-9..=9).map(move |i| x + f64::from(i) * unit / 4.0);
        let values = [0.0, 1.0, -1.0, 0.7, 3.5e4, -3.5e4, f64::from((1 << 27) - 1), -f64::from((1 << 27) - 1)];
        for x in values.into_iter().flat_map(around) {
            let expected = (x / unit).round_ties_even() as i64;
            assert_eq!(encode::<u64>(x), expected as u64, "{x}");
            assert_eq!(encode::<u128>(x), expected as i128 as u128, "{x}");
        }
    }
}
