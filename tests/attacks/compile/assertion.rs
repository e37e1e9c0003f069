//! Attack: let an assertion fail if the secret is negative.
use mpc::prelude::*;

#[secure_model]
fn check(x: Tensor<Secret>) {
    assert!(x.ge(0.0)); //~ cannot be asserted
}

#[secure_model]
fn branch(x: Tensor<Secret>) {
    if x < 0.0 { //~ a branch of an `if` on a tensor leaves it early
        panic!("negative");
    }
}

fn main() {
    let _ = (check, branch);
}
