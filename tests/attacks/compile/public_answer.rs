//! Attack: let the `if` yield something that is not secret.
use mpc::prelude::*;

#[secure_model]
fn text(x: Tensor<Secret>) -> &'static str {
    if x > 0.0 { "rich" } else { "poor" } //~ an `if` on bits cannot choose between `&str`
}

#[secure_model]
fn count(x: Tensor<Secret>) -> usize {
    if x > 0.0 { 1 } else { 2 } //~ an `if` on bits cannot choose between `{integer}`
}

#[secure_model]
fn option(x: Tensor<Secret>) -> Option<Tensor<Secret>> {
    if x > 0.0 { Some(x) } else { None } //~ an `if` on bits cannot choose between `Option<mpc::Tensor<mpc::Secret>>`
}

#[secure_model]
fn function(x: Tensor<Secret>) -> fn(f64) -> f64 {
    let pick: fn(f64) -> f64 = f64::sin;
    if x > 0.0 { pick } else { f64::cos } //~ an `if` on bits cannot choose between
}

fn main() {
    let _ = (text, count, option, function);
}
