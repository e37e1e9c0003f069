//! The exponential of a masked value (docs/protocol.md section 6). For x = m - r, m public and r the dealer's,
//! `e^x = e^m e^-r`: a public factor times the dealer's share of `e^-r`. Masks are uniform in a ring, so both exponents are
//! counted from the start of a window of W = 2^w units in which x lies, modulo 2 W. With
//! `m - start = c1 W + c0` and `r = r1 W + r0` (mod 2 W; c1 and r1 are bits):
//!
//! ```text
//! x - start = (c1 xor r1) W + c0 - r0      for every x of the window, whatever r is
//! e^x = [r1 = c1] e^(start + c0) e^-r0  +  [r1 != c1] e^(start + W + c0) e^-r0
//! ```
//!
//! So the dealer shares two numbers, of which one is 0 and the other e^-r0, with 64 fractional bits, in the ring of 128 bits. Their
//! sum with the public factors has the result in its high words: a party drops the low word of its own share and
//! needs nobody for it. What is lost are carries between the shares' low words, N/2 on average, which party 0 adds.
//!
//! Outside of the window the result has no meaning. Inside it is off by less than `(N + 1) / 2` units and 2^-18 of itself, if W is
//! e^32 at most; on average not at all.
//!
//! All parties must compute the public factors alike to the last bit, on every machine and device: plain IEEE arithmetic in one order,
//! and `libm` for what is the same for all values.

use crate::ring::Ring;

/// `e^x` from numbers of one precision to numbers of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Exponential {
    /// Fractional bits of the result.
    pub to: u32,
    /// The least x, in units.
    pub start: i64,
    /// The window.
    pub window: Window,
}

/// How many numbers have an exponential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// log2 of how many units of x.
    pub log2: u32,
    /// Fractional bits of x.
    pub from: u32,
}

impl Window {
    /// log2 of the largest window, as a number: over it, an exponential grows by 2^46.
    pub const LARGEST: u32 = 5;

    /// Whether it can be computed with in a ring.
    pub fn is_sound(self, ring_bits: u32) -> bool {
        self.log2 <= self.from.saturating_add(Self::LARGEST) && self.log2 < ring_bits.min(64) && self.from < 64
    }

    fn width(self) -> u64 {
        1 << self.log2
    }

    /// A number of units.
    pub(super) fn units(self, count: u64) -> f64 {
        count as f64 * 0.5f64.powi(self.from as i32)
    }

    /// What the dealer shares for masks. They are secret: what is done is the same for all of them.
    #[inline(always)]
    pub(super) fn decays<R: Ring>(self, masks: &[R], decays: &mut [[u128; 2]]) {
        let (low, unit, top) = (self.width() - 1, -self.units(1), 2f64.powi(64));
        for (masks, decays) in masks.chunks(BLOCK).zip(decays.chunks_mut(BLOCK)) {
            let mut powers = [0.0; BLOCK];
            powers.iter_mut().zip(masks).for_each(|(power, &mask)| *power = exp((R::low(mask) & low) as f64 * unit));
            for ((decays, &mask), power) in decays.iter_mut().zip(masks).zip(powers) {
                // From 2^18 to 2^64.
                let decay = nearest(power * top);
                let upper = u128::from(R::low(mask) >> self.log2 & 1).wrapping_neg();
                *decays = [decay & !upper, decay & upper];
            }
        }
    }
}

impl Exponential {
    /// The factors of whole windows and of the start: the same for all values.
    pub(super) fn constants(&self) -> [f64; 2] {
        let first = libm::exp(self.start as f64 * 0.5f64.powi(self.window.from as i32)) * 2f64.powi(self.to as i32);
        [first, first * libm::exp(self.window.units(self.window.width()))]
    }

