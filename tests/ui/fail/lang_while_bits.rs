use mpc::prelude::*;

#[secure_model]
fn halve(mut x: Tensor<Secret>, limit: Tensor<Secret>) -> Tensor<Secret> {
    while x > limit {
        x *= 0.5;
    }
    x
}

fn main() {
    let _ = halve;
}
