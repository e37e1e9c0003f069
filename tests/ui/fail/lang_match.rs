use mpc::prelude::*;

#[secure_model]
fn on_bits(x: Tensor<Secret>) -> Tensor<Secret> {
    match x > 0.0 {
        true => x,
        false => x * 2.0,
    }
}

#[secure_model]
fn on_numbers(x: Tensor<Secret>) -> f64 {
    match x {
        1.0 | 2.0 => 1.0,
        _ => 0.0,
    }
}

#[secure_model]
fn guarded(x: Tensor<Secret>, n: usize) -> Tensor<Secret> {
    match n {
        1 if x > 0.0 => x,
        _ => x * 2.0,
    }
}

fn main() {
    let _ = (on_bits, on_numbers, guarded);
}
