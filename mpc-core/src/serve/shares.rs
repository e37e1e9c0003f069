//! How a guest's input is split, and how a server gets its share.
//!
//! All servers but the last get 32 random bytes, from which their share follows (ChaCha20, as 64-bit words); the last one
//! gets the words that are missing to the input. So an input of n elements costs 8 n + 32 (N - 1) bytes, and any N - 1
//! servers see uniform words.

use crate::error::{Error, Result};
use mpc_comm::gateway::Part;
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use std::{io, sync::Arc};
use zeroize::{Zeroize, Zeroizing};

/// A server's share.
pub(super) fn expand(part: &Part, len: usize) -> Vec<u64> {
    let seed = match part {
        Part::Words(words) => return words.to_vec(),
        Part::Seed(seed) => seed,
    };
    let mut key = **seed;
    let mut rng = ChaCha20Rng::from_seed(key);
    key.zeroize();
    let mut share = vec![0; len];
    rng.fill_bytes(bytemuck::cast_slice_mut(&mut share));
    share
}

/// A part for each of `servers` servers.
///
/// # Errors
/// [`Error::Io`] if the system gives no randomness.
pub(super) fn split(values: Vec<u64>, servers: usize) -> Result<Vec<Part>> {
    let (len, mut rest, mut parts) = (values.len(), values, Vec::with_capacity(servers));
    for _ in 1..servers {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|error| Error::Io {
            what: "asking the system for random bytes".into(),
            source: Arc::new(io::Error::other(error)),
        })?;
        let part = Part::Seed(seed);
        rest.iter_mut().zip(expand(&part, len)).for_each(|(x, random)| *x = x.wrapping_sub(random));
        parts.push(part);
    }
    parts.push(Part::Words(rest.into()));
    Ok(parts)
}

/// The sum of the servers' shares.
pub(super) fn join<'a>(shares: impl IntoIterator<Item = &'a [u64]>, len: usize) -> Vec<u64> {
    let mut sum = vec![0u64; len];
    for share in shares {
        sum.iter_mut().zip(share).for_each(|(x, share)| *x = x.wrapping_add(*share));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_and_each_is_random() {
        let values: Vec<u64> = (0..100).collect();
        for servers in [2, 3, 5] {
            let parts = split(values.clone(), servers).unwrap();
            assert!(parts[..servers - 1].iter().all(|part| matches!(part, Part::Seed(_))), "32 bytes each");
            let shares: Vec<Vec<u64>> = parts.iter().map(|part| expand(part, 100)).collect();
            assert_eq!(join(shares.iter().map(|share| &share[..]), 100), values);
            for share in &shares {
                let ones: u32 = share.iter().map(|word| word.count_ones()).sum();
                assert!((2900..3500).contains(&ones), "{ones} ones of 6400 bits");
            }
            assert_ne!(
                shares,
                split(values.clone(), servers).unwrap().iter().map(|p| expand(p, 100)).collect::<Vec<_>>()
            );
        }
    }
}
