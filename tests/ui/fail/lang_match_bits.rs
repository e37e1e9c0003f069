use mpc::prelude::*;

#[secure_model]
fn arms(x: Tensor<Secret>, y: Tensor<Secret>) -> Tensor<Secret> {
    match x > y {
        true => x,
        false => y,
    }
}

fn main() {
    let _ = arms;
}
