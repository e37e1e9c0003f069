//! Attack: reveal in one branch only, in a function where the macro cannot see it. It would be revealed in any case.

use super::{Hospital, for_both_secrets};
use mpc::prelude::*;

fn show(price: &Tensor<Secret>) -> Tensor<Public> {
    price.reveal()
}

#[secure_model]
fn branch(accepted: &Tensor<Secret>, price: &Tensor<Secret>) -> Tensor<Secret> {
    if *accepted > 0.0 { show(price) } else { show(price) * 0.0 }
}

#[secure_model]
fn logic(accepted: &Tensor<Secret>, price: &Tensor<Secret>) -> Tensor<Secret> {
    (*accepted > 0.0 && show(price) > 1.0).number()
}

#[test]
fn is_a_mistake_with_its_place() {
    for program in [branch, logic] {
        let seen = for_both_secrets(async |s, x| {
            let price = s.input::<Hospital>([1], || vec![3.25]).share();
            let error = program(&x, &price).reveal().await.unwrap_err().to_string();
            assert!(s.ledger().is_empty(), "nothing was opened");
            // What the `if` yields may be revealed.
            assert_eq!(price.reveal().item().await?, 3.25);
            Ok(error)
        });
        for error in seen.iter().flatten() {
            assert!(error.contains("reveal after the `if`") && error.contains("called_reveal.rs"), "{error}");
        }
    }
}
