use mpc::prelude::*;

#[secure_model]
struct Relu;

#[secure_model]
struct Empty {}

#[secure_model]
struct Net {
    relu: Relu,
    empty: Empty,
}

fn main() {}
