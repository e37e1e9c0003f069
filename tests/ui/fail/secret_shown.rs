use mpc::prelude::*;

fn show(secret: &Tensor<Secret>) -> String {
    println!("{}", secret);
    secret.to_string()
}

fn main() {
    let _ = show;
}
