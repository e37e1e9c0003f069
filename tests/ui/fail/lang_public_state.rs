use mpc::prelude::*;

#[secure_model]
fn count(x: Tensor<Secret>) -> usize {
    let mut n = 0;
    if x > 0.0 {
        n += 1;
    }
    n
}

#[secure_model]
fn mark(x: Tensor<Secret>, mut open: Tensor<Public>) -> Tensor<Public> {
    if x > 0.0 {
        open *= 2.0;
    }
    open
}

#[secure_model]
fn pick(x: Tensor<Secret>) -> usize {
    if x > 0.0 { 1 } else { 2 }
}

#[secure_model]
fn name(x: Tensor<Secret>) -> &'static str {
    if x > 0.0 { "positive" } else { "negative" }
}

fn main() {
    let _ = (count, mark, pick, name);
}
