//! Functions over the whole range of numbers: the range is cut into intervals, each is mapped onto the one interval that a
//! trigonometric series fits, and the series' value is scaled back (docs/protocol.md section 7). With b_i the bit of interval
//! i:
//!
//! ```text
//! y = sum_i b_i (slope_i x + offset_i)    v = series(y)    result = v * sum_i b_i scale_i + sum_i b_i constant_i
//! ```
//!
//! Slopes are powers of two that shift a small x to the top of the ring: y is exact, nothing is lost. Scales are public
//! integers, so one product and one rescale bring the result back.
//!
//! A function that is odd has the same intervals on both sides of 0. Then b_i is the bit of a magnitude, and slopes and scales are
//! multiplied by the sign of x.
//!
//! With K harmonics and c choices, and with o bits opened and d dealt for the comparisons (33 and 96 for each threshold, and less where
//! they share nodes: the table of [`dealer`](crate::protocol::dealer)), N = 2, with the opening of x:
//!
//! | | rounds | sent per value and peer | dealt per value |
//! |---|---|---|---|
//! | with scales | 8 | 32 + (o + c + 2) / 8 | 56 + d / 8 + 16 c + 16 K |
//! | the same, odd: c magnitudes, and 0 | 8 | 32 + (o + c + 4) / 8 | 80 + d / 8 + 16 c + 16 K |
//! | without | 6 | 16 + (o + c + 1) / 8 | 40 + d / 8 + 16 c + 16 K |
//!
//! Round 1 opens x, 2 and 3 compare it with the thresholds, 4 opens the bits of the intervals, 5 opens y and the scale, 6
//! rescales the series, 7 opens it, 8 rescales the product. Without scales round 6 is the last.

use crate::{
    backend::Series,
    bilinear::{Bilinear, Linear},
    preprocessing::{Mask, Need},
    protocol::{Protocol, Times, Wire},
    rand::At,
    ring::Ring,
};
use futures_util::future::join;
use std::rc::Rc;

/// What happens on one interval, in units of the ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// The factor of x in y.
    pub slope: i64,
    /// What is added to it.
    pub offset: i64,
    /// The factor of the series' value.
    pub scale: i64,
    /// What is added to the result.
    pub constant: i64,
}

/// A function cut into intervals, for one code of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaled {
    /// Where the intervals meet, increasing; the interval of a threshold starts with it.
    pub thresholds: Vec<i64>,
    /// One more than thresholds.
    pub pieces: Vec<Piece>,
    /// Whether it is odd: 0 is a threshold, and each piece has the slope and the scale of its mirror image times -1. What has none is in
    /// the middle.
    pub odd: bool,
    /// The series of y, whose period is so many bits of the ring (and not of a number).
    pub series: Series,
    /// Fractional bits of the series' value that are kept.
    pub kept: u32,
    /// Bits of the product of value and scale that are dropped; nothing if there is no product.
    pub drop: Option<u32>,
}

// The steps of the circuit. The op's result is step 0.
const NORMAL: u8 = 1;
const SCALE: u8 = 2;
const VALUE: u8 = 3;
const PRODUCT: u8 = 4;
const RANGE: u8 = 8; // to 71
const CHOICE: u8 = 72; // to 136
const SIGNED: u8 = 137; // to 170

/// What is chosen by a bit: that of an interval, or of one of two.
struct Choice {
    intervals: (usize, Option<usize>),
    piece: Piece,
}

/// Some choices, and what is summed up with their bits.
struct Choices {
    all: Vec<Choice>,
    slopes: Vec<i64>,
    /// Offsets, scales and constants, as far as there are any.
    sums: Vec<Vec<i64>>,
    used: [bool; 3],
}

impl Choices {
    fn of(all: Vec<Choice>) -> Self {
        let weights = |of: fn(&Piece) -> i64| -> Vec<i64> { all.iter().map(|choice| of(&choice.piece)).collect() };
        let slopes = weights(|piece| piece.slope);
        let sums = [weights(|piece| piece.offset), weights(|piece| piece.scale), weights(|piece| piece.constant)];
        let used = sums.each_ref().map(|weights| weights.iter().any(|&weight| weight != 0));
        let sums = sums.into_iter().zip(used).filter_map(|(weights, used)| used.then_some(weights)).collect();
        Self { all, slopes, sums, used }
    }

    fn weights(&self) -> Vec<&[i64]> {
        self.sums.iter().map(|weights| &weights[..]).collect()
    }

