//! What random values do to tensors: see [`Session::random_bits`](crate::Session::random_bits) and its kin.

use super::{Bit, Tensor};
use crate::visibility::Secret;

impl Tensor<Secret> {
    /// The slices along an axis in an order that nobody knows: they are sorted by random keys of 40 bits. Rounds as for
    /// [`Tensor::sort`], and 1.
    #[track_caller]
    pub fn shuffle(&self, axis: usize) -> Self {
        self.handle.shuffle(axis).into()
    }

    /// Along an axis, one bit is set: at an index that is drawn with probabilities proportional to these numbers, none of
    /// which may be negative. If all are zero it is the last. Nobody knows which index is drawn. 6 rounds on secrets.
    #[track_caller]
    pub fn weighted_index(&self, axis: usize) -> Tensor<Secret, Bit> {
        self.handle.weighted_index(axis).into()
    }

    /// While training, each element is 0 with a public probability below 1 and else divided by the probability that it is
    /// not; otherwise x. Nobody knows which are dropped. At most 4 rounds.
    #[track_caller]
    pub fn dropout(&self, probability: f64, training: bool) -> Self {
        if training && probability != 0.0 { self.handle.dropout(probability).into() } else { self.clone() }
    }
}
