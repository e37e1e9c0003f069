//! Dropping low bits of shares without a wrap-around: docs/protocol.md sections 3 and 3b.

use super::{
    Cpu,
    array::Operand,
    bits::bit,
    parts::{self, Vectorised},
};
use crate::{backend::ByBit, level::Level, ring::Ring};

/// Two parties. The two shares of z' = z + 2^(k-2) in [0, 2^(k-1)) wrap iff one of them has its top bit set:
/// `a | b = a + b - ab`, a known to party 0, b to party 1, and ab from the opened bits and the dealer's mask products.
///
/// Party 0 rounds its share down and party 1 up. With d the dropped part of z' and a uniform share, the sum is one more than
/// the floor with probability d / 2^bits exactly: unbiased for any number of bits. (Rounding both down and adding one
/// would give (d + 1) / 2^bits, which matters when few bits are dropped.)
pub(super) fn by_bit<R: Ring>(level: Level, step: &ByBit<'_, Cpu, R>) -> Vec<R> {
    let &ByBit { z, opened: [a, b], mask, products, bits, first } = step;
    assert_eq!(z.len(), products.len(), "operands of one length");
    let (z, a, b, mask, products): (&[R], &[u64], &[u64], &[u64], _) = (z, a, b, mask, products.operand());
    parts::build(z.len(), || {
        let mut room = Vec::new();
        move |from, out: &mut [R]| {
            let words = [a, b, mask].map(|words| &words[from / 64..]);
            let products = products.part(from..from + out.len(), &mut room);
            level.run(Part { z: &z[from..], words, products, bits, first, out });
        }
    })
}

/// A part of the elements of [`ByBit`].
struct Part<'a, R> {
    z: &'a [R],
    /// The opened a and b, and the own mask.
    words: [&'a [u64]; 3],
    products: &'a [R],
    bits: u32,
    first: bool,
    out: &'a mut [R],
}

impl<R: Ring> Vectorised for Part<'_, R> {
    #[inline(always)]
    fn run(self) {
        let Self { z, words: [a, b, mask], products, bits, first, out } = self;
        let rest = if first { R::neg(R::shl(R::ONE, R::BITS - 2 - bits)) } else { R::ZERO };
        let dropped = R::sub(R::shl(R::ONE, bits), R::ONE);
        // What is added before the shift, to round up.
        let up = if first { R::ZERO } else { dropped };
        let numbers = z.chunks(64).zip(products.chunks(64));
        let words = a.iter().zip(b).zip(mask);
        for ((out, (z, products)), ((&a, &b), &own)) in out.chunks_mut(64).zip(numbers).zip(words) {
            // ab = (a ^ mask_a)(b ^ mask_b) for the opened a and b: the sum of what party 0 knows, of what party 1 knows and
            // of the product of the masks, negative where one of a and b is set. Party 0 knows ab + (1 - 2a) b mask_a =
            // b (a ^ mask_a), party 1 knows a mask_b (1 - 2b): the bits that count one, and those that count minus one.
            let (more, less) = if first { (b & (a ^ own), 0) } else { (a & own & !b, a & own & b) };
            let flipped = a ^ b;
            for (i, (out, (&z, &product))) in out.iter_mut().zip(z.iter().zip(products)).enumerate() {
                let twice = R::and(R::add(product, product), R::neg(bit(flipped, i)));
                let both = R::add(R::sub(bit(more, i), bit(less, i)), R::sub(product, twice));
                let wrap = R::shl(R::sub(R::shr(z, R::BITS - 1), both), R::BITS - bits);
                let rounded = R::add(R::shr(z, bits), R::shr(R::add(R::and(z, dropped), up), bits));
                *out = R::add(R::sub(rounded, wrap), rest);
            }
        }
    }
}

/// Any number of parties: `[z >> f]_i = (i==0) ((m >> f) - 2^(k-2-f)) - [r >> f]_i + [msb r]_i (1 - msb m) 2^(k-f)`, from m
/// and this party's shares of r >> f and msb r.
pub(super) fn opened<R: Ring>(level: Level, operands: [Operand<'_, R>; 3], bits: u32, first: bool) -> Vec<R> {
    let [m, high, sign] = operands;
    assert!(m.len() == high.len() && m.len() == sign.len(), "operands of one length");
    parts::build(m.len(), || {
        let mut rooms = [const { Vec::new() }; 3];
        move |from, out: &mut [R]| {
            let (range, [m_room, high_room, sign_room]) = (from..from + out.len(), &mut rooms);
            let (m, high) = (m.part(range.clone(), m_room), high.part(range.clone(), high_room));
            level.run(Opened { m, high, sign: sign.part(range, sign_room), bits, first, out });
        }
    })
}

struct Opened<'a, R> {
    m: &'a [R],
    high: &'a [R],
    sign: &'a [R],
    bits: u32,
    first: bool,
    out: &'a mut [R],
}

