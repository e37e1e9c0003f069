//! What is public about a checkpoint.

use mpc_core::{Session, Shape};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The version of the format.
pub(super) const VERSION: u32 = 1;

/// The public part of a checkpoint: readable text in front of the shares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the format.
    pub version: u32,
    /// The party whose shares these are.
    pub party: String,
    /// The rest, which is the same at all parties.
    pub common: Common,
}

/// What all parties have alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Common {
    /// The number of the run, from its first session on.
    pub run: String,
    /// The number of the session that wrote it.
    pub session: String,
    /// All parties, in order.
    pub parties: Vec<String>,
    /// The protocol, ring and precision.
    pub numbers: String,
    /// The settings of the training, as text.
    pub training: String,
    /// How far it was.
    pub position: Position,
    /// Names and shapes of the shares, in the order of the file.
    pub tensors: Vec<Saved>,
}

/// How far a training has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Batches done.
    pub step: u64,
    /// The epoch, from 0.
    pub epoch: u64,
    /// Batches of the epoch that are done.
    pub batch: u64,
    /// Steps of the optimiser, and gradients that wait.
    pub optimiser: (u64, u32),
    /// Whether each part of the model that has a mode is being trained, by name.
    pub modes: Vec<(String, bool)>,
    /// Revealed numbers that steer the training, by name.
    pub revealed: Vec<(String, f64)>,
}

/// A tensor of which there is a share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
}

impl Saved {
    pub(super) fn new(name: &str, shape: &Shape) -> Self {
        Self { name: name.to_owned(), shape: shape.dims().to_vec() }
    }
}

impl Common {
    /// 64 bits that differ if anything does.
    pub(super) fn digest(&self) -> u64 {
        let text = serde_json::to_vec(self).unwrap_or_default();
        let hash = Sha256::digest(text);
        hash.iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
    }
}

/// The protocol, ring and precision of a session, as text.
pub(super) fn numbers(s: &Session) -> String {
    let engine = s.runtime().engine();
    format!("{} fractional bits in {} bytes", engine.fixed().bits(), engine.share_bytes())
}
