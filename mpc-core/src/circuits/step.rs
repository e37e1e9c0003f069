//! Where a number is not negative (PROTOCOLS.md section 4). 3 rounds after the opening of x: two tree levels, and the
//! opening of the result bit under a mask bit; 34/8 B sent, 32 + 12 + 8 B dealt a value.

use crate::{
    bilinear::Linear,
    preprocessing::{Mask, Need},
    protocol::{Protocol, Wire},
    rand::At,
    ring::Ring,
};
use std::rc::Rc;

// The steps of the circuit. The op's result is step 0.
const COMPARE: u8 = 1;
const NUMBER: u8 = 2;

/// 1 where x >= 0, else 0, at the scale of a number.
pub async fn step<P: Protocol>(protocol: &P, at: At, x: &Rc<Wire<P>>) -> P::Share {
    let negative = protocol.less_than(at.step(COMPARE), x, &[P::Ring::ZERO]).await;
    let bit = protocol.not(&negative[0]);
    let chosen = protocol.choose(at.step(NUMBER), &bit, x.len, &[]).await;
    protocol.linear(&Linear::Times(1 << protocol.fixed().bits()), &chosen.number)
}

/// The needs of [`step`].
pub fn needs_step<P: Protocol>(protocol: &P, at: At, x: &Mask, needs: &mut Vec<Need>) {
    protocol.needs_less_than(at.step(COMPARE), x, 1, needs);
    protocol.needs_choose(at.step(NUMBER), x.out_len(), &[], needs);
}
