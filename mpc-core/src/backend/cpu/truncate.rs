//! Dropping low bits of shares without a wrap-around: docs/protocol.md sections 3 and 3b.

use super::{Cpu, bits::bit};
use crate::{backend::ByBit, ring::Ring};

/// Two parties. The two shares of z' = z + 2^(k-2) in [0, 2^(k-1)) wrap iff one of them has its top bit set:
/// `a | b = a + b - ab`, a known to party 0, b to party 1, and ab from the opened bits and the dealer's mask products.
///
/// Party 0 rounds its share down and party 1 up. With d the dropped part of z' and a uniform share, the sum is one more than
/// the floor with probability d / 2^bits exactly: unbiased for any number of bits. (Rounding both down and adding one
/// would give (d + 1) / 2^bits, which matters when few bits are dropped.)
pub(super) fn by_bit<R: Ring>(step: &ByBit<'_, Cpu, R>) -> Vec<R> {
    let &ByBit { z, opened: [opened_a, opened_b], mask, products, bits, first } = step;
    let rest = if first { R::neg(R::shl(R::ONE, R::BITS - 2 - bits)) } else { R::ZERO };
    let dropped = R::sub(R::shl(R::ONE, bits), R::ONE);
    let up = |z: R| if first { R::ZERO } else { R::shr(R::add(R::and(z, dropped), dropped), bits) };
    let ring = |bit: u64| R::from_i128(i128::from(bit));
    let share = |(i, (&z, &product)): (usize, (&R, &R))| {
        let (a, b, own) = (ring(bit(opened_a, i)), ring(bit(opened_b, i)), ring(bit(mask, i)));
        let flip = |opened: R| R::sub(R::ONE, R::add(opened, opened));
        // ab, for a = opened_a + flip(a) mask_a and likewise b: each party adds the terms that it knows.
        let known = match first {
            true => R::add(R::mul(a, b), R::mul(R::mul(flip(a), b), own)),
            false => R::mul(R::mul(a, own), flip(b)),
        };
        let both = R::add(known, R::mul(R::mul(flip(a), flip(b)), product));
        let wrap = R::sub(ring(R::msb(z)), both);
        R::add(R::add(R::sub(R::shr(z, bits), R::shl(wrap, R::BITS - bits)), rest), up(z))
    };
    z.iter().zip(products.iter()).enumerate().map(share).collect()
}

/// Any number of parties: `[z >> f]_i = (i==0) ((m >> f) - 2^(k-2-f)) - [r >> f]_i + [msb r]_i (1 - msb m) 2^(k-f)`.
pub(super) fn opened<R: Ring>(m: &[R], high: &[R], sign: &[R], bits: u32, first: bool) -> Vec<R> {
    let offset = R::shl(R::ONE, R::BITS - 2 - bits);
    let share = |((&m, &high), &sign): ((&R, &R), &R)| {
        let public = if first { R::sub(R::shr(m, bits), offset) } else { R::ZERO };
        let wrap = if R::msb(m) == 0 { R::shl(sign, R::BITS - bits) } else { R::ZERO };
        R::add(R::sub(public, high), wrap)
    };
    m.iter().zip(high).zip(sign).map(share).collect()
}
