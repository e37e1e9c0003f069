//! Attack: compare and branch as in ordinary Rust, without the macro.
use mpc::prelude::*;

fn equal(x: Tensor<Secret>, y: Tensor<Secret>) -> f64 {
    if x == y { 1.0 } else { 0.0 } //~ `==` cannot be applied
}

fn less(x: Tensor<Secret>) -> f64 {
    if x.lt(0.0) { 1.0 } else { 0.0 } //~ expected `bool`
}

fn order(x: Tensor<Secret>, y: Tensor<Secret>) -> bool {
    x.partial_cmp(&y).is_some() //~ is not an iterator
}

fn main() {
    let _ = (equal, less, order);
}
