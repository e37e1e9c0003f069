//! Attack: sleep in one branch, and look at the clock.
use mpc::prelude::*;

#[secure_model]
fn wait(x: Tensor<Secret>) {
    if x > 0.0 { //~ a branch of an `if` on a tensor has a side effect
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
}

fn main() {
    let _ = wait;
}
