use mpc::prelude::*;

#[secure_model]
fn fails(x: Tensor<Secret>, factor: Option<f64>) -> Option<Tensor<Secret>> {
    let y = if x > 0.0 { &x * factor? } else { x };
    Some(y)
}

fn main() {
    let _ = fails;
}
