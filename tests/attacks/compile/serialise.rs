//! Attack: write the secret as JSON.
use mpc::prelude::*;

fn json(x: Tensor<Secret>) -> impl serde::Serialize { //~ Tensor<mpc::Secret>: serde::Serialize
    x
}

fn main() {
    let _ = json;
}
