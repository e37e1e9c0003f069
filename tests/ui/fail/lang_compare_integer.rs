use mpc::prelude::*;

#[secure_model]
fn above(x: &Tensor<Secret>) -> Tensor<Secret> {
    if *x > 2 { x * 1.0 } else { x * 0.5 }
}

fn main() {
    let _ = above;
}
