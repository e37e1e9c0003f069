//! Kernels that touch each element once.

use crate::ring::Ring;

pub(super) fn map<R: Ring>(a: &[R], f: impl Fn(R) -> R) -> Vec<R> {
    a.iter().map(|&a| f(a)).collect()
}

pub(super) fn zip<R: Ring>(a: &[R], b: &[R], f: impl Fn(R, R) -> R) -> Vec<R> {
    assert_eq!(a.len(), b.len(), "operands of one length");
    a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect()
}
