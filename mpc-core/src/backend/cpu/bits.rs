//! Packed bits: bit i of word w is element 64 w + i.

use super::{
    array::Operand,
    parts::{self, Vectorised},
};
use crate::{backend::tree::plane, level::Level, ring::Ring};

/// Packs one bit an element.
struct Pack<'a, R, F> {
    from: &'a [R],
    bit: F,
    to: &'a mut [u64],
}

impl<R: Ring, F: Fn(R) -> bool> Vectorised for Pack<'_, R, F> {
    #[inline(always)]
    fn run(self) {
        for (word, from) in self.to.iter_mut().zip(self.from.chunks(64)) {
            *word = 0;
            match from.as_array::<64>() {
                Some(from) => (0..64).for_each(|i| *word |= u64::from((self.bit)(from[i])) << i),
                None => from.iter().enumerate().for_each(|(i, &x)| *word |= u64::from((self.bit)(x)) << i),
            }
        }
    }
}

fn pack<R: Ring>(level: Level, a: &[R], bit: impl Fn(R) -> bool + Copy + Sync) -> Vec<u64> {
    let mut out = vec![0; plane(a.len())];
    let pieces = parts::planes(&mut out, plane(a.len()), parts::PART / 64).into_iter().flatten();
    let job = |(to, from)| level.run(Pack { from, bit, to });
    parts::each(a.len(), pieces.zip(a.chunks(parts::PART)).collect(), job);
    out
}

pub(super) fn top_bits<R: Ring>(level: Level, a: &[R]) -> Vec<u64> {
    pack(level, a, |x| R::msb(x) == 1)
}

/// Of the elements less a threshold.
pub(super) fn top_bits_below<R: Ring>(level: Level, a: &[R], threshold: R) -> Vec<u64> {
    pack(level, a, move |x| R::msb(R::sub(x, threshold)) == 1)
}

/// For each of some bits and thresholds a plane of `m mod 2^bits < t mod 2^bits`. All of them are made of a part of m while it is in
/// the cache.
pub(super) fn borrows<R: Ring>(level: Level, m: &[R], cuts: &[(u32, R)]) -> Vec<u64> {
    assert!(cuts.iter().all(|&(bits, _)| bits < R::BITS), "a bit for the sign of the difference");
    let cut = |&(bits, t): &(u32, R)| {
        let mask = R::sub(R::shl(R::ONE, bits), R::ONE);
        (mask, R::and(t, mask))
    };
    let cuts: Vec<(R, R)> = cuts.iter().map(cut).collect();
    let mut out = vec![0; cuts.len() * plane(m.len())];
    let jobs = parts::planes(&mut out, plane(m.len()), parts::PART / 64).into_iter().zip(m.chunks(parts::PART));
    parts::each(m.len() * cuts.len(), jobs.collect(), |(planes, from): (Vec<&mut [u64]>, &[R])| {
        for (to, &(mask, t)) in planes.into_iter().zip(&cuts) {
            level.run(Pack { from, bit: |m| R::msb(R::sub(R::and(m, mask), t)) == 1, to });
        }
    });
    out
}

pub(super) fn nonzero<R: Ring>(level: Level, a: &[R]) -> Vec<u64> {
    pack(level, a, |x| x != R::ZERO)
}

/// 0 or 1.
#[inline(always)]
pub(super) fn bit<R: Ring>(word: u64, i: usize) -> R {
    if word >> i & 1 == 1 { R::ONE } else { R::ZERO }
}

struct ToRing<'a, R> {
    bits: &'a [u64],
    out: &'a mut [R],
}

impl<R: Ring> Vectorised for ToRing<'_, R> {
    #[inline(always)]
    fn run(self) {
        for (out, &word) in self.out.chunks_mut(64).zip(self.bits) {
            out.iter_mut().enumerate().for_each(|(i, out)| *out = bit(word, i));
        }
    }
}

pub(super) fn to_ring<R: Ring>(level: Level, bits: &[u64], len: usize) -> Vec<R> {
    parts::build(len, || |from, out: &mut [R]| level.run(ToRing { bits: &bits[from / 64..], out }))
}

struct Choose<'a, R, const FLIP: bool> {
    bits: &'a [u64],
    a: &'a [R],
    b: &'a [R],
    out: &'a mut [R],
}

impl<R: Ring, const FLIP: bool> Vectorised for Choose<'_, R, FLIP> {
    #[inline(always)]
    fn run(self) {
        let pairs = self.a.chunks(64).zip(self.b.chunks(64));
        for ((out, (a, b)), &word) in self.out.chunks_mut(64).zip(pairs).zip(self.bits) {
            for (i, (out, (&a, &b))) in out.iter_mut().zip(a.iter().zip(b)).enumerate() {
                // No branch: a dealer calls this with secret bits, and those of parties would be mispredicted.
                let a = if FLIP { R::sub(a, b) } else { a };
                *out = R::add(b, R::and(R::sub(a, b), R::neg(bit(word, i))));
            }
        }
    }
}

