//! Matrix products modulo 2^k.

use super::gemm::{Operand, PARALLEL, Term};
use crate::{level::Level, ring::Ring};
use rayon::prelude::*;

/// How the matrices of a product are stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// How many products of matrices that lie one after the other.
    pub(super) batch: usize,
    /// `[m, k, n]`: the result is m x n.
    pub(super) sizes: [usize; 3],
    /// The left one is k x m, not m x k.
    pub(super) ta: bool,
    /// The right one is n x k, not k x n.
    pub(super) tb: bool,
}

/// Adds products to `out`, or subtracts them.
pub(super) fn matmul<R: Ring>(level: Level, form: Form, a: &[R], b: &[R], negative: bool, out: &mut [R]) {
    let Form { batch, sizes, ta, tb } = form;
    let [m, k, n] = sizes;
    assert_eq!((a.len(), b.len()), (batch * m * k, batch * k * n), "operands of the sizes that the map says");
    assert_eq!(out.len(), batch * m * n, "a result of the size that the map says");
    if out.is_empty() || k == 0 {
        return;
    }
    let one = |((a, b), out): ((&[R], &[R]), &mut [R])| {
        let (left, right) = (Operand::left(a, m, k, ta), Operand::right(b, k, n, tb));
        Term { sizes, left, right, negative }.add_to(level, out);
    };
    if batch > 1 && out.len() * k >= PARALLEL {
        a.par_chunks(m * k).zip(b.par_chunks(k * n)).zip(out.par_chunks_mut(m * n)).for_each(one);
    } else {
        a.chunks(m * k).zip(b.chunks(k * n)).zip(out.chunks_mut(m * n)).for_each(one);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(form: Form, a: &[u64], b: &[u64]) -> Vec<u64> {
        let mut out = vec![0; form.batch * form.sizes[0] * form.sizes[2]];
        matmul(Level::best(), form, a, b, false, &mut out);
        out
    }

    #[test]
    fn every_form_agrees_with_the_definition() {
        let value = |seed: u64, i: usize| (i as u64 + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(i as u32);
        for (m, k, n) in [(1, 1, 1), (3, 5, 2), (5, 3, 9), (9, 17, 8), (4, 0, 3), (0, 4, 3), (130, 120, 110)] {
            for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
                let a: Vec<u64> = (0..m * k).map(|i| value(1, i)).collect();
                let b: Vec<u64> = (0..k * n).map(|i| value(2, i)).collect();
                let at = |i: usize, l: usize| if ta { a[l * m + i] } else { a[i * k + l] };
                let bt = |l: usize, j: usize| if tb { b[j * k + l] } else { b[l * n + j] };
                let sum = |i, j| (0..k).fold(0u64, |s, l| s.wrapping_add(at(i, l).wrapping_mul(bt(l, j))));
                let expected: Vec<u64> = (0..m * n).map(|at| sum(at / n, at % n)).collect();
                let form = Form { batch: 1, sizes: [m, k, n], ta, tb };
                assert_eq!(product(form, &a, &b), expected, "{m} {k} {n} {ta} {tb}");
                let twice = product(Form { batch: 2, ..form }, &a.repeat(2), &b.repeat(2));
                assert_eq!(twice, expected.repeat(2), "2 times {m} {k} {n} {ta} {tb}");
            }
        }
    }
}
