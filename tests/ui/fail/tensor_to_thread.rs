use mpc::prelude::*;
use std::thread;

fn tensor(x: Tensor<Secret>) {
    thread::scope(|scope| {
        scope.spawn(|| x.sum());
    });
}

fn main() {
    let _ = tensor;
}
