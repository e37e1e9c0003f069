//! Attack: make one branch slow, and count rounds and bytes. Both are computed.

use super::for_both_secrets;
use mpc::prelude::*;

#[secure_model]
fn slow(x: &Tensor<Secret>) -> Tensor<Secret> {
    if *x > 0.0 { x.exp().log().sigmoid() } else { x.clone() }
}

#[test]
fn tells_nothing() {
    let [positive, negative] = for_both_secrets(async |s, x| {
        slow(&x).reveal().await?;
        let total = s.traffic().total;
        Ok((total.rounds, total.sent, total.received, total.dealt))
    });
    assert_eq!(positive, negative);
    assert!(positive[0].0 > 10, "the slow branch was computed: {positive:?}");
}
