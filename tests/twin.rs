//! The plaintext twin: code for every visibility runs on public numbers, and one line compares.

use mpc::prelude::*;
use mpc::testing::{assert_close, assert_twin};
use std::sync::atomic::{AtomicU32, Ordering};

parties! { compute Hospital, Lab; }

const X: [f64; 6] = [-2.5, -1.0, -0.25, 0.0, 0.5, 3.0];
const Y: [f64; 6] = [1.0, -1.0, 0.0, 0.0, -4.0, 2.0];

#[derive(Clone, Select)]
struct Best<V> {
    value: Tensor<V>,
    count: Tensor<V>,
}

/// Everything of the language, for whatever visibility.
#[secure_model]
fn rule<V: AnyVisibility>(x: &Tensor<V>, y: &Tensor<V>, weight: &Tensor<Public>) -> Tensor<V> {
    let mut best = Best { value: x.clone(), count: x * 0.0 };
    for step in 0..3 {
        if best.value < y && !(*x == 0.0) {
            best.value += f64::from(step) * y;
            best.count += 1.0;
        }
    }
    let kind = if *x > 0.0 && *y > 0.0 || *x == *y {
        1.0
    } else if *x < -1.0 {
        2.0
    } else {
        3.0
    };
    let Best { value, count } = best;
    let (low, high) = if value < count { (value, count) } else { (count, value) };
    let list = if *y > 0.0 { vec![low, high] } else { vec![high.clone(), high] };
    let mut x = x.clone();
    if list[0] > 0.0 {
        x = &list[0] * &x;
    } else {
        x -= weight;
    }
    x + kind + &list[1]
}

fn in_the_clear(x: f64, y: f64, weight: f64) -> f64 {
    let (mut value, mut count) = (x, 0.0);
    for step in 0..3 {
        if value < y && x != 0.0 {
            value += f64::from(step) * y;
            count += 1.0;
        }
    }
    let kind = if x > 0.0 && y > 0.0 || x == y {
        1.0
    } else if x < -1.0 {
        2.0
    } else {
        3.0
    };
    let (low, high) = if value < count { (value, count) } else { (count, value) };
    let list = if y > 0.0 { [low, high] } else { [high, high] };
    let x = if list[0] > 0.0 { list[0] * x } else { x - weight };
    x + kind + list[1]
}

#[mpc::test]
async fn one_function_for_every_visibility(s: Session) -> mpc::Result<()> {
    let weight = s.public([6], &[0.5; 6]);
    let (x, y) = (s.public([6], &X), s.public([6], &Y));
    let expected: Vec<f64> = X.iter().zip(Y).map(|(x, y)| in_the_clear(*x, y, 0.5)).collect();
    assert_close(rule(&x, &y, &weight), &expected[..], 1e-3).await?;
    assert_close(rule(&x.share(), &y.share(), &weight), rule(&x, &y, &weight), 1e-3).await?;
    let own = |values: [f64; 6]| s.input::<Lab>([6], || values.to_vec());
    assert_close(rule(&own(X), &own(Y), &weight).share(), rule(&x, &y, &weight), 1e-3).await
}

/// A twin in the clear costs nothing: an `if` on public tensors stays with the party.
#[test]
fn the_twin_sends_nothing() {
    let traffic = mpc::sim::Sim::new(2)
        .explain(async |s: Session| rule(&s.public([6], &X), &s.public([6], &Y), &s.public([6], &X)).await)
        .unwrap();
    assert_eq!(traffic.total.rounds, 0);
}

/// A model with secret parameters is compared as a whole program.
#[test]
fn a_program_and_its_twin() {
    assert_twin(1e-3, async |s: Session| {
        let weight = s.input::<Lab>([1, 6], || Y.to_vec()).share();
        let x = s.input::<Hospital>([1, 6], || X.to_vec()).share();
        Linear::new(weight, None).forward(&x).sigmoid().reveal().await
    });
}

#[mpc::test]
#[should_panic(
    expected = "element [1] is 2, and 2.5 is expected: off by 5.000e-1, more than 1e-3 (the assertion at tests/twin.rs:"
)]
async fn a_difference_names_the_worst_element(s: Session) -> mpc::Result<()> {
    let x = s.public([3], &[1.0, 2.0, 3.0]);
    assert_close(x.share(), [1.25, 2.5, 3.0], 1e-3).await
}

#[mpc::test]
#[should_panic(expected = "the shape is [3], and [3, 1] is expected")]
async fn shapes_are_compared(s: Session) -> mpc::Result<()> {
    let x = s.public([3], &[1.0, 2.0, 3.0]);
    assert_close(x.share(), &x.reshape([3, 1]), 1e-3).await
}

#[mpc::test]
#[should_panic(expected = "3 elements were computed, and another number is expected")]
async fn lengths_are_compared(s: Session) -> mpc::Result<()> {
    assert_close(s.public([3], &[0.0; 3]), [0.0, 0.0], 1e-3).await
}

#[mpc::test]
#[should_panic(expected = "element [0] is 1, and NaN is expected")]
async fn what_is_no_number_is_never_close(s: Session) -> mpc::Result<()> {
    assert_close(s.public([1], &[1.0]), f64::NAN, 1e-3).await
}

#[test]
#[should_panic(expected = "under the protocol Dealer: matmul: the shapes do not fit")]
fn a_program_that_fails_has_no_twin() {
    assert_twin(1e-3, async |s: Session| {
        let x = s.public([2, 3], &X).share();
        x.matmul(&x).reveal().await
    });
}

#[test]
#[should_panic(expected = "on shares and in the clear, at party 0: element [] is")]
fn a_difference_between_the_runs_is_found() {
    // Two parties a run: the second run counts on from 2.
    static CALLS: AtomicU32 = AtomicU32::new(0);
    assert_twin(1e-3, async |s: Session| {
        let run = CALLS.fetch_add(1, Ordering::Relaxed) / 2;
        s.public([], &[f64::from(run)]).share().reveal().await
    });
}
