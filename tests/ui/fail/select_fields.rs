use mpc::prelude::*;

#[derive(Clone, Select)]
struct Best {
    price: Tensor<Secret>,
    count: usize,
    name: String,
}

fn main() {
    let _ = |best: Best| (best.price, best.count, best.name);
}
