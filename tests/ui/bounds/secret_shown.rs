use mpc::prelude::*;

fn show(secret: &Tensor<Secret>) -> String {
    println!("{}", secret); //~ a tensor cannot be printed
    secret.to_string() //~ Tensor<mpc::Secret>: std::fmt::Display
}

fn main() {
    let _ = show;
}
