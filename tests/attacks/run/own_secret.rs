//! Attack: a party branches on what only it knows, and the others watch what it does. They stop at the next round.

use super::{Hospital, Lab};
use mpc::prelude::*;
use mpc::{Error, sim::Sim};

#[test]
fn is_a_divergence() {
    let seen = Sim::new(2).run(async |s: Session| {
        let own = s.input::<Hospital>([1], || vec![7.5]);
        let x = s.input::<Lab>([1], || vec![1.0]).share();
        let y = match own.clone().await? {
            Some(own) if own[0] > 0.0 => &x * &x,
            _ => x.clone(),
        };
        y.reveal().await
    });
    let diverged = |error: &Error| matches!(error, Error::Diverged { .. } | Error::Aborted { .. });
    assert!(seen.iter().all(|party| party.as_ref().is_err_and(diverged)), "{seen:?}");
}
