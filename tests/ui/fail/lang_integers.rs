use mpc::prelude::*;

#[secure_model]
fn literal(x: Tensor<Secret>) -> Tensor<Secret> {
    if x > 2 { x } else { 0.0 }
}

#[secure_model]
fn variable(x: &Tensor<Secret>, n: usize) -> Tensor<Secret> {
    if n <= x { x.clone() } else { x * 2.0 }
}

#[secure_model]
fn equality(x: &Tensor<Secret>) -> Tensor<Secret> {
    if x != 3 { x.clone() } else { x * 2.0 }
}

fn main() {
    let _ = (literal, variable, equality);
}
