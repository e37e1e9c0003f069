//! The numbers that a workload runs on: the same at every start, so that whoever checks the result can make them again.

use mpc_core::{Party, Secret, Session, Tensor};
use ndarray::{ArrayD, IxDyn};

/// The first two parties. All inputs are theirs; any others compute only.
#[derive(Clone, Copy, Debug)]
struct First;
#[derive(Clone, Copy, Debug)]
struct Second;

impl Party for First {
    const INDEX: usize = 0;
    const NAME: &'static str = "party0";
}
impl Party for Second {
    const INDEX: usize = 1;
    const NAME: &'static str = "party1";
}

/// Inputs are multiples of this: numbers that the default code has exactly, so that no error is the rounding of inputs.
const UNIT: f64 = 1.0 / 65536.0;

/// A private input.
#[derive(Clone, Debug)]
pub(super) struct Input {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Whether it belongs to a model, which stays when it is served.
    pub weight: bool,
    kind: Kind,
    owner: Owner,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Uniform between two numbers.
    Uniform(f64, f64),
    /// Rows with a single one.
    OneHot,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Owner {
    First,
    Second,
}

impl Input {
    /// Data of the first party, uniform in a range.
    pub(super) fn data(shape: &[usize], low: f64, high: f64) -> Self {
        Self { shape: shape.to_vec(), weight: false, kind: Kind::Uniform(low, high), owner: Owner::First }
    }

    /// Data of the second party, uniform in a range.
    pub(super) fn other(shape: &[usize], low: f64, high: f64) -> Self {
        Self { owner: Owner::Second, ..Self::data(shape, low, high) }
    }

    /// Weights of the second party, uniform in +-bound.
    pub(super) fn weight(shape: &[usize], bound: f64) -> Self {
        Self { weight: true, ..Self::other(shape, -bound, bound) }
    }

    /// Labels of the first party, one of `classes` a row.
    pub(super) fn labels(rows: usize, classes: usize) -> Self {
        Self { shape: vec![rows, classes], weight: false, kind: Kind::OneHot, owner: Owner::First }
    }

    /// The numbers of the input that has this number in its workload.
    pub(super) fn values(&self, number: usize) -> Vec<f64> {
        let len = self.shape.iter().product();
        let mut stream = Stream(0x6d70_635f_6265_6e63 ^ (number as u64) << 32);
        match self.kind {
            Kind::Uniform(low, high) => {
                (0..len).map(|_| ((low + (high - low) * stream.unit()) / UNIT).round() * UNIT).collect()
            }
            Kind::OneHot => {
                let classes = self.shape.last().copied().unwrap_or(1).max(1);
                let mut values = vec![0.0; len];
                for row in values.chunks_mut(classes) {
                    row[(stream.unit() * classes as f64) as usize] = 1.0;
                }
                values
            }
        }
    }

    /// The numbers with their shape.
    pub(super) fn array(&self, number: usize) -> ArrayD<f64> {
        // The length is that of the shape.
        ArrayD::from_shape_vec(IxDyn(&self.shape), self.values(number)).unwrap_or_default()
    }

    /// The numbers as shares.
    pub(super) fn share(&self, s: &Session, number: usize) -> Tensor<Secret> {
        let values = || self.values(number);
        match self.owner {
            Owner::First => s.input::<First>(&self.shape[..], values).share(),
            Owner::Second => s.input::<Second>(&self.shape[..], values).share(),
        }
    }
}

/// SplitMix64: nothing here is secret.
struct Stream(u64);

impl Stream {
    /// Uniform in [0, 1).
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ x >> 31) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_in_range_and_differ() {
        let input = Input::data(&[1000], -2.0, 3.0);
        let (a, b) = (input.values(0), input.values(1));
        assert!(a.iter().all(|x| (-2.0..=3.0).contains(x) && (x / UNIT).fract() == 0.0));
        assert!((a.iter().sum::<f64>() / 1000.0 - 0.5).abs() < 0.2);
        assert_ne!(a, b);
        assert_eq!(a, input.values(0));
    }

    #[test]
    fn a_label_is_one_class() {
        let labels = Input::labels(50, 10).values(3);
        assert!(labels.chunks(10).all(|row| row.iter().sum::<f64>() == 1.0));
        assert!((0..10).all(|class| labels.chunks(10).any(|row| row[class] == 1.0)));
    }
}
