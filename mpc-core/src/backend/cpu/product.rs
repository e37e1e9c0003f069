//! Matrix products modulo 2^k.

use crate::{
    ring::Ring,
    shape::{Shape, View},
};
use rayon::prelude::*;

/// Products above this many multiplications are split over threads.
const PARALLEL: usize = 1 << 20;
/// Rows of `a` that share one pass over a row of `b`.
const ROWS: usize = 4;

/// `a` (m x k, or k x m if `ta`) times `b` (k x n, or n x k if `tb`).
pub(super) fn matmul<R: Ring>(m: usize, k: usize, n: usize, a: &[R], ta: bool, b: &[R], tb: bool) -> Vec<R> {
    assert_eq!((a.len(), b.len()), (m * k, k * n), "operands of the sizes that the map says");
    let narrow = n < 8;
    let a = if ta { &transposed(k, m, a)[..] } else { a };
    let b = match (tb, narrow) {
        (false, true) => &transposed(k, n, b)[..],
        (true, false) => &transposed(n, k, b)[..],
        _ => b,
    };
    let mut out = vec![R::ZERO; m * n];
    if out.is_empty() || k == 0 {
        return out;
    }
    let block = |(a, out): (&[R], &mut [R])| if narrow { dots(k, n, a, b, out) } else { rows(k, n, a, b, out) };
    if m * k * n < PARALLEL {
        a.chunks(ROWS * k).zip(out.chunks_mut(ROWS * n)).for_each(block);
    } else {
        a.par_chunks(ROWS * k).zip(out.par_chunks_mut(ROWS * n)).for_each(block);
    }
    out
}

/// As many products as `batch` says, of matrices `[m, k, n]` that lie one after the other.
pub(super) fn batch_matmul<R: Ring>(
    batch: usize,
    [m, k, n]: [usize; 3],
    a: &[R],
    ta: bool,
    b: &[R],
    tb: bool,
) -> Vec<R> {
    assert_eq!((a.len(), b.len()), (batch * m * k, batch * k * n), "operands of the sizes that the map says");
    let mut out = vec![R::ZERO; batch * m * n];
    if out.is_empty() || k == 0 {
        return out;
    }
    let one = |((a, b), out): ((&[R], &[R]), &mut [R])| out.copy_from_slice(&matmul(m, k, n, a, ta, b, tb));
    if out.len() * k < PARALLEL {
        a.chunks(m * k).zip(b.chunks(k * n)).zip(out.chunks_mut(m * n)).for_each(one);
    } else {
        a.par_chunks(m * k).zip(b.par_chunks(k * n)).zip(out.par_chunks_mut(m * n)).for_each(one);
    }
    out
}

fn transposed<R: Ring>(rows: usize, cols: usize, a: &[R]) -> Vec<R> {
    match View::of(&Shape::from([rows, cols])).permute(&[1, 0]) {
        Some(view) => super::layout::view(&view, a),
        None => a.to_vec(),
    }
}

/// `b` is k x n: adds multiples of its rows.
fn rows<R: Ring>(k: usize, n: usize, a: &[R], b: &[R], out: &mut [R]) {
    for (l, b) in b.chunks_exact(n).enumerate() {
        for (a, out) in a.chunks_exact(k).zip(out.chunks_exact_mut(n)) {
            let a = a[l];
            out.iter_mut().zip(b).for_each(|(o, &b)| *o = R::add(*o, R::mul(a, b)));
        }
    }
}

/// `b` is n x k: dot products with its few rows.
fn dots<R: Ring>(k: usize, n: usize, a: &[R], b: &[R], out: &mut [R]) {
    for (a, out) in a.chunks_exact(k).zip(out.chunks_exact_mut(n)) {
        for (b, out) in b.chunks_exact(k).zip(out) {
            *out = a.iter().zip(b).fold(R::ZERO, |sum, (&a, &b)| R::add(sum, R::mul(a, b)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
                assert_eq!(matmul(m, k, n, &a, ta, &b, tb), expected, "{m} {k} {n} {ta} {tb}");
                let twice = batch_matmul(2, [m, k, n], &a.repeat(2), ta, &b.repeat(2), tb);
                assert_eq!(twice, expected.repeat(2), "2 times {m} {k} {n} {ta} {tb}");
            }
        }
    }
}
