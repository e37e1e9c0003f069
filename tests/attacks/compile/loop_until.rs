//! Attack: turn until the secret says stop, and count the turns.
use mpc::prelude::*;

#[secure_model]
fn turns(mut x: Tensor<Secret>) -> usize {
    let mut n = 0;
    while x > 1.0 { //~ a loop cannot run until a tensor says so
        x *= 0.5;
        n += 1;
    }
    n
}

#[secure_model]
fn leave(x: Tensor<Secret>) -> usize {
    let mut n = 0;
    loop {
        if x < f64::from(n) { //~ a branch of an `if` on a tensor leaves it early
            break;
        }
        n += 1;
    }
    n as usize
}

#[secure_model]
fn as_many(x: Tensor<Secret>) {
    for _ in 0..x {} //~ expected integer, found `Tensor<Secret>`
}

fn main() {
    let _ = (turns, leave, as_many);
}
