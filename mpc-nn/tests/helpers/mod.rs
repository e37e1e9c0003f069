//! What the tests of training share.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

use mpc_core::{Party, Result, Secret, Session, Shape, Tensor};

macro_rules! party {
    ($($name:ident = $index:literal),+) => {
        $(#[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl Party for $name {
            const INDEX: usize = $index;
            const NAME: &'static str = stringify!($name);
        })+
    };
}
party!(Alice = 0, Bob = 1);

/// One unit of the last place.
pub const ULP: f64 = 1.0 / 65536.0;

/// A secret that Alice feeds in.
pub fn alice(s: &Session, shape: impl Into<Shape>, values: &[f64]) -> Tensor<Secret> {
    s.input::<Alice>(shape, || values.to_vec()).share()
}

/// A secret that Bob feeds in.
pub fn bob(s: &Session, shape: impl Into<Shape>, values: &[f64]) -> Tensor<Secret> {
    s.input::<Bob>(shape, || values.to_vec()).share()
}

/// The answer of all parties, which must be one.
pub fn agreed<T: PartialEq + std::fmt::Debug>(seen: Vec<Result<T>>) -> T {
    let mut seen: Vec<T> = seen.into_iter().map(|party| party.expect("a party failed")).collect();
    let last = seen.pop().expect("at least one party");
    assert!(seen.iter().all(|other| *other == last), "{last:?} vs {seen:?}");
    last
}

/// Panics unless all are within a distance.
#[track_caller]
pub fn close(found: impl IntoIterator<Item = f64>, expected: impl IntoIterator<Item = f64>, tolerance: f64) {
    let (found, expected): (Vec<_>, Vec<_>) = (found.into_iter().collect(), expected.into_iter().collect());
    assert_eq!(found.len(), expected.len());
    for (at, (found, expected)) in found.into_iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance, "element {at}: {found} is not {expected} within {tolerance}");
    }
}
