//! What the language takes, in small: a construct, and the type of what it gives.

use mpc::core::Bit;
use mpc::prelude::*;

parties! { compute Hospital, Lab; }

#[derive(Clone, Select)]
struct Best<T> {
    value: T,
    place: (Tensor<Secret>, [Tensor<Secret>; 2]),
}

#[derive(Clone, Select)]
struct Pair(Tensor<Secret>, Vec<Tensor<Secret, Bit>>);

#[secure_model]
fn structs(a: Best<Pair>, b: Best<Pair>) -> Best<Pair> {
    if a.value.0 > b.value.0 { a } else { b }
}

#[secure_model]
fn literals(x: &Tensor<Secret>) -> (Tensor<Secret>, Tensor<Secret, Bit>) {
    let low = if *x < 1.0 { 0.5 } else { -0.5 };
    (low, 0.0 <= *x && *x != 2.0)
}

#[secure_model]
fn mixed(x: Tensor<Private<Hospital>>, y: Tensor<Secret>, z: &Tensor<Public>) -> Tensor<Secret> {
    let own: Tensor<Private<Hospital>> = if x > z { x } else { 0.0 };
    if own > y { y } else { own.share() }
}

#[secure_model]
fn closures(rows: Vec<Tensor<Secret>>, clip: f64) -> Vec<Tensor<Secret>> {
    rows.into_iter().map(|row| if row > clip { row } else { 0.0 }).collect()
}

#[secure_model]
fn early(x: Tensor<Secret>, depth: Option<usize>) -> Option<Tensor<Secret>> {
    if depth? == 0 {
        return Some(x);
    }
    Some(if x > 0.0 { x } else { 0.0 })
}

#[secure_model]
fn twin<V: AnyVisibility>(x: &Tensor<V>, y: &Tensor<V>) -> Tensor<V> {
    let mut best = x.clone();
    if *y > best && !(*y == 1.0) {
        best = y.clone();
    }
    best * 2.0
}

#[test]
fn runs() {
    let _ = (structs, literals, mixed, closures, early);
    let _ = (twin::<Secret>, twin::<Public>, twin::<Private<Lab>>);
}
