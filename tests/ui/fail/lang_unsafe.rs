use mpc::prelude::*;

#[secure_model]
fn peek(x: &Tensor<Secret>) -> Tensor<Secret> {
    unsafe { std::ptr::read(x) }
}

fn main() {
    let _ = peek;
}
