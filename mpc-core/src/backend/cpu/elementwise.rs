//! Kernels that touch each element once.

use crate::ring::Ring;

pub(super) fn map<R: Ring>(a: &[R], f: impl Fn(R) -> R) -> Vec<R> {
    a.iter().map(|&a| f(a)).collect()
}

pub(super) fn zip<R: Ring>(a: &[R], b: &[R], f: impl Fn(R, R) -> R) -> Vec<R> {
    assert_eq!(a.len(), b.len(), "operands of one length");
    a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect()
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
    [m_a, m_b]: [&[R]; 2],
    [l_a, l_b]: [&[R]; 2],
    dealt: &[R],
    first: bool,
) -> Vec<R> {
    let len = dealt.len();
    assert!([m_a, m_b, l_a, l_b].iter().all(|part| part.len() == len), "operands of one length");
    let opened = m_a.iter().zip(m_b);
    let masks = l_a.iter().zip(l_b);
    let each = opened.zip(masks).zip(dealt).map(|(((&m_a, &m_b), (&l_a, &l_b)), &dealt)| {
        let left = R::sub(if first { m_a } else { R::ZERO }, l_a);
        R::add(dealt, R::sub(R::mul(left, m_b), R::mul(m_a, l_b)))
    });
    each.collect()
}
