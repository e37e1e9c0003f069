//! Attack: mark the branch in a public tensor.
use mpc::prelude::*;

#[secure_model]
fn mark(x: Tensor<Secret>, mut open: Tensor<Public>) -> Tensor<Public> {
    if x > 0.0 { //~ a variable that holds a `Tensor<mpc::Public>` cannot be changed
        open += 1.0;
    }
    open
}

#[secure_model]
fn yielded(x: Tensor<Secret>, open: Tensor<Public>) -> Tensor<Public> {
    if x > 0.0 { open.clone() } else { open } //~ expected `Tensor<Public>`, found `Tensor<Secret>`
}

fn main() {
    let _ = (mark, yielded);
}