impl<R: Ring> Vectorised for Opened<'_, R> {
    #[inline(always)]
    fn run(self) {
        let Self { m, high, sign, bits, first, out } = self;
        let offset = R::shl(R::ONE, R::BITS - 2 - bits);
        let mine = if first { R::ONE } else { R::ZERO };
        for (out, (&m, (&high, &sign))) in out.iter_mut().zip(m.iter().zip(high.iter().zip(sign))) {
            let public = R::and(R::sub(R::shr(m, bits), offset), R::neg(mine));
            // All ones where the top bit of m is not set.
            let stays = R::sub(R::shr(m, R::BITS - 1), R::ONE);
            *out = R::add(R::sub(public, high), R::and(R::shl(sign, R::BITS - bits), stays));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;

    /// Both parties' results add up to z >> bits, or one more, at every level, whatever the shares and masks are.
    #[test]
    fn both_truncations_are_right_at_every_level() {
        const LEN: usize = (1 << 16) + 77;
        let mix = |i: usize, by: u64| (i as u64 ^ by << 40).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
        let numbers = |by: u64| (0..LEN).map(|i| mix(i, by).wrapping_mul(by | 1)).collect::<Vec<u64>>();
        let words = |by: u64| (0..LEN.div_ceil(64)).map(|i| mix(i, by)).collect::<Vec<u64>>();
        // Values of at most 61 bits; the first ones extreme.
        let values: Vec<u64> = numbers(1).iter().map(|&x| ((x as i64) >> 3) as u64).collect();
        for (bits, level) in [1, 16, 40].into_iter().flat_map(|b| Level::ALL.map(|level| (b, level))) {
            let cpu = Cpu::new(level);
            let lifted: Vec<u64> = values.iter().map(|z| z.wrapping_add(1 << 62)).collect();
            let right = |found: Vec<u64>| {
                values.iter().zip(found).all(|(&z, y)| {
                    let floor = (z as i64) >> bits;
                    y as i64 == floor || y as i64 == floor + 1
                })
            };
            let sums = |parts: [Vec<u64>; 2]| parts[0].iter().zip(&parts[1]).map(|(a, b)| a.wrapping_add(*b)).collect();
            let minus = |a: &[u64], b: &[u64]| a.iter().zip(b).map(|(a, b)| a.wrapping_sub(*b)).collect::<Vec<_>>();

            let z = [numbers(2), minus(&lifted, &numbers(2))];
            let masks = [words(3), words(4)];
            let tops = z.each_ref().map(|z| super::super::bits::top_bits(level, z));
            let opened = [0, 1].map(|i| tops[i].iter().zip(&masks[i]).map(|(t, m)| t ^ m).collect::<Vec<u64>>());
            let both: Vec<u64> =
                (0..LEN).map(|i| masks[0][i / 64] >> (i % 64) & masks[1][i / 64] >> (i % 64) & 1).collect();
            let products = [numbers(5), minus(&both, &numbers(5))];
            let opened = opened.map(|words| cpu.upload(words));
            let share = |party: usize| {
                let (z, mask) = (cpu.upload(z[party].clone()), cpu.upload(masks[party].clone()));
                let products = cpu.upload(products[party].clone());
                let opened = [&opened[0], &opened[1]];
                let step = ByBit { z: &z, opened, mask: &mask, products: &products, bits, first: party == 0 };
                by_bit(cpu.level(), &step)
            };
            assert!(right(sums([share(0), share(1)])), "{level}: by a bit, {bits} bits");

            let r = numbers(6);
            let m: Vec<u64> = lifted.iter().zip(&r).map(|(z, r)| z.wrapping_add(*r)).collect();
            let high = [numbers(7), minus(&r.iter().map(|r| r >> bits).collect::<Vec<_>>(), &numbers(7))];
            let sign = [numbers(8), minus(&r.iter().map(|r| r >> 63).collect::<Vec<_>>(), &numbers(8))];
            let share = |party: usize| {
                let operands = [&m, &high[party], &sign[party]].map(|x| x[..].into());
                super::opened(cpu.level(), operands, bits, party == 0)
            };
            assert!(right(sums([share(0), share(1)])), "{level}: opened, {bits} bits");
        }
    }
}