    /// The wire, if it is multiplied.
    fn times<'a, P: Protocol>(&'a self, wire: &'a Rc<Wire<P>>) -> Option<Times<'a, P>> {
        self.multiplies().then_some(Times { wire, factors: &self.slopes })
    }

    fn multiplies(&self) -> bool {
        self.slopes.iter().any(|&slope| slope != 0)
    }

    fn bits<P: Protocol>(&self, protocol: &P, inside: impl Fn(usize) -> P::Bits) -> Vec<P::Bits> {
        let bit = |choice: &Choice| match choice.intervals {
            (one, None) => inside(one),
            (one, Some(other)) => protocol.xor(&inside(one), &inside(other)),
        };
        self.all.iter().map(bit).collect()
    }
}

impl Scaled {
    /// Joins neighbouring intervals where the same happens.
    pub fn new(mut thresholds: Vec<i64>, mut pieces: Vec<Piece>, series: Series, kept: u32, drop: Option<u32>) -> Self {
        for at in (0..thresholds.len()).rev() {
            if pieces[at] == pieces[at + 1] {
                thresholds.remove(at);
                pieces.remove(at + 1);
            }
        }
        let mirrored = |(one, other): (&Piece, &Piece)| {
            let even = (one.offset, one.constant) == (other.offset, 0) && other.constant == 0;
            even && (one.slope, one.scale) == (-other.slope, -other.scale)
        };
        let half = pieces.len() / 2;
        let odd = thresholds.contains(&0) && pieces[..half].iter().zip(pieces.iter().rev()).all(mirrored);
        Self { thresholds, pieces, odd, series, kept, drop }
    }

    /// What is chosen as it is, and what is chosen with the sign of x.
    fn choices(&self) -> [Choices; 2] {
        let (pieces, none) = (&self.pieces, Piece::default());
        let (mut plain, mut signed) = (Vec::new(), Vec::new());
        let single = if self.odd { pieces.len() / 2..pieces.len().div_ceil(2) } else { 0..pieces.len() };
        plain.extend(single.map(|at| Choice { intervals: (at, None), piece: pieces[at] }));
        for (at, &piece) in pieces.iter().enumerate().skip(pieces.len().div_ceil(2)).filter(|_| self.odd) {
            let intervals = (at, Some(pieces.len() - 1 - at));
            signed.push(Choice { intervals, piece: Piece { offset: 0, ..piece } });
            plain.push(Choice { intervals, piece: Piece { offset: piece.offset, ..none } });
        }
        [plain, signed].map(|all| Choices::of(all.into_iter().filter(|choice| choice.piece != none).collect()))
    }

    fn ring_thresholds<R: Ring>(&self) -> Vec<R> {
        self.thresholds.iter().map(|&t| R::from_i128(t.into())).collect()
    }
}

/// The result of the function at a wire: as many fractional bits as the plan was made for.
pub async fn scaled<P: Protocol>(protocol: &P, at: At, f: &Scaled, x: &Rc<Wire<P>>) -> P::Share {
    let (len, [plain, signed]) = (x.len, f.choices());
    let below = protocol.less_than(at.step(RANGE), x, &f.ring_thresholds()).await;
    let inside = |piece: usize| match (piece.checked_sub(1).and_then(|at| below.get(at)), below.get(piece)) {
        (None, Some(end)) => end.clone(),
        (Some(start), Some(end)) => protocol.xor(start, end),
        (Some(start), None) => protocol.not(start),
        (None, None) => unreachable!("a function has two intervals at least"),
    };
    let as_they_are = async {
        let (bits, weights) = (plain.bits(protocol, inside), plain.weights());
        protocol.choose_sums(at.step(CHOICE), &bits, len, &weights, plain.times(x)).await
    };
    let with_sign = async {
        let zero = f.thresholds.iter().position(|&t| t == 0).filter(|_| f.odd)?;
        let (bits, weights) = (signed.bits(protocol, inside), signed.weights());
        let times = signed.times(x)?;
        Some(protocol.choose_signed(at.step(SIGNED), &below[zero], &bits, &weights, times).await)
    };
    let (as_they_are, with_sign) = join(as_they_are, with_sign).await;
    let sum = |a: Option<P::Share>, b: Option<P::Share>| match (a, b) {
        (Some(a), Some(b)) => Some(protocol.add(&a, &b)),
        (a, b) => a.or(b),
    };
    let mut product = as_they_are.product;
    let mut numbers = as_they_are.numbers.into_iter();
    let mut totals = plain.used.map(|used| if used { numbers.next() } else { None });
    if let Some(with_sign) = with_sign {
        product = sum(product, with_sign.product);
        let mut numbers = with_sign.numbers.into_iter();
        for (total, used) in totals.iter_mut().zip(signed.used) {
            *total = sum(total.take(), if used { numbers.next() } else { None });
        }
    }
    let [offset, scale, constant] = totals;
    let or_zero = |share: Option<P::Share>| share.unwrap_or_else(|| protocol.linear(&Linear::Times(0), &x.share));
    let y = Wire::step(or_zero(sum(product, offset)), len, at.step(NORMAL));
    let scale = f.drop.map(|drop| {
        let scale = Wire::step(or_zero(scale), len, at.step(SCALE));
        protocol.open_early(&scale);
        (scale, drop)
    });
    let wide = protocol.series(at.step(VALUE), &f.series, &y).await;
    let value = protocol.truncate(at.step(VALUE), wide, series_bits(protocol) - f.kept).await;
    let value = match scale {
        None => value,
        Some((scale, drop)) => {
            let value = Wire::step(value, len, at.step(VALUE));
            let product = protocol.bilinear(at.step(PRODUCT), &Bilinear::Mul { len }, &value, &scale).await;
            protocol.truncate(at.step(PRODUCT), product, drop).await
        }
    };
    constant.map_or_else(|| value.clone(), |constant| protocol.add(&value, &constant))
}

