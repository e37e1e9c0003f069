use mpc::prelude::*;

fn guesses(secret: &Tensor<Secret>) {
    let _ = secret.to_vec(); //~ no method named `to_vec`
    let _ = secret.values(); //~ no method named `values`
    let _ = secret.data(); //~ no method named `data`
    let _ = secret.to_array(); //~ no method named `to_array`
    let _ = secret.iter(); //~ no method named `iter`
    let _ = secret.as_slice(); //~ no method named `as_slice`
    let _ = secret[0]; //~ cannot index
    let _ = secret.handle; //~ is private
    let _: Vec<f64> = secret.clone().into(); //~ `Vec<f64>: 
    let _: f64 = secret.sum().into(); //~ `f64: 
}

fn main() {
    let _ = guesses;
}
