use mpc::prelude::*;

fn convert(secret: Tensor<Secret>) -> bool {
    secret.into()
}

fn decide(secret: Tensor<Secret>) {
    while secret.step() {}
}

fn main() {
    let _ = (convert, decide);
}
