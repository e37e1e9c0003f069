use mpc::prelude::*;

// Nobody makes a visibility of their own.
struct Everybody;

impl mpc::Visibility for Everybody {
    const VIS: mpc::core::engine::Vis = mpc::core::engine::Vis::Public;
}

fn main() {
    let _: Option<Tensor<Everybody>> = None;
}
