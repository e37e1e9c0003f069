//! Attack: hide the effect in a closure or a function that the branch calls.
use mpc::prelude::*;

#[secure_model]
fn closure(x: Tensor<Secret>) -> usize {
    let mut n = 0;
    let mut hit = || n += 1;
    if x > 0.0 { //~ a branch of an `if` on a tensor has a side effect
        hit();
    }
    n
}

fn log(_: &str) {}

#[secure_model]
fn function(x: Tensor<Secret>) {
    if x > 0.0 { //~ a branch of an `if` on a tensor has a side effect
        log("positive");
    }
}

fn main() {
    let _ = (closure, function);
}
