//! Attack: count in a public variable how often the branch is taken.
use mpc::prelude::*;

#[secure_model]
fn count(rows: &[Tensor<Secret>]) -> usize {
    let mut n = 0;
    for row in rows {
        if *row > 0.0 { //~ a variable of type `{integer}` cannot be changed in a branch
            n += 1;
        }
    }
    n
}

fn main() {
    let _ = count;
}
