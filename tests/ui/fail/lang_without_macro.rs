//! Without the macro the same code does not compile either: the types are the net.

use mpc::prelude::*;

fn choice(x: Tensor<Secret>) -> Tensor<Secret> {
    if x > 0.0 { x } else { x * 0.0 }
}

fn by_method(x: Tensor<Secret>) -> Tensor<Secret> {
    if x.gt(0.0) { x } else { x * 0.0 }
}

fn turns(mut x: Tensor<Secret>) -> Tensor<Secret> {
    while x.gt(1.0) {
        x *= 0.5;
    }
    x
}

fn arm(x: Tensor<Secret>) -> f64 {
    match x.gt(0.0) {
        true => 1.0,
        false => 0.0,
    }
}

fn both(x: Tensor<Secret>, y: Tensor<Secret>) -> Tensor<Secret> {
    if x.gt(0.0) && y.gt(0.0) { x } else { y }
}

fn look_up(table: &[f64], x: Tensor<Secret>) -> f64 {
    table[x]
}

fn checked(x: Tensor<Secret>) {
    assert!(x.gt(0.0));
}

fn main() {
    let _ = (choice, by_method, turns, arm, both, look_up, checked);
}
