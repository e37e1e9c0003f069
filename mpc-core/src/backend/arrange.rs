//! Rearrangements made of other kernels: the same on every backend.

use super::{Backend, Bits};
use crate::{
    bilinear::Linear,
    ring::Ring,
    shape::{Axis, View},
};
use smallvec::smallvec;

/// Packed bits one after the other, like [`Backend::concat`]: each part with its number of bits.
pub fn concat_bits<B: Backend>(backend: &B, parts: &[(&Bits<B>, usize)], runs: &[usize], outer: usize) -> Bits<B> {
    let loose: Vec<_> = parts.iter().map(|(bits, len)| backend.bits_to_ring::<u64>(bits, *len)).collect();
    backend.pack(&backend.concat(&loose.iter().collect::<Vec<_>>(), runs, outer))
}

/// Rows of `width` elements, each `times` times.
pub fn repeat_rows<B: Backend, R: Ring>(backend: &B, x: &B::Array<R>, width: usize, times: usize) -> B::Array<R> {
    let axis = |size, stride: usize| Axis { size, stride: stride as isize };
    let rows = backend.len(x) / width.max(1);
    backend.linear(
        &Linear::View(View { offset: 0, axes: smallvec![axis(rows, width), axis(times, 0), axis(width, 1)] }),
        x,
    )
}

/// `x - k 2^shift` for k = 0 .. classes, for each element in turn.
pub fn differences<B: Backend, R: Ring>(backend: &B, x: &B::Array<R>, classes: usize, shift: u32) -> B::Array<R> {
    let numbers = (0..classes).map(|class| R::shl(R::from_i128(class as i128), shift)).collect();
    let axis = |size, stride| Axis { size, stride };
    let view = View { offset: 0, axes: smallvec![axis(backend.len(x), 0), axis(classes, 1)] };
    let numbers = backend.linear(&Linear::View(view), &backend.upload::<R>(numbers));
    backend.sub(&repeat_rows(backend, x, 1, classes), &numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Cpu;

    #[test]
    fn bits_interleave_across_words() {
        let cpu = Cpu::default();
        let bits = |f: fn(usize) -> bool, len: usize| {
            cpu.pack(&cpu.upload((0..len).map(|i| u64::from(f(i))).collect::<Vec<_>>()))
        };
        let (a, b) = (bits(|i| i % 3 == 0, 5 * 30), bits(|i| i % 7 == 1, 5 * 41));
        let both = concat_bits(&cpu, &[(&a, 150), (&b, 205)], &[30, 41], 5);
        let found = cpu.download(&cpu.bits_to_ring::<u64>(&both, 355));
        let expected = |i: usize| match (i / 71, i % 71) {
            (row, at) if at < 30 => (30 * row + at).is_multiple_of(3),
            (row, at) => (41 * row + at - 30) % 7 == 1,
        };
        assert!(found.into_iter().enumerate().all(|(i, bit)| bit == u64::from(expected(i))));
    }

    #[test]
    fn differences_count_from_zero() {
        let cpu = Cpu::default();
        let found = differences(&cpu, &cpu.upload(vec![5u64, 32]), 3, 4);
        assert_eq!(cpu.download(&found), [5, 5u64.wrapping_sub(16), 5u64.wrapping_sub(32), 32, 16, 0]);
    }
}
