//! Products with a small side, where packing would cost more than it saves: dot products, or multiples of rows.

use super::{Term, kernel::Kernel};
use crate::ring::Ring;
use rayon::prelude::*;

/// Columns whose sums stay in the first cache.
const CHUNK: usize = if cfg!(test) { 24 } else { 1024 };

/// Adds a product to `out` (m x n): for few rows, or for a short depth.
pub(super) fn multiply<R: Ring, K: Kernel<R>>(kernel: K, term: &Term<'_, R>, parallel: bool, out: &mut [R]) {
    let [m, _, n] = term.sizes;
    if m == 0 || n == 0 {
        return;
    }
    // The sums of a chunk of columns, row by row.
    let chunk = |at: usize| {
        let cols = at..(at + CHUNK).min(n);
        let mut sums = vec![R::ZERO; m * cols.len()];
        columns(kernel, term, cols, &mut sums);
        sums
    };
    let found: Vec<Vec<R>> = if parallel {
        (0..n.div_ceil(CHUNK)).into_par_iter().map(|i| chunk(i * CHUNK)).collect()
    } else {
        (0..n.div_ceil(CHUNK)).map(|i| chunk(i * CHUNK)).collect()
    };
    for (i, sums) in found.iter().enumerate() {
        let width = sums.len() / m;
        for (row, sums) in out.chunks_exact_mut(n).zip(sums.chunks_exact(width)) {
            term.put(&mut row[i * CHUNK..i * CHUNK + width], sums);
        }
    }
}

/// Adds the columns `cols` of a product to `sums`.
fn columns<R: Ring, K: Kernel<R>>(kernel: K, term: &Term<'_, R>, cols: std::ops::Range<usize>, sums: &mut [R]) {
    let ([_, k, _], left, right, width) = (term.sizes, &term.left, &term.right, cols.len());
    let mut buffer = Vec::new();
    if right.column(0, 0..k).is_some() {
        for (row, sums) in sums.chunks_exact_mut(width).enumerate() {
            let a = left.column(row, 0..k).unwrap_or_else(|| {
                buffer.clear();
                buffer.extend((0..k).map(|depth| left.at(row, depth)));
                &buffer
            });
            for (col, sum) in cols.clone().zip(sums) {
                *sum = right.column(col, 0..k).map_or(R::ZERO, |b| kernel.dot(a, b));
            }
        }
        return;
    }
    for depth in 0..k {
        let b = right.run(cols.clone(), depth).unwrap_or_else(|| {
            buffer.clear();
            buffer.extend(cols.clone().map(|col| right.at(col, depth)));
            &buffer
        });
        for (row, sums) in sums.chunks_exact_mut(width).enumerate() {
            kernel.axpy(left.at(row, depth), b, sums);
        }
    }
}
