//! Random values that nobody knows, neither the dealer nor any N - 1 parties: every party contributes a part. A party
//! that does not follow the protocol can bias them. In a simulator with a fixed seed they repeat.

use super::{Bit, Tensor};
use crate::{engine::Random, op::Handle, session::Session, shape::Shape, visibility::Secret};

impl Session {
    /// Bits that are 0 or 1 with the same probability. Free.
    #[track_caller]
    pub fn random_bits(&self, shape: impl Into<Shape>) -> Tensor<Secret, Bit> {
        Handle::random(self.runtime(), shape.into(), Random::Bits).into()
    }

    /// Numbers that are uniform in [0, 1): all multiples of one unit of the last place are as likely. 1 round, and f/8 B
    /// for f fractional bits (dealt 8 f B).
    #[track_caller]
    pub fn random_uniform(&self, shape: impl Into<Shape>) -> Tensor<Secret> {
        let bits = self.runtime().engine().fixed().bits();
        Handle::random(self.runtime(), shape.into(), Random::Uniform { bits }).into()
    }

    /// Numbers of the standard normal distribution: mean 0, variance 1. Free.
    #[track_caller]
    pub fn random_normal(&self, shape: impl Into<Shape>) -> Tensor<Secret> {
        Handle::random(self.runtime(), shape.into(), Random::Normal).into()
    }

    /// Bits that are 1 with a public probability, rounded to a multiple of 2^-16. Free for 1/2, 1 round for multiples of
    /// 1/16, 2 rounds otherwise.
    #[track_caller]
    pub fn random_bernoulli(&self, probability: f64, shape: impl Into<Shape>) -> Tensor<Secret, Bit> {
        Handle::random_bernoulli(self.runtime(), shape.into(), probability).into()
    }
}

impl Tensor<Secret> {
    /// The slices along an axis in an order that nobody knows: they are sorted by random keys of 40 bits. Rounds as for
    /// [`Tensor::sort`], and 1.
    #[track_caller]
    pub fn shuffle(&self, axis: usize) -> Self {
        self.handle.shuffle(axis).into()
    }

    /// While training, each element is 0 with a public probability below 1 and else divided by the probability that it is
    /// not; otherwise x. Nobody knows which are dropped. At most 4 rounds.
    #[track_caller]
    pub fn dropout(&self, probability: f64, training: bool) -> Self {
        if training && probability != 0.0 { self.handle.dropout(probability).into() } else { self.clone() }
    }
}
