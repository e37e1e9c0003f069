//! Values that a session makes: bits of one party, and random values that nobody knows, neither the dealer nor any N - 1
//! parties: every party contributes a part. A party that does not follow the protocol can bias them. In a simulator with
//! a fixed seed they repeat.

use super::Session;
use crate::{
    engine::{Comparison, Random},
    error::InputError,
    op::Handle,
    shape::Shape,
    tensor::{Bit, Tensor},
    visibility::{Party, Private, Secret},
};

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

    /// Bits that only `P` has: the closure runs in that party's process alone. A wrong number of them stops the session
    /// with [`Error::Input`](crate::Error::Input) there, and the other parties hear of it.
    #[track_caller]
    pub fn input_bits<P: Party>(
        &self,
        shape: impl Into<Shape>,
        bits: impl FnOnce() -> Vec<bool>,
    ) -> Tensor<Private<P>, Bit> {
        let numbers =
            || Ok::<_, InputError>(bits().into_iter().map(|bit| f64::from(u8::from(bit))).collect::<Vec<_>>());
        self.input::<P>(shape, numbers).handle().compare_with(Comparison::NotLess, 0.5).into()
    }
}