/// `bit ? a : b`.
pub(super) fn choose<R: Ring>(level: Level, bits: &[u64], a: Operand<'_, R>, b: Operand<'_, R>) -> Vec<R> {
    chosen::<R, false>(level, bits, a, b)
}

/// `bit ? a - b : b`.
pub(super) fn flip<R: Ring>(level: Level, bits: &[u64], a: Operand<'_, R>, b: Operand<'_, R>) -> Vec<R> {
    chosen::<R, true>(level, bits, a, b)
}

fn chosen<R: Ring, const FLIP: bool>(level: Level, bits: &[u64], a: Operand<'_, R>, b: Operand<'_, R>) -> Vec<R> {
    assert_eq!(a.len(), b.len(), "operands of one length");
    parts::build(a.len(), || {
        let mut rooms = [const { Vec::new() }; 2];
        move |from, out: &mut [R]| {
            let (range, [a_room, b_room]) = (from..from + out.len(), &mut rooms);
            let (a, b) = (a.part(range.clone(), a_room), b.part(range, b_room));
            level.run(Choose::<_, FLIP> { bits: &bits[from / 64..], a, b, out });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Cpu, blocks};

    fn check<R: Ring>(len: usize) {
        let top = R::shl(R::ONE, R::BITS - 1);
        let set = |i: usize| i.is_multiple_of(3) || i % 64 == 63;
        let tops: Vec<R> = (0..len).map(|i| if set(i) { R::add(top, R::ONE) } else { R::sub(top, R::ONE) }).collect();
        let numbers: Vec<R> = (0..len).map(|i| if set(i) { R::ONE } else { R::ZERO }).collect();
        let mut words = vec![0u64; len.div_ceil(64)];
        (0..len).filter(|&i| set(i)).for_each(|i| words[i / 64] |= 1 << (i % 64));
        let (a, b): (Vec<R>, Vec<R>) = (0..len).map(|i| (R::from_i128(i as i128), R::from_i128(-(i as i128)))).unzip();
        let chosen: Vec<R> = (0..len).map(|i| if set(i) { a[i] } else { b[i] }).collect();
        for level in Level::ALL.into_iter().filter(|level| level.supported()) {
            assert!(top_bits(level, &tops) == words, "{level} {len}");
            assert!(nonzero(level, &numbers) == words, "{level} {len}");
            let above: Vec<R> = tops.iter().map(|&x| R::add(x, R::from_i128(77))).collect();
            assert!(top_bits_below(level, &above, R::from_i128(77)) == words, "{level} {len}");
            check_borrows::<R>(level, len);
            assert!(to_ring::<R>(level, &words, len) == numbers, "{level} {len}");
            assert!(choose(level, &words, a[..].into(), b[..].into()) == chosen, "{level} {len}");
            let sum: Vec<R> = a.iter().zip(&b).map(|(&a, &b)| R::add(a, b)).collect();
            assert!(flip(level, &words, sum[..].into(), b[..].into()) == chosen, "{level} {len}");
        }
    }

    /// The kernel, and what backends do that have none, against unsigned numbers.
    fn check_borrows<R: Ring>(level: Level, len: usize) {
        let mixed = |i: usize| (i as i128 + 5).wrapping_mul(0x1E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        let m: Vec<R> = (0..len).map(|i| R::from_i128(mixed(i))).collect();
        let edges = [R::ZERO, R::ONE, R::neg(R::ONE), R::from_i128(1 << 16), R::from_i128(0xFFFF)];
        // One of the numbers, which is not below itself, and its neighbours.
        let near = [-1, 0, 1].map(|d| R::from_i128(mixed(len / 2) + d));
        let sizes = (0..R::BITS / 16).map(|place| 16 * place).chain([R::BITS - 1]);
        let cuts: Vec<(u32, R)> = sizes.flat_map(|bits| edges.iter().chain(&near).map(move |&t| (bits, t))).collect();
        let found = borrows(level, &m, &cuts);
        let plain = blocks::borrows(&Cpu::new(level), &m.clone().into(), &cuts);
        let width = plane(len);
        for (k, &(bits, t)) in cuts.iter().enumerate() {
            let unsigned = |x: R| R::to_i128(R::shr(R::shl(x, R::BITS - bits), R::BITS - bits));
            let expected = pack(Level::Portable, &m, |m| unsigned(m) < unsigned(t));
            let inside = |words: &[u64]| to_ring::<u32>(level, words, len);
            let of = |all: &[u64]| inside(&all[k * width..(k + 1) * width]) == inside(&expected);
            assert!(of(&found) && of(&plain), "{level}: {t:?} of {bits} bits, {len} elements");
        }
    }

    #[test]
    fn every_level_gives_what_is_defined() {
        for len in [0, 1, 63, 64, 65, 131, 1000, (1 << 16) + 77] {
            check::<u64>(len);
        }
        for len in [1, 64, 131] {
            check::<u32>(len);
            check::<u128>(len);
        }
    }
}
