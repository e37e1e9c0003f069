//! What a program will ask the dealer for, noted in a rehearsal.

use super::{Need, encode_needs};
use crate::error::{Error, Result};
use mpc_comm::Words;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

/// Needs of one request while a package is made.
const GROUP: usize = 1024;

/// What a program will ask the dealer for, in its order. It follows from the program, its flags and its shapes, and from no
/// data. Some 50 bytes a request.
#[derive(Debug, Default)]
pub struct Plan {
    requests: Vec<Words>,
    group: Vec<Need>,
    digests: Vec<u64>,
}

impl Plan {
    /// Adds what a batch needs.
    pub(crate) fn note(&mut self, needs: &[Need]) -> Result<()> {
        for need in needs {
            self.digests.push(digest(need)?);
            self.group.push(need.clone());
            if self.group.len() == GROUP {
                self.close()?;
            }
        }
        Ok(())
    }

    /// What the parties must have alike.
    pub(crate) fn digest(&self) -> u64 {
        let mut digest = Xxh3Default::new();
        self.digests.iter().for_each(|need| digest.update(&need.to_le_bytes()));
        digest.digest()
    }

    /// How many needs there are.
    pub fn len(&self) -> usize {
        self.digests.len()
    }

    /// Whether the program needs nothing of a dealer.
    pub fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }

    /// The bodies of requests, and the digest of each need.
    pub(crate) fn into_parts(mut self) -> Result<(Vec<Words>, Vec<u64>)> {
        self.close()?;
        Ok((self.requests, self.digests))
    }

    fn close(&mut self) -> Result<()> {
        if !self.group.is_empty() {
            self.requests.push(encode_needs(&self.group)?);
            self.group.clear();
        }
        Ok(())
    }
}

/// 64 bits that differ if anything in the need does.
pub(super) fn digest(need: &Need) -> Result<u64> {
    let bytes = postcard::to_allocvec(need).map_err(|error| Error::Preprocessing(error.to_string()))?;
    Ok(xxh3_64(&bytes))
}
