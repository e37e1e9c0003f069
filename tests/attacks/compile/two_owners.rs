//! Attack: compute with the data of two owners in the clear.
use mpc::prelude::*;

parties! { compute Hospital, Lab; }

#[secure_model]
fn sum(x: Tensor<Private<Hospital>>, y: Tensor<Private<Lab>>) {
    let _ = x + y; //~ belong to different owners //~ call `.share()` on both
}

#[secure_model]
fn compare(x: Tensor<Private<Hospital>>, y: Tensor<Private<Lab>>) {
    let _ = x > y; //~ no party knows both: call `.share()` on them first
}

#[secure_model]
fn branch(x: Tensor<Private<Hospital>>, mut y: Tensor<Private<Lab>>) -> Tensor<Private<Lab>> {
    if x > 0.0 { //~ a variable that holds a `Tensor<mpc::Private<Lab>>` cannot be changed
        y += 1.0;
    }
    y
}

fn main() {
    let _ = (sum, compare, branch);
}
