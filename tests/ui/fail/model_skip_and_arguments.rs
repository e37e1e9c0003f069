use mpc::prelude::*;

#[secure_model(name = "net")]
struct Net {
    linear: nn::Linear,
    #[skip(always)]
    depth: usize,
    #[skip]
    #[skip]
    width: usize,
    #[skip = true]
    height: usize,
}

#[secure_model]
struct Pair(#[cfg(unix)] nn::Linear, nn::Linear);

fn module<M: nn::Module>() {}

fn main() {
    module::<Net>();
    module::<Pair>();
}
