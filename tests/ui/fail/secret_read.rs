use mpc::prelude::*;

fn guesses(secret: &Tensor<Secret>) {
    let _ = secret.to_vec();
    let _ = secret.values();
    let _ = secret.data();
    let _ = secret.to_array();
    let _ = secret.iter();
    let _ = secret.as_slice();
    let _ = secret[0];
    let _ = secret.handle;
    let _: Vec<f64> = secret.clone().into();
    let _: f64 = secret.sum().into();
}

fn main() {
    let _ = guesses;
}
