//! The seed of what one party contributes to random values: nobody else knows it, the dealer included.

use super::{Prg, Seed};
use crate::error::{Error, Result};
use sha2::{Digest, Sha256};
use std::{io, sync::Arc};
use zeroize::Zeroizing;

/// A fresh seed: the system's random bytes, and the secrets of this party's links in case the system has few.
///
/// # Errors
/// [`Error::Io`] if the system gives none.
pub(crate) fn fresh_seed(prg: Prg, link_secrets: &[[u8; 32]]) -> Result<Seed> {
    let mut bytes = Zeroizing::new([0u8; 32]);
    getrandom::fill(&mut *bytes).map_err(|error| Error::Io {
        what: "asking the system for random bytes".into(),
        source: Arc::new(io::Error::other(error)),
    })?;
    let mut hash = Sha256::new();
    hash.update(b"mpc-core own seed 1");
    hash.update(*bytes);
    link_secrets.iter().for_each(|secret| hash.update(secret));
    Ok(Seed::new(prg, &hash.finalize().into()))
}

/// The seed of a party in a simulation that repeats.
pub(crate) fn fixed_seed(prg: Prg, number: u64, party: usize) -> Seed {
    let mut hash = Sha256::new();
    hash.update(b"mpc-core own seed for tests");
    hash.update(number.to_le_bytes());
    hash.update((party as u64).to_le_bytes());
    Seed::new(prg, &hash.finalize().into())
}
