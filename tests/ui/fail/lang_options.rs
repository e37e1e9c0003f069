use mpc::prelude::*;

#[secure_model]
fn positive(x: Tensor<Secret>) -> Option<Tensor<Secret>> {
    if x > 0.0 { Some(x) } else { None }
}

fn main() {
    let _ = positive;
}
