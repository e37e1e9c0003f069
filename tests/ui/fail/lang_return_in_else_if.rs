//! Leaving from the last branch of a chain is leaving.

use mpc::prelude::*;

#[secure_model]
fn chain(x: Tensor<Secret>) -> Tensor<Secret> {
    let y = if x > 1.0 {
        x.clone()
    } else if x > 0.0 {
        return x;
    } else {
        x * 2.0
    };
    y + 1.0
}

fn main() {
    let _ = chain;
}
