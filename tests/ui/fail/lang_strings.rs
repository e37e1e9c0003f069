use mpc::prelude::*;

#[secure_model]
fn verdict(x: Tensor<Secret>) -> &'static str {
    if x > 0.5 { "granted" } else { "denied" }
}

fn main() {
    let _ = verdict;
}
