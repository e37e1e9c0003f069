use mpc::prelude::*;

#[derive(Clone)]
struct Best {
    price: Tensor<Secret>,
}

#[secure_model]
fn better(a: Best, b: Best) -> Best {
    if a.price > b.price { a } else { b }
}

fn main() {
    let _ = better;
}
