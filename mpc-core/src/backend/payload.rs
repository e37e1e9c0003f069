//! What crosses from a backend to the wire.

use mpc_comm::Words;

/// Words on their way to or from other parties, or only how many there would be.
#[derive(Clone, Debug)]
pub enum Payload {
    /// Data.
    Words(Words),
    /// So many words of no data: cost reports.
    Meta(usize),
}

impl Payload {
    /// Length in 64-bit words.
    pub fn words(&self) -> usize {
        match self {
            Self::Words(words) => words.len(),
            Self::Meta(words) => *words,
        }
    }

    /// Length in bytes.
    pub fn bytes(&self) -> u64 {
        8 * self.words() as u64
    }
}
