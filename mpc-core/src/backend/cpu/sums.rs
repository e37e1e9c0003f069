//! Sums of numbers that are selected by bits, with public weights, in one pass: each number is read (or made) once, whatever
//! the sums it is in.

use super::{
    Cpu, CpuArray,
    array::Operand,
    bits::bit,
    parts::{self, Vectorised},
};
use crate::{
    backend::{Bits, Weights},
    ring::Ring,
};

/// Elements that a register or a few of them hold, with their sums: a word of bits.
const BLOCK: usize = 64;

impl Cpu {
    /// See [`flipped_sums`](crate::backend::Backend::flipped_sums).
    pub(super) fn sums<R: Ring>(
        &self,
        bits: &[Bits<Self>],
        a: &[CpuArray<R>],
        sums: &[Weights<'_>],
    ) -> Vec<CpuArray<R>> {
        let len = a.first().map_or(0, CpuArray::count);
        assert!(
            bits.len() == a.len() && a.iter().all(|a| a.count() == len),
            "a bit for each of some arrays of one length"
        );
        assert!(sums.iter().all(|sum| sum.factors.len() == a.len()), "a weight for each array");
        let (bits, a): (Vec<&[u64]>, Vec<_>) =
            (bits.iter().map(|bits| &bits[..]).collect(), a.iter().map(CpuArray::operand).collect());
        let mut out: Vec<Vec<R>> = sums.iter().map(|_| vec![R::ZERO; len]).collect();
        let mut jobs: Vec<_> =
            (0..len.div_ceil(parts::PART)).map(|number| (number * parts::PART, Vec::new())).collect();
        for out in &mut out {
            jobs.iter_mut().zip(out.chunks_mut(parts::PART)).for_each(|((_, parts), part)| parts.push(part));
        }
        parts::each(len, jobs, |(start, mut outs)| {
            let (mut room, count) = (Vec::new(), outs.first().map_or(0, |out| out.len()));
            for at in (0..count).step_by(parts::PIECE) {
                let range = at..count.min(at + parts::PIECE);
                for (number, (bits, a)) in bits.iter().zip(&a).enumerate() {
                    let from = start + range.start;
                    let a = Operand::part(*a, from..start + range.end, &mut room);
                    let outs = outs.iter_mut().map(|out| &mut out[range.clone()]).collect();
                    self.level.run(Add { bits: &bits[from / BLOCK..], a, number, sums, outs });
                }
            }
        });
        out.into_iter().map(CpuArray::from).collect()
    }
}

/// Adds one array to all sums.
struct Add<'a, R> {
    bits: &'a [u64],
    a: &'a [R],
    number: usize,
    sums: &'a [Weights<'a>],
    outs: Vec<&'a mut [R]>,
}

impl<R: Ring> Vectorised for Add<'_, R> {
    #[inline(always)]
    fn run(self) {
        for (sum, out) in self.sums.iter().zip(self.outs) {
            let factor = sum.factors[self.number];
            if factor == 0 {
                continue;
            }
            let factor = R::from_i128(factor.into());
            let one = if sum.with_ones { R::ONE } else { R::ZERO };
            for ((out, a), &word) in out.chunks_mut(BLOCK).zip(self.a.chunks(BLOCK)).zip(self.bits) {
                for (i, (out, &a)) in out.iter_mut().zip(a).enumerate() {
                    // All ones where the bit is set: then 1 - a, or -a.
                    let mask = R::neg(bit(word, i));
                    let flipped = R::add(a, R::and(R::sub(one, R::add(a, a)), mask));
                    *out = R::add(*out, R::mul(factor, flipped));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Backend, Level};

    fn words(seed: u64, len: usize) -> Vec<u64> {
        let one = |i: u64| (i + 77 * seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(i as u32 ^ seed as u32);
        (0..len as u64).map(|i| one(one(i))).collect()
    }

    /// At every level what one element at a time gives.
    #[test]
    fn sums_are_those_of_their_definition() {
        let factors: [&[i64]; 3] = [&[3, 0, -(1 << 44), 1], &[1, 1, 1, 1], &[0, 0, 0, 0]];
        let sums: Vec<Weights<'_>> =
            factors.iter().flat_map(|factors| [true, false].map(|with_ones| Weights { factors, with_ones })).collect();
        for len in [0, 1, 63, 64, 65, 3000, (1 << 16) + parts::PIECE + 77] {
            let numbers: Vec<Vec<u64>> = (0..4).map(|seed| words(seed, len)).collect();
            let bits: Vec<Vec<u64>> = (0..4).map(|seed| words(9 + seed, len.div_ceil(64))).collect();
            let expected: Vec<Vec<u64>> = (sums.iter())
                .map(|sum| {
                    let at = |i: usize| {
                        (0..4).fold(0u64, |total, k| {
                            let (a, set) = (numbers[k][i], bits[k][i / 64] >> (i % 64) & 1 == 1);
                            let number = if set { u64::from(sum.with_ones).wrapping_sub(a) } else { a };
                            total.wrapping_add((sum.factors[k] as u64).wrapping_mul(number))
                        })
                    };
                    (0..len).map(at).collect()
                })
                .collect();
            for cpu in Level::ALL.into_iter().filter(|level| level.supported()).map(Cpu::new) {
                let up = |all: &[Vec<u64>]| all.iter().map(|words| cpu.upload(words.clone())).collect::<Vec<_>>();
                let found = cpu.sums(&up(&bits), &up(&numbers), &sums);
                let found: Vec<Vec<u64>> = found.iter().map(|sum| cpu.download(sum)).collect();
                assert!(found == expected, "{} {len}", cpu.level());
            }
        }
    }
}
