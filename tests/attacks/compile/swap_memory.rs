//! Attack: change a public variable through `std::mem`.
use mpc::prelude::*;

#[secure_model]
fn replace(x: Tensor<Secret>) -> bool {
    let mut positive = false;
    let y = if x > 0.0 { //~ a variable of type `bool` cannot be changed in a branch
        let _ = std::mem::replace(&mut positive, true);
        x.clone()
    } else {
        x.clone()
    };
    drop(y);
    positive
}

#[secure_model]
fn transmute(x: Tensor<Secret>) -> Tensor<Public> {
    unsafe { std::mem::transmute(x) } //~ `unsafe` code can read what is secret
}

fn main() {
    let _ = (replace, transmute);
}
