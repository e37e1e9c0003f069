//! Attack: look into a table at a secret place.
use mpc::prelude::*;

#[secure_model]
fn table(table: &[f64], x: Tensor<Secret>) -> f64 {
    table[x] //~ a tensor cannot be an index
}

#[secure_model]
fn get(table: &[f64], x: Tensor<Secret>) -> Option<f64> {
    table.get(x).copied() //~ Tensor<mpc::Secret>
}

#[secure_model]
fn rows(table: &Tensor<Secret>, x: Tensor<Secret>) -> Tensor<Secret> {
    table.rows(0..x) //~ expected `usize`, found `Tensor<Secret>`
}

fn main() {
    let _ = (table, get, rows);
}
