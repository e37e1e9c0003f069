//! Attack: push in one branch only, and look at the length of the list.

use super::for_both_secrets;
use mpc::prelude::*;

#[secure_model]
fn keep(x: &Tensor<Secret>) -> Vec<Tensor<Secret>> {
    let mut list = vec![x.clone()];
    if *x > 0.0 {
        list.push(x * 2.0);
    }
    list
}

#[test]
fn is_a_mistake_in_every_element() {
    let [positive, negative] = for_both_secrets(async |_, x| {
        let list = keep(&x);
        let mut errors = vec![list.len().to_string()];
        for element in list {
            errors.push(element.reveal().await.unwrap_err().to_string());
        }
        Ok(errors)
    });
    assert_eq!(positive, negative);
    assert!(positive[0][1].contains("lists of 2 and 1 values") && positive[0][2] == positive[0][1], "{positive:?}");
}
