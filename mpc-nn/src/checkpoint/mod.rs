//! Checkpoints: training goes on after a crash, from the shares that every party kept.
//!
//! Each party has a folder and a key of its own. A checkpoint is one file in it: a manifest that everybody may read, and the
//! party's shares of the model and of the optimiser's state, encrypted under its key (XChaCha20-Poly1305; the key is derived
//! from a file by Argon2id). The manifest is authenticated with them. Nothing is sent when a checkpoint is written.
//!
//! When a session resumes, the parties tell each other which checkpoints they have and take the newest that all of them
//! have: the last two are kept, so a crash in the middle of writing costs nothing but the steps since the one before. Shares
//! of different runs, steps or attempts never meet: each attempt has a number that the parties draw together, and it is
//! part of what must agree. The first file of a run, of step 0, has no shares: it says that the run began, so that parties
//! agree to begin anew if one was killed before its first checkpoint. The restored values have fresh shares and fresh masks (see
//! [`Session::import_share`](mpc_core::Session::import_share)).
//!
//! What it does not do: a party that puts old files back on its disk can only make the others go back with it, or not go on;
//! whoever gets the files and the keys of all parties has the model.

mod error;
mod file;
mod key;
mod manifest;
mod store;

pub use error::CheckpointError;
pub use key::Key;
pub use manifest::{Manifest, Position, Saved};
pub use store::{Checkpoints, Restored};
