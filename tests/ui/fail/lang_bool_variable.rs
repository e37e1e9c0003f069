use mpc::prelude::*;

#[secure_model]
fn found(x: Tensor<Secret>) -> bool {
    let mut found = false;
    if x > 0.0 {
        found = true;
    }
    found
}

fn main() {
    let _ = found;
}
