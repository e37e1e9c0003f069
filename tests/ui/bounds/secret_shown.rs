use mpc::prelude::*;

fn show(secret: &Tensor<Secret>) -> String {
    println!("{}", secret); //~ `mpc::Tensor<mpc::Secret>` doesn't implement `std::fmt::Display`
    secret.to_string() //~ Tensor<mpc::Secret>: std::fmt::Display
}

fn main() {
    let _ = show;
}
