//! A function that may change something gets it by `&mut`.

use mpc::prelude::*;

fn note(log: &mut Vec<f64>) {
    log.push(1.0);
}

#[secure_model]
fn logged(x: &Tensor<Secret>, log: &mut Vec<f64>) -> Tensor<Secret> {
    if *x > 0.0 {
        note(log);
    }
    x * 2.0
}

fn main() {
    let _ = logged;
}
