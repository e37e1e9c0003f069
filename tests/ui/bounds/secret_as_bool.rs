use mpc::prelude::*;

fn convert(secret: Tensor<Secret>) -> bool {
    secret.into() //~ `bool:  //~ Tensor<mpc::Secret>
}

fn decide(secret: Tensor<Secret>) {
    while secret.step() {} //~ expected `bool`, found `Tensor<Secret>`
}

fn main() {
    let _ = (convert, decide);
}
