//! Attack: mark the branch in a `Cell`, within an expression. Both branches run, so the mark is there in any case.

use super::for_both_secrets;
use mpc::prelude::*;
use std::cell::Cell;

#[secure_model]
fn mark(x: &Tensor<Secret>, mark: &Cell<u32>) -> Tensor<Secret> {
    if *x > 0.0 { x * f64::from(mark.replace(1)) } else { x * 2.0 }
}

#[test]
fn tells_nothing() {
    let [positive, negative] = for_both_secrets(async |_, x| {
        let cell = Cell::new(0);
        drop(mark(&x, &cell));
        Ok(cell.get())
    });
    assert_eq!((&positive, &positive), (&vec![1, 1], &negative));
}
