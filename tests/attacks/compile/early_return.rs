//! Attack: return early, also by the error of a `?`.
use mpc::prelude::*;

#[secure_model]
fn early(x: Tensor<Secret>) -> Tensor<Secret> {
    if x < 0.0 { //~ a branch of an `if` on a tensor leaves it early
        return x;
    }
    x * 2.0
}

#[secure_model]
fn question(x: Tensor<Secret>) -> Result<Tensor<Secret>, String> {
    if x < 0.0 { //~ a branch of an `if` on a tensor leaves it early
        Err("negative".to_owned())?;
    }
    Ok(x)
}

#[secure_model]
fn then_some(x: Tensor<Secret>) -> Option<f64> {
    (x < 0.0).then_some(1.0) //~ no method named `then_some`
}

fn main() {
    let _ = (early, question, then_some);
}
