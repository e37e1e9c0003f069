//! Attack: give the secret another type by way of the untyped handle.

use super::for_both_secrets;
use mpc::prelude::*;

#[test]
fn is_not_believed() {
    for_both_secrets(async |_, x| {
        assert!(Tensor::<Public>::from(x.handle().clone()).await.is_err());
        assert_eq!(Tensor::<Private<super::Lab>>::from(x.handle().clone()).await?, None);
        Ok(())
    });
}