fn series_bits<P: Protocol>(protocol: &P) -> u32 {
    let bits = protocol.fixed().bits();
    bits + Series::extra_bits(bits)
}

/// The needs of [`scaled`].
pub fn needs_scaled<P: Protocol>(protocol: &P, at: At, f: &Scaled, x: &Mask, needs: &mut Vec<Need>) {
    let len = x.out_len();
    let wire = |step: u8| Mask::fresh(at.op, at.step(step).part, len);
    protocol.needs_less_than(at.step(RANGE), x, &f.ring_thresholds(), needs);
    let [plain, signed] = f.choices();
    for k in 0..plain.all.len() {
        let wires = if plain.multiplies() { std::slice::from_ref(x) } else { &[] };
        protocol.needs_choose(at.step(CHOICE + k as u8), len, wires, needs);
    }
    if f.odd {
        protocol.needs_choose_signed(at.step(SIGNED), signed.all.len(), x, needs);
    }
    protocol.needs_series(at.step(VALUE), &f.series, &wire(NORMAL), needs);
    protocol.needs_truncate(at.step(VALUE), len, series_bits(protocol) - f.kept, needs);
    if let Some(drop) = f.drop {
        protocol.needs_bilinear(at.step(PRODUCT), &Bilinear::Mul { len }, &wire(VALUE), &wire(SCALE), needs);
        protocol.needs_truncate(at.step(PRODUCT), len, drop, needs);
    }
}

/// A sine or cosine of x: `round(2^h / 2 pi) x`, whose period is a power of two, goes into a series of one wave. The
/// factor is rounded once, so the error grows with |x|: `pi |x| 2^-h`. 2 rounds: y is opened, the series rescaled. Sent 8 1/8,
/// dealt 24.
pub async fn wave<P: Protocol>(protocol: &P, at: At, series: &Series, x: &Rc<Wire<P>>) -> P::Share {
    let y = protocol.linear(&Linear::Times(turn(protocol.fixed().bits())), &x.share);
    let y = Wire::step(y, x.len, at.step(NORMAL));
    let wide = protocol.series(at.step(VALUE), series, &y).await;
    protocol.truncate(at.step(VALUE), wide, Series::extra_bits(protocol.fixed().bits())).await
}

/// The needs of [`wave`].
pub fn needs_wave<P: Protocol>(protocol: &P, at: At, series: &Series, x: &Mask, needs: &mut Vec<Need>) {
    protocol.needs_series(at.step(VALUE), series, &Mask::fresh(at.op, at.step(NORMAL).part, x.out_len()), needs);
    protocol.needs_truncate(at.step(VALUE), x.out_len(), Series::extra_bits(protocol.fixed().bits()), needs);
}

/// Bits of the ring that one turn of a [`wave`] takes.
pub(super) const TURN_BITS: u32 = 62;

/// The public factor of a [`wave`].
fn turn(fraction_bits: u32) -> i64 {
    (2f64.powi((TURN_BITS - fraction_bits) as i32) / std::f64::consts::TAU).round_ties_even() as i64
}