    /// A party's shares, from its shares of what the dealer made for the masks; `carry` is added to 128 bits, of which the
    /// highest 64 are the result.
    #[inline(always)]
    pub(super) fn shares<R: Ring>(
        &self,
        constants: [f64; 2],
        m: &[R],
        decays: &[[u128; 2]],
        carry: u128,
        shares: &mut [R],
    ) {
        let (width, unit) = (self.window.width(), self.window.units(1));
        let above = |m: R| R::low(m).wrapping_sub(self.start as u64);
        for ((m, decays), shares) in m.chunks(BLOCK).zip(decays.chunks(BLOCK)).zip(shares.chunks_mut(BLOCK)) {
            let mut powers = [0.0; BLOCK];
            powers.iter_mut().zip(m).for_each(|(power, &m)| *power = exp((above(m) & (width - 1)) as f64 * unit));
            for (((share, &m), decays), power) in shares.iter_mut().zip(m).zip(decays).zip(powers) {
                let [same, other] = constants.map(|constant| nearest(constant * power));
                let [first, second] = if above(m) & width == 0 { [same, other] } else { [other, same] };
                let sum = first.wrapping_mul(decays[0]).wrapping_add(second.wrapping_mul(decays[1]));
                *share = R::from_i128((sum.wrapping_add(carry) >> 64) as i128);
            }
        }
    }

    /// What one of `parties` adds to its share.
    pub(crate) fn carry(parties: usize, first: bool) -> u128 {
        if first { (parties as u128) << 63 } else { 0 }
    }

    /// The result in the clear, in units.
    pub fn eval(&self, x: i128) -> i128 {
        (libm::exp(x as f64 * 0.5f64.powi(self.window.from as i32)) * 2f64.powi(self.to as i32)).round_ties_even()
            as i128
    }
}

/// Elements that are worked on together.
const BLOCK: usize = 64;

/// The nearest integer to a number that is not negative and below 2^128; without a branch.
#[inline(always)]
fn nearest(x: f64) -> u128 {
    let bits = (x + 0.5).to_bits();
    // The first digit stands at 2^127. It has to go down by 0 (from 2^127 on) to 128 (below 1), in two steps, since 128 are too many
    // for one.
    let digits = u128::from(bits << 12 >> 12 | 1 << 52) << 75;
    let down = (1023 + 127 - (bits >> 52) as i32).max(0) as u32;
    digits >> (down / 2) >> (down - down / 2)
}

/// `1 / n!` for n = 12 down to 0: the next term is below 2^-52 up to half of ln 2.
const TAYLOR: [f64; 13] = [
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    1.0 / 2.0,
    1.0,
    1.0,
];

