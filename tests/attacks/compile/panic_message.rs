//! Attack: let the secret leave in the message of a panic.
use mpc::prelude::*;

fn main() {
    let _ = |secret: Tensor<Secret>| {
        panic!("it was {secret}"); //~ a tensor cannot be printed
    };
}
