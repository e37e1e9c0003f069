use mpc::prelude::*;

#[secure_model]
fn checked(x: &Tensor<Secret>, rows: usize) -> Tensor<Secret> {
    if *x > 0.0 {
        assert_eq!(rows, 3);
    }
    x * 2.0
}

fn main() {
    let _ = checked;
}
