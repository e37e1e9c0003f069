//! Attack: print the secret.
use mpc::prelude::*;

fn main() {
    let _ = |secret: Tensor<Secret>| {
        println!("{secret}"); //~ a tensor cannot be printed
    };
}
