//! Secrets leave by `reveal` and `reveal_to` only: what goes around the types finds nothing to read.

use mpc::prelude::*;

parties! { compute Hospital, Lab; }

/// An author of layers may give a handle any type. That is a promise, and a false one is not believed.
#[mpc::test]
async fn a_secret_with_a_false_type_is_not_read(s: Session) -> mpc::Result<()> {
    let x = s.input::<Hospital>([2], || vec![1.5, 2.5]).share();
    let false_public = Tensor::<Public>::from((&x * 2.0).handle().clone());
    assert!(false_public.await.is_err());
    let false_private = Tensor::<Private<Lab>>::from((&x * 2.0).handle().clone());
    assert_eq!(false_private.await?, None);
    assert_eq!(x.handle().read().await?, None);
    Ok(())
}

/// The same for a value of another party: it is not even here.
#[mpc::test]
async fn a_value_of_another_party_is_not_read(s: Session) -> mpc::Result<()> {
    let own = s.input::<Hospital>([1], || vec![1.5]);
    let seen = Tensor::<Private<Lab>>::from(own.handle().clone()).await?;
    assert_eq!(seen.is_some(), s.is::<Hospital>());
    let revealed = own.share().reveal_to::<Lab>().await?;
    assert_eq!(revealed.is_some(), s.is::<Lab>());
    Ok(())
}

/// What was opened is in the ledger, in the order of the program, to whom and where; nothing else is.
#[mpc::test]
async fn the_ledger_has_all_that_is_opened(s: Session) -> mpc::Result<()> {
    let x = s.input::<Hospital>([2], || vec![1.5, 2.5]).share();
    let product = &x * &x;
    let unread = product.reveal();
    drop(unread);
    let (all, one) = (product.sum().reveal(), x.reveal_to::<Lab>());
    all.await?;
    one.await?;
    let ledger: Vec<String> = s.ledger().iter().map(ToString::to_string).collect();
    assert_eq!(ledger.len(), 2, "what nobody can read is not opened: {ledger:?}");
    assert!(ledger[0].starts_with("reveal [] to everybody, at tests/doors.rs:"), "{ledger:?}");
    assert!(ledger[1].starts_with("reveal [2] to party1, at tests/doors.rs:"), "{ledger:?}");
    Ok(())
}

/// Two sessions in one process do not see each other.
#[mpc::test]
async fn tensors_of_two_sessions_do_not_mix(s: Session) -> mpc::Result<()> {
    let x = s.public([1], &[2.0]);
    let mixed = mpc::sim::Sim::new(2).explain(async |other: Session| (x.clone() + other.public([1], &[1.0])).await);
    let error = mixed.unwrap_err().to_string();
    assert!(error.contains("different sessions") && error.contains("tests/doors.rs"), "{error}");
    assert_eq!(x.item().await?, 2.0, "this session is none the worse");
    Ok(())
}
