//! Feeding data: batches, orders, splits.

use mpc_core::{Secret, Tensor};
use std::ops::Range;

/// Consecutive batches of `size` of `rows` rows; the last may be smaller. A batch is a view of the data (see
/// [`Tensor::rows`](mpc_core::Tensor::rows)): the same batch in a later epoch is not opened again.
///
/// ```
/// let batches: Vec<_> = mpc_nn::data::batches(10, 4).collect();
/// assert_eq!(batches, [0..4, 4..8, 8..10]);
/// ```
pub fn batches(rows: usize, size: usize) -> impl ExactSizeIterator<Item = Range<usize>> {
    let size = size.max(1);
    (0..rows.div_ceil(size)).map(move |at| at * size..rows.min((at + 1) * size))
}

/// A public order of `rows` rows that follows from a seed: the same at every party. For an order that nobody knows, see
/// [`shuffled`].
pub fn order(rows: usize, seed: u64) -> Vec<usize> {
    // Fisher and Yates, over splitmix64. The order is public and steers no secret, so its statistics are all that counts.
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    let mut order: Vec<usize> = (0..rows).collect();
    for last in (1..rows).rev() {
        order.swap(last, (next() % (last as u64 + 1)) as usize);
    }
    order
}

/// The rows of `[n, ..]` features and `[n, ..]` labels, in one order that nobody knows: rows of several parties can no longer
/// be told apart. Rounds and cost of [`Tensor::shuffle`].
#[track_caller]
pub fn shuffled(x: &Tensor<Secret>, y: &Tensor<Secret>) -> (Tensor<Secret>, Tensor<Secret>) {
    let (rows, shapes) = (x.shape().dims().first().copied().unwrap_or(0), [x.shape(), y.shape()]);
    let width = |which: usize| shapes[which].len().checked_div(rows).unwrap_or(0);
    let both = x.reshape([rows, width(0)]).concat(&y.reshape([rows, width(1)]), 1).shuffle(0);
    let part = |columns: Range<usize>, which: usize| both.slice(1, columns).reshape(shapes[which].clone());
    (part(0..width(0), 0), part(width(0)..width(0) + width(1), 1))
}

/// The first `share` of `rows` rows to train on, and the rest to test on.
///
/// ```
/// assert_eq!(mpc_nn::data::train_test(10, 0.8), (0..8, 8..10));
/// ```
pub fn train_test(rows: usize, share: f64) -> (Range<usize>, Range<usize>) {
    let cut = ((rows as f64 * share.clamp(0.0, 1.0)).round() as usize).min(rows);
    (0..cut, cut..rows)
}
