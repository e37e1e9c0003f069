use mpc::prelude::*;

#[secure_model]
struct Net {
    linear: nn::Linear,
    depth: usize, //~ has no parameters that a model could train, share or save //~ mark a plain public field with `#[skip]`
    layers: std::collections::HashMap<String, nn::Linear>, //~ has no parameters that a model could train, share or save //~ mark a plain public field with `#[skip]`
}

fn module<M: nn::Module>() {}

fn main() {
    module::<Net>();
}
