//! Feeding data: batches.

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
