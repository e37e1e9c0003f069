//! Attack: convert the secret into a number or a `bool`.
use mpc::prelude::*;

fn number(x: Tensor<Secret>) -> f64 {
    x.into() //~ `f64: 
}

fn cast(x: Tensor<Secret>) -> f64 {
    x as f64 //~ non-primitive cast
}

fn condition(x: Tensor<Secret>) -> bool {
    bool::from(x.gt(0.0)) //~ Tensor<mpc::Secret, mpc::mpc_core::Bit>
}

fn array(x: Tensor<Secret>) -> Vec<f64> {
    x.into_iter().collect() //~ is not an iterator
}

fn main() {
    let _ = (number, cast, condition, array);
}
