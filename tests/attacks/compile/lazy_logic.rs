//! Attack: let `&&` decide whether the right side runs.
use mpc::prelude::*;

#[secure_model]
fn question(x: Tensor<Secret>, y: Option<bool>) -> Option<bool> {
    let _ = x > 0.0 && y?; //~ a branch of an `if` on a tensor leaves it early
    None
}

#[secure_model]
fn number(x: Tensor<Secret>) {
    let _ = x && true; //~ have no `&&` and `||`
}

fn main() {
    let _ = (question, number);
}
