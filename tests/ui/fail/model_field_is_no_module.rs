use mpc::prelude::*;

#[secure_model]
struct Net {
    linear: nn::Linear,
    depth: usize,
    layers: std::collections::HashMap<String, nn::Linear>,
}

fn module<M: nn::Module>() {}

fn main() {
    module::<Net>();
}
