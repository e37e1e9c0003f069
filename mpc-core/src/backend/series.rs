//! Trigonometric series of a masked value (docs/protocol.md section 6). For x = m - r, m public and r the dealer's,
//! `sin(jw(m - r)) = sin(jwm) cos(jwr) - cos(jwm) sin(jwr)`: a whole series is a public combination of the dealer's
//! shares of `cos(jwr)` and `sin(jwr)`.
//!
//! Every party must compute the public factors to the last bit alike, on every machine: they multiply random shares. So
//! sines are those of `turns`, in plain IEEE arithmetic, and harmonics come from a recurrence in the same.

use super::turns::{Lanes, sincos};
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

    /// What the dealer shares for masks: for each all cosines, then all sines. At the same place for each mask, `waves` has
    /// room for `2 * harmonics` elements.
    #[inline(always)]
    pub(super) fn waves<R: Ring>(period_log2: u32, fraction_bits: u32, harmonics: usize, masks: &[R], waves: &mut [R]) {
        let bits = period_log2 + fraction_bits;
        let (masks, rest) = masks.as_chunks::<LANES>();
        let (waves, last) = waves.split_at_mut(masks.len() * LANES * 2 * harmonics);
        for (masks, waves) in masks.iter().zip(waves.chunks_exact_mut((LANES * 2 * harmonics).max(1))) {
            waves_of(bits, harmonics, masks, waves);
        }
        for (mask, waves) in rest.iter().zip(last.chunks_exact_mut((2 * harmonics).max(1))) {
            waves_of(bits, harmonics, std::array::from_ref(mask), waves);
        }
    }

    /// The sums of the public factors for opened values times those shares, plus a constant.
    #[inline(always)]
    pub(super) fn combine<R: Ring>(&self, fraction_bits: u32, constant: R, m: &[R], waves: &[R], out: &mut [R]) {
        let width = 2 * self.harmonics();
        let (m, rest) = m.as_chunks::<LANES>();
        let (waves, last) = waves.split_at(m.len() * LANES * width);
        let (out, others) = out.as_chunks_mut::<LANES>();
        for ((m, waves), out) in m.iter().zip(waves.chunks_exact((LANES * width).max(1))).zip(out) {
            *out = self.combined(fraction_bits, constant, m, waves);
        }
        for ((m, waves), out) in rest.iter().zip(last.chunks_exact(width.max(1))).zip(others) {
            [*out] = self.combined(fraction_bits, constant, std::array::from_ref(m), waves);
        }
    }

    #[inline(always)]
    fn combined<R: Ring, const L: usize>(&self, bits: u32, constant: R, m: &[R; L], waves: &[R]) -> [R; L] {
        let (count, mut sums) = (self.harmonics(), [constant; L]);
        harmonics(turns(self.period_log2 + bits, m), count, |j, cos, sin| {
            let (a, b) = (self.sines[j], self.cosines[j]);
            for i in 0..L {
                let at = i * 2 * count + j;
                let first = R::mul(encode(a * sin[i] + b * cos[i]), waves[at]);
                let second = R::mul(encode(b * sin[i] - a * cos[i]), waves[at + count]);
                sums[i] = R::add(sums[i], R::add(first, second));
            }
        });
        sums
    }

    /// The public factors of those shares for an opened value.
    #[cfg(test)]
    pub(super) fn factors<R: Ring>(&self, fraction_bits: u32, m: R, factors: &mut [R]) {
        let count = self.harmonics();
        harmonics(turns(self.period_log2 + fraction_bits, &[m]), count, |j, [cos], [sin]| {
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
        let turns = x / 2f64.powi(self.period_log2 as i32);
        let turn = ((turns - turns.floor()) * 2f64.powi(64)) as u64;
        let mut sum = self.constant + self.linear * x;
        harmonics([turn], self.harmonics(), |j, [cos], [sin]| {
            sum += self.sines[j] * sin + self.cosines[j] * cos;
        });
        sum
    }
}

/// Elements whose waves are made together.
const LANES: usize = 8;

/// The nearest multiple of 2^-24, ties to even. Beside 3 * 2^51 a double has no bits for fractions, so adding it rounds,
/// and leaves the integer in the lowest bits: exact below 2^27, and faster than rounding by a library.
#[inline(always)]
fn encode<R: Ring>(x: f64) -> R {
    const INTEGERS: f64 = (3u64 << 51) as f64;
    debug_assert!(x.abs() < f64::from(1 << 27), "{x}");
    let rounded = (x * f64::from(1u32 << WAVE_BITS) + INTEGERS).to_bits();
    R::from_i128(rounded.wrapping_sub(INTEGERS.to_bits()) as i64 as i128)
}

/// Elements as fractions of a period of 2^bits.
#[inline(always)]
fn turns<R: Ring, const L: usize>(bits: u32, x: &[R; L]) -> [u64; L] {
    match bits {
        0 => [0; L],
        bits @ 1..=64 => x.map(|x| R::low(x) << (64 - bits)),
        bits => x.map(|x| R::low(R::shr(x, bits - 64))),
    }
}

/// Cosines and sines of `1, 2, ... count` times some angles.
#[inline(always)]
fn harmonics<const L: usize>(turns: [u64; L], count: usize, mut each: impl FnMut(usize, &Lanes<L>, &Lanes<L>)) {
    let (sin, cos) = sincos(turns);
    let (mut s, mut c) = (sin, cos);
    for j in 0..count {
        each(j, &c, &s);
        for i in 0..L {
            (c[i], s[i]) = (c[i] * cos[i] - s[i] * sin[i], s[i] * cos[i] + c[i] * sin[i]);
        }
    }
}

#[inline(always)]
fn waves_of<R: Ring, const L: usize>(bits: u32, count: usize, masks: &[R; L], waves: &mut [R]) {
    harmonics(turns(bits, masks), count, |j, cos, sin| {
        for i in 0..L {
            let at = i * 2 * count + j;
            (waves[at], waves[at + count]) = (encode(cos[i]), encode(sin[i]));
        }
    });
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