/// `e^x` for |x| < 700, within 2^-49 of itself: sums and products of doubles, and nothing that may be done in more than one way.
#[inline(always)]
fn exp(x: f64) -> f64 {
    /// Beside it a double has no bits for fractions: adding it rounds.
    const INTEGERS: f64 = (3u64 << 51) as f64;
    /// The first 32 bits of ln 2, so that their product with a small integer is exact, and the rest.
    const LN_2: [f64; 2] = [f64::from_bits(0x3FE6_2E42_FEE0_0000), f64::from_bits(0x3DEA_39EF_3579_3C76)];
    let shifted = x * std::f64::consts::LOG2_E + INTEGERS;
    let doublings = shifted - INTEGERS;
    let rest = (x - doublings * LN_2[0]) - doublings * LN_2[1];
    let mut sum = TAYLOR[0];
    for term in &TAYLOR[1..] {
        sum = sum * rest + term;
    }
    sum * f64::from_bits(shifted.to_bits().wrapping_sub(INTEGERS.to_bits()).wrapping_add(1023) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(i: u64) -> u64 {
        let i = i.wrapping_add(11).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (i ^ i >> 29).wrapping_mul(0xD134_2543_DE82_EF95).rotate_left(23)
    }

    /// Shares for masks of all kinds: both halves of the window, its edges, and those of the ring.
    fn check(e: &Exponential, parties: u64, x: u64, mask: u64) -> (f64, f64) {
        let m = x.wrapping_add(mask);
        let mut shares: Vec<[u128; 2]> = (1..parties)
            .map(|i| {
                [0, 1].map(|j| u128::from(word(x.wrapping_add(4 * i + j))) << 64 | u128::from(word(mask ^ (2 * i + j))))
            })
            .collect();
        let mut made = [[0; 2]];
        e.window.decays(&[mask], &mut made);
        let [decays] = made;
        let last = [0, 1].map(|j: usize| shares.iter().fold(decays[j], |rest, share| rest.wrapping_sub(share[j])));
        shares.push(last);
        let sum = shares.iter().enumerate().fold(0u64, |sum, (party, share)| {
            let carry = Exponential::carry(shares.len(), party == 0);
            let mut out = [0];
            e.shares(e.constants(), &[m], &[*share], carry, &mut out);
            sum.wrapping_add(out[0])
        });
        let exact = (x as i64 as f64 * 0.5f64.powi(e.window.from as i32)).exp() * 2f64.powi(e.to as i32);
        (sum as i64 as f64 - exact, exact)
    }

    #[test]
    fn shares_add_up_to_the_exponential_for_every_mask() {
        let window = |log2, from| Window { log2, from };
        let plans = [
            Exponential { to: 16, start: -726_817, window: window(21, 16) },
            Exponential { to: 26, start: -1_362_782, window: window(21, 16) },
            Exponential { to: 24, start: -302_386_548, window: window(29, 24) },
            Exponential { to: 10, start: -7_098, window: window(15, 10) },
            Exponential { to: 20, start: -5_000_000, window: window(22, 20) },
        ];
        for e in plans {
            let width = 1u64 << e.window.log2;
            let edges = [0, 1, width / 2, width - 1, width, width + 1, 2 * width - 1, u64::MAX, 1 << 63, (1 << 63) - 1];
            let masks: Vec<u64> = edges.into_iter().chain((0..60).map(word)).collect();
            let offsets =
                [0, 1, width / 3, width - 2, width - 1].into_iter().chain((0..60).map(|i| word(i + 70) % width));
            for x in offsets.map(|offset| (e.start as u64).wrapping_add(offset)) {
                for (&mask, parties) in masks.iter().flat_map(|mask| [(mask, 2), (mask, 3), (mask, 5)]) {
                    let (error, exact) = check(&e, parties, x, mask);
                    let claim = (parties as f64 + 1.0) / 2.0 + exact * 0.5f64.powi(18);
                    assert!(error.abs() <= claim, "{e:?}: {} {mask:#x} {parties}: {error} of {exact}", x as i64);
                }
            }
        }
    }

    #[test]
    fn exponentials_and_integers_are_near() {
        for x in (-40_000..=40_000).map(|i| f64::from(i) / 500.0) {
            let (found, expected) = (exp(x), libm::exp(x));
            assert!((found / expected - 1.0).abs() < 0.5f64.powi(49), "e^{x}: {found}, not {expected}");
            let nearest = nearest(expected);
            assert!(
                (nearest as f64 - expected).abs() <= (0.5f64).max(expected * 0.5f64.powi(52)),
                "{expected}: {nearest}"
            );
        }
        assert_eq!(
            (exp(0.0), nearest(2f64.powi(64)), nearest(0.0), nearest(0.5), nearest(2.4)),
            (1.0, 1 << 64, 0, 1, 2)
        );
    }

    #[test]
    fn shares_are_right_on_average() {
        let e = Exponential { to: 16, start: -726_817, window: Window { log2: 21, from: 16 } };
        for parties in [2, 3] {
            let errors = (0..40_000).map(|i| check(&e, parties, (-i - 300_000i64) as u64, word(i as u64)).0);
            let mean = errors.sum::<f64>() / 40_000.0;
            assert!(mean.abs() < 0.02, "{mean} units with {parties} parties");
        }
    }
}
