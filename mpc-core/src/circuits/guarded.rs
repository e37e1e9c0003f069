//! A function that a trigonometric series fits on [-L, L] and a simple tail continues outside (docs/protocol.md section 6):
//! sigmoid, softplus and their kin.
//!
//! | N | rounds | sent per value and peer | dealt per value (K harmonics) |
//! |---|---|---|---|
//! | 2 | 3, and 1 if x is not open yet | 8 + 66/8 + 1/8 + 1/8 a choice, and 8 if x is not open yet | 16 K + 8 + 32 + 24 + ... |
//!
//! Round 1 opens x; round 2 rescales the series and runs the first tree level of both range comparisons; round 3 the
//! second, and opens the series' value under its mask; round 4 opens the choices. The choices: inside the range (dealt
//! 16), above (8, or 16 if the tail is x itself), and below unless that tail is zero.

use crate::{
    backend::Series,
    bilinear::Linear,
    preprocessing::{Mask, Need},
    protocol::{Protocol, Wire},
    rand::At,
    ring::Ring,
};
use futures_util::future::join;
use std::rc::Rc;

/// A function beyond the range of its series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tail {
    /// A constant.
    Constant(f64),
    /// x itself.
    Identity,
}

/// A function with a series inside of [-limit, limit] and tails outside.
#[derive(Clone, Copy, Debug)]
pub struct Guarded {
    /// Its name.
    pub name: &'static str,
    /// The series.
    pub series: Series,
    /// The largest |x| that the series fits.
    pub limit: f64,
    /// The value below -limit.
    pub low: Tail,
    /// The value from limit on.
    pub high: Tail,
    /// The function itself, for values in the clear. The same on every machine.
    pub exact: fn(f64) -> f64,
    /// The largest absolute error on shares, besides two units of the last place.
    pub error: f64,
}

// The steps of the circuit. The op's result is step 0.
const SERIES: u8 = 1;
const MIDDLE: u8 = 2;
const RANGE: u8 = 3; // and 4
const INSIDE: u8 = 5;
const BELOW: u8 = 6;
const ABOVE: u8 = 7;

impl Tail {
    fn wires<T: Clone>(self, x: &T) -> Vec<T> {
        if self == Self::Identity { vec![x.clone()] } else { Vec::new() }
    }
}

impl Guarded {
    fn thresholds<P: Protocol>(&self, protocol: &P) -> [P::Ring; 2] {
        let limit: P::Ring = protocol.fixed().nearest(self.limit);
        [P::Ring::neg(limit), limit]
    }
}

/// The function of x, at the scale of a number.
pub async fn guarded<P: Protocol>(protocol: &P, at: At, f: &Guarded, x: &Rc<Wire<P>>) -> P::Share {
    let (fixed, len) = (protocol.fixed(), x.len);
    let middle = async {
        let wide = protocol.series(at.step(SERIES), &f.series, x).await;
        let share = protocol.truncate(at.step(SERIES), wide, Series::extra_bits(fixed.bits())).await;
        let middle = Wire::step(share, len, at.step(MIDDLE));
        protocol.open_early(&middle);
        middle
    };
    let (middle, bits) = join(middle, protocol.less_than(at.step(RANGE), x, &f.thresholds(protocol))).await;
    let (below, below_high) = (&bits[0], &bits[1]);
    let inside = protocol.xor(below, below_high);
    let above = protocol.not(below_high);

    let (low, high) = (f.low.wires(x), f.high.wires(x));
    let inside = protocol.choose(at.step(INSIDE), &inside, len, std::slice::from_ref(&middle));
    let above = protocol.choose(at.step(ABOVE), &above, len, &high);
    let (inside, above) = join(inside, async {
        match f.low {
            Tail::Constant(0.0) => (None, above.await),
            _ => {
                let (below, above) = join(protocol.choose(at.step(BELOW), below, len, &low), above).await;
                (Some(below), above)
            }
        }
    })
    .await;
    let (below, above) = above;
    let tail = |tail: Tail, chosen: crate::protocol::Chosen<P>| match (tail, chosen.products.into_iter().next()) {
        (Tail::Identity, Some(product)) => product,
        (Tail::Constant(c), _) => {
            let numerator = P::Ring::low(fixed.nearest::<P::Ring>(c)) as i64;
            protocol.linear(&Linear::Times(numerator), &chosen.number)
        }
        (Tail::Identity, None) => chosen.number,
    };
    let mut sum = tail(f.high, above);
    if let Some(below) = below {
        sum = protocol.add(&sum, &tail(f.low, below));
    }
    inside.products.iter().fold(sum, |sum, product| protocol.add(&sum, product))
}

/// The needs of [`guarded`].
pub fn needs_guarded<P: Protocol>(protocol: &P, at: At, f: &Guarded, x: &Mask, needs: &mut Vec<Need>) {
    let len = x.out_len();
    protocol.needs_series(at.step(SERIES), &f.series, x, needs);
    protocol.needs_truncate(at.step(SERIES), len, Series::extra_bits(protocol.fixed().bits()), needs);
    protocol.needs_less_than(at.step(RANGE), x, &f.thresholds(protocol), needs);
    protocol.needs_choose(at.step(INSIDE), len, &[Mask::fresh(at.op, at.step(MIDDLE).part, len)], needs);
    protocol.needs_choose(at.step(ABOVE), len, &f.high.wires(x), needs);
    if f.low != Tail::Constant(0.0) {
        protocol.needs_choose(at.step(BELOW), len, &f.low.wires(x), needs);
    }
}
