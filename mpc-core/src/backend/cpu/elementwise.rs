//! Kernels that touch each element once. Operands that follow from a rule are made in the first cache, piece by piece.

use super::{
    array::Operand,
    parts::{self, Vectorised},
};
use crate::{level::Level, ring::Ring};

pub(super) fn map<'a, R: Ring>(level: Level, a: impl Into<Operand<'a, R>>, f: impl Fn(R) -> R + Copy + Sync) -> Vec<R> {
    build(level, [a.into()], move |[a]| f(a))
}

pub(super) fn zip<'a, R: Ring>(
    level: Level,
    a: impl Into<Operand<'a, R>>,
    b: impl Into<Operand<'a, R>>,
    f: impl Fn(R, R) -> R + Copy + Sync,
) -> Vec<R> {
    build(level, [a.into(), b.into()], move |[a, b]| f(a, b))
}

/// Adds `a * b` to `out`, or subtracts it.
pub(super) fn add_product<R: Ring>(a: &[R], b: &[R], negative: bool, out: &mut [R]) {
    assert!(a.len() == out.len() && b.len() == out.len(), "operands of one length");
    let products = a.iter().zip(b).map(|(&a, &b)| R::mul(a, b));
    let out = out.iter_mut().zip(products);
    if negative {
        out.for_each(|(out, x)| *out = R::sub(*out, x));
    } else {
        out.for_each(|(out, x)| *out = R::add(*out, x));
    }
}

/// `dealt + (m_a - l_a) m_b - m_a l_b` if `first`, and `dealt - l_a m_b - m_a l_b` otherwise, in one pass.
pub(super) fn masked_product<R: Ring>(
    level: Level,
    [m_a, m_b]: [Operand<'_, R>; 2],
    [l_a, l_b]: [Operand<'_, R>; 2],
    dealt: Operand<'_, R>,
    first: bool,
) -> Vec<R> {
    build(level, [m_a, m_b, l_a, l_b, dealt], move |[m_a, m_b, l_a, l_b, dealt]| {
        let left = R::sub(if first { m_a } else { R::ZERO }, l_a);
        R::add(dealt, R::sub(R::mul(left, m_b), R::mul(m_a, l_b)))
    })
}

/// `a * b - c`.
pub(super) fn product_less<R: Ring>(level: Level, operands: [Operand<'_, R>; 3]) -> Vec<R> {
    build(level, operands, |[a, b, c]| R::sub(R::mul(a, b), c))
}

/// What a choice by a bit hides of a truncated value: see [`Backend::truncated_product`](crate::backend::Backend::truncated_product).
pub(super) fn truncated_product<R: Ring>(level: Level, operands: [Operand<'_, R>; 4], bits: u32) -> Vec<R> {
    let offset = R::shl(R::ONE, R::BITS - 2 - bits);
    build(level, operands, move |[m, beta, high, sign]| {
        let public = R::sub(R::shr(m, bits), offset);
        // All ones where the top bit of m is not set.
        let stays = R::sub(R::shr(m, R::BITS - 1), R::ONE);
        R::add(R::sub(R::mul(public, beta), high), R::and(R::shl(sign, R::BITS - bits), stays))
    })
}

/// `f` of the elements of the operands, which have one length.
fn build<R: Ring, const N: usize>(
    level: Level,
    operands: [Operand<'_, R>; N],
    f: impl Fn([R; N]) -> R + Copy + Sync,
) -> Vec<R> {
    let len = operands.first().map_or(0, |operand| operand.len());
    assert!(operands.iter().all(|operand| operand.len() == len), "operands of one length");
    parts::build(len, || {
        let mut rooms = [const { Vec::new() }; N];
        move |from, out: &mut [R]| {
            let (mut operands, range) = (operands.iter(), from..from + out.len());
            let pieces = rooms.each_mut().map(|room| match operands.next() {
                Some(operand) => operand.part(range.clone(), room),
                None => &[],
            });
            level.run(Each { pieces, out, f });
        }
    })
}

struct Each<'a, R, F, const N: usize> {
    pieces: [&'a [R]; N],
    out: &'a mut [R],
    f: F,
}

impl<R: Ring, F: Fn([R; N]) -> R, const N: usize> Vectorised for Each<'_, R, F, N> {
    #[inline(always)]
    fn run(self) {
        let len = self.out.len();
        let pieces = self.pieces.map(|piece| &piece[..len]);
        for i in 0..len {
            self.out[i] = (self.f)(pieces.map(|piece| piece[i]));
        }
    }
}
