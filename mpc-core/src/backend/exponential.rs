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
//! All parties must compute the public factors alike to the last bit, on every machine: `libm`.

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
    fn units(self, count: u64) -> f64 {
        count as f64 * 0.5f64.powi(self.from as i32)
    }

    /// What the dealer shares for a mask.
    #[inline]
    pub(super) fn decays<R: Ring>(self, mask: R) -> [u128; 2] {
        let mask = R::low(mask);
        // From 2^18 to 2^64.
        let decay = nearest(2f64.powi(64) * libm::exp(-self.units(mask & (self.width() - 1))));
        if mask & self.width() == 0 { [decay, 0] } else { [0, decay] }
    }
}

impl Exponential {
    /// The factors of whole windows and of the start: the same for all values.
    pub(super) fn constants(&self) -> [f64; 2] {
        let first = libm::exp(self.start as f64 * 0.5f64.powi(self.window.from as i32)) * 2f64.powi(self.to as i32);
        [first, first * libm::exp(self.window.units(self.window.width()))]
    }

    /// A party's share, from its shares of what the dealer made for the mask; `carry` is added to 128 bits, of which the
    /// highest 64 are the result.
    #[inline]
    pub(super) fn share<R: Ring>(&self, constants: [f64; 2], m: R, decays: [u128; 2], carry: u128) -> R {
        let c = R::low(m).wrapping_sub(self.start as u64);
        let grown = libm::exp(self.window.units(c & (self.window.width() - 1)));
        let [same, other] = constants.map(|constant| nearest(constant * grown));
        let [same, other] = if c & self.window.width() == 0 { [same, other] } else { [other, same] };
        let sum = same.wrapping_mul(decays[0]).wrapping_add(other.wrapping_mul(decays[1])).wrapping_add(carry);
        R::from_i128((sum >> 64) as i128)
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

/// The nearest integer to a number that is not negative; the largest for more than that.
#[inline]
fn nearest(x: f64) -> u128 {
    (x + 0.5) as u128
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
        let decays = e.window.decays(mask);
        let last = [0, 1].map(|j: usize| shares.iter().fold(decays[j], |rest, share| rest.wrapping_sub(share[j])));
        shares.push(last);
        let sum = shares.iter().enumerate().fold(0u64, |sum, (party, share)| {
            let carry = Exponential::carry(shares.len(), party == 0);
            sum.wrapping_add(e.share(e.constants(), m, *share, carry))
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
    fn shares_are_right_on_average() {
        let e = Exponential { to: 16, start: -726_817, window: Window { log2: 21, from: 16 } };
        for parties in [2, 3] {
            let errors = (0..40_000).map(|i| check(&e, parties, (-i - 300_000i64) as u64, word(i as u64)).0);
            let mean = errors.sum::<f64>() / 40_000.0;
            assert!(mean.abs() < 0.02, "{mean} units with {parties} parties");
        }
    }
}
