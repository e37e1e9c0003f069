//! Sines and cosines of fractions of a turn, the same to the last bit on every machine.
//!
//! Sums and products of IEEE doubles, and nothing that may be done in more than one way: so one element at a time and
//! eight in a register agree, with any set of instructions.

use std::f64::consts::FRAC_PI_2;

/// Some numbers that are computed together.
pub(super) type Lanes<const L: usize> = [f64; L];

/// `(-1)^n / (2 n + 1)!` for n = 8 down to 1: the next term is below 2^-63 up to an eighth of a turn.
const SINE: [f64; 8] = [
    1.0 / 355_687_428_096_000.0,
    -1.0 / 1_307_674_368_000.0,
    1.0 / 6_227_020_800.0,
    -1.0 / 39_916_800.0,
    1.0 / 362_880.0,
    -1.0 / 5_040.0,
    1.0 / 120.0,
    -1.0 / 6.0,
];

/// `(-1)^n / (2 n)!` for n = 8 down to 1: the next term is below 2^-58.
const COSINE: [f64; 8] = [
    1.0 / 20_922_789_888_000.0,
    -1.0 / 87_178_291_200.0,
    1.0 / 479_001_600.0,
    -1.0 / 3_628_800.0,
    1.0 / 40_320.0,
    -1.0 / 720.0,
    1.0 / 24.0,
    -1.0 / 2.0,
];

/// Sines and cosines of multiples of 2^-64 turns, within 2^-49.
#[inline(always)]
pub(super) fn sincos<const L: usize>(turns: [u64; L]) -> (Lanes<L>, Lanes<L>) {
    let (mut sines, mut cosines) = ([0.0; L], [0.0; L]);
    for i in 0..L {
        // The nearest quarter of a turn, and what is left: at most an eighth. Its highest 52 bits are the digits of a
        // double in [1, 2).
        let shifted = turns[i].wrapping_add(1 << 61);
        let quarter = shifted >> 62;
        let angle = (f64::from_bits((shifted << 2) >> 12 | 1f64.to_bits()) - 1.5) * FRAC_PI_2;
        let square = angle * angle;
        let (mut sine, mut cosine) = (SINE[0], COSINE[0]);
        for n in 1..SINE.len() {
            sine = sine * square + SINE[n];
            cosine = cosine * square + COSINE[n];
        }
        let (sine, cosine) = (angle + angle * square * sine, 1.0 + square * cosine);
        let (x, y) = if quarter & 1 == 1 { (cosine, sine) } else { (sine, cosine) };
        sines[i] = f64::from_bits(x.to_bits() ^ quarter >> 1 << 63);
        cosines[i] = f64::from_bits(y.to_bits() ^ (quarter + 1) >> 1 << 63);
    }
    (sines, cosines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// Some turns of all sizes, and those next to every eighth.
    fn turns() -> impl Iterator<Item = u64> {
        let eighths = (0..8u64).flat_map(|i| (0..3).map(move |d| (i << 61).wrapping_add(d).wrapping_sub(1)));
        eighths.chain((0..20_000u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    #[test]
    fn they_are_those_of_the_library() {
        for turn in turns() {
            let ([sine], [cosine]) = sincos([turn]);
            // Half a turn at most, so that the angle has all its digits.
            let (sin, cos) = libm::sincos(turn as i64 as f64 * (TAU / 2f64.powi(64)));
            assert!((sine - sin).abs() < 2e-15 && (cosine - cos).abs() < 2e-15, "{turn:#x}: {sine} {cosine}");
        }
    }

    #[test]
    fn quarters_are_exact() {
        let found = sincos([0, 1 << 62, 2 << 62, 3 << 62]);
        assert_eq!(found, ([0.0, 1.0, -0.0, -1.0], [1.0, -0.0, -1.0, 0.0]));
    }
}
