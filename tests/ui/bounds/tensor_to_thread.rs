use mpc::prelude::*;
use std::thread;

fn tensor(x: Tensor<Secret>) {
    thread::scope(|scope| {
        scope.spawn(|| x.sum()); //~ cannot be sent between threads safely //~ within the type `mpc::Tensor<mpc::Secret>`
    });
}

fn main() {
    let _ = tensor;
}
