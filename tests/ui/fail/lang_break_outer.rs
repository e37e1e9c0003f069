//! A loop within the branch may end; the one around it may not.

use mpc::prelude::*;

#[secure_model]
fn search(x: Tensor<Secret>) -> Tensor<Secret> {
    let mut y = x.clone();
    'outer: for step in 0..10 {
        if x > f64::from(step) {
            loop {
                y += 1.0;
                break 'outer;
            }
        }
    }
    y
}

fn main() {
    let _ = search;
}
