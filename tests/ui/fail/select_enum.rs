use mpc::prelude::*;

#[derive(Clone, Select)]
enum Kind {
    One(Tensor<Secret>),
    Two,
}

#[derive(Clone, Select)]
struct Nothing;

fn main() {
    let _ = (Kind::One, Kind::Two, Nothing);
}
