use mpc::prelude::*;

fn relu(x: Tensor<Secret>) -> Tensor<Secret> {
    if x > 0.0 { x } else { x * 0.0 } //~ `>` cannot be applied to type `mpc::Tensor<mpc::Secret>`
}

fn larger(x: Tensor<Secret>, y: Tensor<Secret>) -> Tensor<Secret> {
    if x > y { x } else { y } //~ `>` cannot be applied
}

fn count(x: &Tensor<Secret>, y: &Tensor<Secret>) -> usize {
    usize::from(x == y) //~ `==` cannot be applied
}

fn main() {
    let _ = (relu, larger, count);
}
