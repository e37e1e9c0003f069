//! Assertions for tests: what is computed on shares is what is computed in the clear.
//!
//! A function for every visibility is its own twin. One line runs both and compares:
//!
//! ```
//! use mpc::{prelude::*, testing::assert_close};
//!
//! #[secure_model]
//! fn excess<V: AnyVisibility>(x: &Tensor<V>) -> Tensor<V> {
//!     if *x > 2.0 { x - 2.0 } else { x * 0.0 }
//! }
//!
//! # fn main() {
//! # mpc::sim::test_with(mpc::sim::Sim::new(2), async |s: Session| -> mpc::Result<()> {
//! // In a `#[mpc::test]`:
//! let x = s.public([3], &[1.0, 2.5, -4.0]);
//! assert_close(excess(&x.share()), excess(&x), 1e-3).await
//! # });
//! # }
//! ```
//!
//! A whole program, such as the training of a model with secret parameters, is compared with itself under the protocol
//! that computes in the clear: [`assert_twin`].

use crate::{Error, Protocol, Public, Result, Secret, Session, Tensor, sim::Sim};
use ndarray::{ArrayD, Dimension};
use std::panic::Location;

/// Asserts that `actual` is `expected` within `tolerance`, in every element. Reveals it to everybody.
///
/// `actual` is a secret or public tensor. `expected` is a public tensor, an array of the same shape, or the elements in row
/// order. `tolerance` is absolute; two units of the last place, `2f64.powi(-15)` with the default 16 fractional bits, is what
/// a product may be off.
///
/// # Errors
/// What reading either of them returns: a mistake in the program, or whatever stopped the session.
///
/// # Panics
/// If shapes or lengths differ, or an element is further off than `tolerance`, or is no number: with the worst one.
#[track_caller]
pub fn assert_close(
    actual: impl Revealed,
    expected: impl Expected,
    tolerance: f64,
) -> impl Future<Output = Result<()>> {
    let at = Location::caller();
    // Recorded now, so that both are read in the same rounds.
    let (actual, expected) = (actual.revealed(), expected.plain());
    async move {
        let actual = actual.await?;
        let complaint = match expected {
            Plain::Tensor(expected) => difference(&actual, &expected.await?, tolerance),
            Plain::Array(expected) => difference(&actual, &expected, tolerance),
            Plain::Elements(expected) => match ArrayD::from_shape_vec(actual.raw_dim(), expected) {
                Ok(expected) => difference(&actual, &expected, tolerance),
                Err(_) => Some(format!("{} elements were computed, and another number is expected", actual.len())),
            },
        };
        match complaint {
            None => Ok(()),
            Some(complaint) => panic!("{complaint} (the assertion at {at})"),
        }
    }
}

/// Asserts that a program gives the same on shares and in the clear, within `tolerance` in every element. Runs it twice in
/// the simulator, with two parties each: under the dealer's protocol, and under the one that computes in the clear with the
/// same rounding. The program reads its result, `y.reveal().await`.
///
/// What it finds are mistakes of the protocol, and code that does something else on secrets. A mistake of the program itself is
/// the same in both runs: compare with numbers of your own for that ([`assert_close`]).
///
/// # Panics
/// If either run fails, or the results differ.
#[track_caller]
pub fn assert_twin<F, Fut>(tolerance: f64, program: F)
where
    F: Fn(Session) -> Fut + Sync,
    Fut: Future<Output = Result<ArrayD<f64>>>,
{
    let run = |protocol: Protocol| -> Vec<ArrayD<f64>> {
        let seen = Sim::new(2).protocol(protocol).run(&program);
        let seen: Result<Vec<ArrayD<f64>>, Error> = seen.into_iter().collect();
        seen.unwrap_or_else(|error| panic!("under the protocol {protocol:?}: {error}"))
    };
    let (secret, plain) = (run(Protocol::Dealer), run(Protocol::Plain));
    for (party, (secret, plain)) in secret.iter().zip(&plain).enumerate() {
        if let Some(complaint) = difference(secret, plain, tolerance) {
            panic!("on shares and in the clear, at party {party}: {complaint}");
        }
    }
}

/// What a test may look at: see [`assert_close`].
pub trait Revealed {
    /// The value, open to everybody.
    #[track_caller]
    fn revealed(&self) -> Tensor<Public>;
}

impl Revealed for Tensor<Secret> {
    #[track_caller]
    fn revealed(&self) -> Tensor<Public> {
        self.reveal()
    }
}

impl Revealed for Tensor<Public> {
    fn revealed(&self) -> Tensor<Public> {
        self.clone()
    }
}

impl<T: Revealed> Revealed for &T {
    #[track_caller]
    fn revealed(&self) -> Tensor<Public> {
        (**self).revealed()
    }
}

/// What a result is compared with: see [`assert_close`].
pub trait Expected {
    /// The numbers, or the tensor that holds them.
    fn plain(self) -> Plain;
}

/// Numbers in the clear.
#[derive(Clone, Debug)]
pub enum Plain {
    /// A tensor that is yet to be computed.
    Tensor(Tensor<Public>),
    /// With a shape.
    Array(ArrayD<f64>),
    /// In row order, of whatever shape is compared with them.
    Elements(Vec<f64>),
}

macro_rules! expected {
    ($([$($generics:tt)*] $from:ty, $x:ident => $plain:expr;)+) => {$(
        impl<$($generics)*> Expected for $from {
            fn plain(self) -> Plain {
                let $x = self;
                $plain
            }
        }
    )+};
}
expected! {
    [] Tensor<Public>, x => Plain::Tensor(x);
    [] &Tensor<Public>, x => Plain::Tensor(x.clone());
    [] ArrayD<f64>, x => Plain::Array(x);
    [] &ArrayD<f64>, x => Plain::Array(x.clone());
    [] Vec<f64>, x => Plain::Elements(x);
    [] &[f64], x => Plain::Elements(x.to_vec());
    [const N: usize] [f64; N], x => Plain::Elements(x.to_vec());
    [const N: usize] &[f64; N], x => Plain::Elements(x.to_vec());
    [] f64, x => Plain::Elements(vec![x]);
}

/// What is wrong, in words.
fn difference(actual: &ArrayD<f64>, expected: &ArrayD<f64>, tolerance: f64) -> Option<String> {
    if actual.shape() != expected.shape() {
        return Some(format!("the shape is {:?}, and {:?} is expected", actual.shape(), expected.shape()));
    }
    let pairs = actual.indexed_iter().zip(expected.iter());
    let off = pairs.map(|((at, &actual), &expected)| (at, actual, expected, (actual - expected).abs()));
    // What is no number counts as infinitely far off.
    let off =
        off.map(|(at, actual, expected, by)| (at, actual, expected, if by.is_nan() { f64::INFINITY } else { by }));
    let (at, actual, expected, by) = off.max_by(|a, b| a.3.total_cmp(&b.3))?;
    let at: Vec<usize> = (0..at.ndim()).map(|axis| at[axis]).collect();
    (by > tolerance).then(|| {
        format!("element {at:?} is {actual}, and {expected} is expected: off by {by:.3e}, more than {tolerance:e}")
    })
}
