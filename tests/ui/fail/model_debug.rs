use mpc::prelude::*;

#[secure_model]
#[derive(Clone, Debug)]
struct Net {
    #[skip]
    depth: usize,
}

fn main() {
    println!("{:?}", Net { depth: 1 }.clone());
}
