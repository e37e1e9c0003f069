use mpc::prelude::*;

parties! { compute Hospital, Lab; }

#[secure_model]
fn number(x: Tensor<Secret>) -> Tensor<Secret> {
    if x { x } else { 0.0 }
}

#[secure_model]
fn logic(x: Tensor<Secret>, y: Tensor<Secret>) -> Tensor<Secret> {
    if x && y > 0.0 { y } else { 0.0 }
}

#[secure_model]
fn two_owners(x: Tensor<Private<Hospital>>, y: Tensor<Private<Lab>>) {
    let _ = x > y;
}

#[secure_model]
fn ordered_bits(x: Tensor<Secret>, y: Tensor<Secret>) {
    let _ = (x > 0.0) < (y > 0.0);
}

fn main() {
    let _ = (number, logic, two_owners, ordered_bits);
}
