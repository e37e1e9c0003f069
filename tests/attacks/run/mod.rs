//! Attacks that compile.

mod called_reveal;
mod cell;
mod cost;
mod debug;
mod false_type;
mod list_length;
mod own_secret;
mod wrong_party;

use mpc::prelude::*;
use mpc::sim::Sim;

parties! { compute Hospital, Lab; }

/// What the program gives to both parties, for a secret that is positive and for one that is not.
fn for_both_secrets<T: Send>(program: impl AsyncFn(Session, Tensor<Secret>) -> mpc::Result<T> + Sync) -> [Vec<T>; 2] {
    [7.5, -7.5].map(|secret| {
        let seen = Sim::new(2).seed(1).run(async |s: Session| {
            let x = s.input::<Hospital>([1], || vec![secret]).share();
            program(s, x).await
        });
        seen.into_iter().map(|party| party.unwrap()).collect()
    })
}
