//! The exponential of a number, over the whole range of results (docs/protocol.md section 7).
//!
//! | N | rounds | sent per value and peer | dealt per value |
//! |---|---|---|---|
//! | 2 | 3, and 1 if x is not open yet | 8 + (33 t + c) / 8, and 8 if x is not open yet | 32 + 12 t + 32 + 8 c + 8 |
//!
//! With t thresholds and c choices: 2 and 2, or 1 and 1 if no result is too large. Round 1 opens x, which gives the exponential without
//! another message. Round 2 opens that under its mask and runs the first level of the comparisons with the ends of the window, round 3
//! the second; round 4 opens the choices: 0 below the window, the largest number above it.
//!
//! Before, 9 thresholds cut the range into intervals of 6 doublings, a series of 12 harmonics gave the value on one, and one of 9
//! scales was chosen for it: 8 rounds, 70.5 B sent and 428 B dealt at 16 fractional bits, where this takes 4, 24.5 and 112.

use crate::{
    backend::Exponential,
    bilinear::Linear,
    preprocessing::{Mask, Need},
    protocol::{Protocol, Wire},
    rand::At,
    ring::Ring,
};
use futures_util::future::join;
use std::{rc::Rc, slice};

/// An exponential with what it is outside of its window: 0 below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Power {
    /// Inside.
    pub exponential: Exponential,
    /// From which x on the result is this, in units; nothing if no x is so large.
    pub largest: Option<(i64, i64)>,
}

// The steps of the circuit. The op's result is step 0.
const INSIDE: u8 = 1;
const VALUE: u8 = 2;
const RANGE: u8 = 3; // and 4
const ABOVE: u8 = 5;

impl Power {
    fn thresholds<R: Ring>(&self) -> Vec<R> {
        let ends = [Some(self.exponential.start), self.largest.map(|(end, _)| end)];
        ends.into_iter().flatten().map(|t| R::from_i128(t.into())).collect()
    }
}

/// The exponential of x.
pub async fn power<P: Protocol>(protocol: &P, at: At, f: &Power, x: &Rc<Wire<P>>) -> P::Share {
    let len = x.len;
    let value = async {
        let share = protocol.exponential(at.step(VALUE), &f.exponential, x).await;
        let value = Wire::step(share, len, at.step(VALUE));
        protocol.open_early(&value);
        value
    };
    let (value, below) = join(value, protocol.less_than(at.step(RANGE), x, &f.thresholds())).await;
    let inside = match &below[..] {
        [start, end] => protocol.xor(start, end),
        [start, ..] => protocol.not(start),
        [] => unreachable!("a window has a start"),
    };
    let inside = protocol.choose(at.step(INSIDE), &inside, len, slice::from_ref(&value));
    let (inside, above) = join(inside, async {
        let ((_, largest), end) = f.largest.zip(below.get(1))?;
        let above = protocol.choose(at.step(ABOVE), &protocol.not(end), len, &[]).await;
        Some(protocol.linear(&Linear::Times(largest), &above.number))
    })
    .await;
    let inside = inside.products.into_iter().next().unwrap_or(inside.number);
    above.map_or_else(|| inside.clone(), |above| protocol.add(&inside, &above))
}

/// The needs of [`power`].
pub fn needs_power<P: Protocol>(protocol: &P, at: At, f: &Power, x: &Mask, needs: &mut Vec<Need>) {
    let len = x.out_len();
    protocol.needs_exponential(at.step(VALUE), &f.exponential, x, needs);
    protocol.needs_less_than(at.step(RANGE), x, &f.thresholds(), needs);
    protocol.needs_choose(at.step(INSIDE), len, &[Mask::fresh(at.op, at.step(VALUE).part, len)], needs);
    if f.largest.is_some() {
        protocol.needs_choose(at.step(ABOVE), len, &[], needs);
    }
}
