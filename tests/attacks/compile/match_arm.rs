//! Attack: see which arm of a `match` runs.
use mpc::prelude::*;

#[secure_model]
fn number(x: Tensor<Secret>) -> &'static str {
    match x { //~ a `match` on a tensor would reveal it
        0.0 => "nothing",
        _ => "something",
    }
}

#[secure_model]
fn bits(x: Tensor<Secret>) -> &'static str {
    match x > 0.0 { //~ a `match` on a tensor would reveal it
        true => "positive",
        false => "negative",
    }
}

#[secure_model]
fn guard(x: Tensor<Secret>) -> &'static str {
    match () {
        () if x > 0.0 => "positive", //~ a `match` cannot be guarded by a tensor
        () => "negative",
    }
}

fn main() {
    let _ = (number, bits, guard);
}
