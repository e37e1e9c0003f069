//! Attack: print the secret, what holds it, or what went wrong with it by `{:?}`. It says shapes and names.

use super::for_both_secrets;
use mpc::prelude::*;

#[secure_model]
struct Model {
    linear: Linear,
}

#[test]
fn shows_no_value() {
    let [positive, negative] = for_both_secrets(async |s, x| {
        let model = Model { linear: Linear::new(x.reshape([1, 1]), None) };
        let mistake = x.matmul(&x.expand([2, 3]));
        let error = mistake.reveal().await.unwrap_err();
        let bits = x.gt(0.0);
        x.reveal_to::<super::Lab>().await?;
        Ok(format!("{x:?} {:?} {bits:?} {model:?} {mistake:?} {error:?} {error} {:?}", Some([&x]), s.ledger()))
    });
    assert_eq!(positive, negative);
    assert!(positive[0].starts_with("Tensor[1] ") && !positive[0].contains("7.5"), "{}", positive[0]);
}
