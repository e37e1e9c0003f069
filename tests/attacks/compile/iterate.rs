//! Attack: ask an iterator about secrets: `any`, `filter`, `position`.
use mpc::prelude::*;

#[secure_model]
fn any(list: &[Tensor<Secret>]) -> bool {
    list.iter().any(|x| *x > 0.0) //~ expected `bool`, found `Tensor<Secret, Bit>`
}

#[secure_model]
fn filter(list: &[Tensor<Secret>]) -> usize {
    list.iter().filter(|x| **x > 0.0).count() //~ expected `bool`, found `Tensor<Secret, Bit>`
}

#[secure_model]
fn sort(list: &mut [Tensor<Secret>]) {
    list.sort_by(|x, y| x.partial_cmp(y).unwrap()); //~ its trait bounds were not satisfied
}

fn main() {
    let _ = (any, filter, sort);
}
