//! Why a checkpoint is not used.

use crate::data::FileError;
use std::path::PathBuf;

/// Why a checkpoint cannot be written, or is refused.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A file of the key or of a checkpoint.
    #[error(transparent)]
    File(#[from] FileError),
    /// The key file holds too little to be guessed by nobody.
    #[error("{}: a key has at least {least} bytes, and this has {found}", file.display())]
    ShortKey {
        /// The key file.
        file: PathBuf,
        /// Its length.
        found: usize,
        /// What is asked for.
        least: usize,
    },
    /// The file is no checkpoint, or was cut off.
    #[error("{}: {problem}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        problem: &'static str,
    },
    /// The key is another one, or somebody changed the file: these cannot be told apart.
    #[error("{}: it was written under another key, or it was changed since", file.display())]
    Sealed {
        /// The file.
        file: PathBuf,
    },
    /// It belongs to something else.
    #[error("{}: its {what} is `{found}`, and here it is `{expected}`", file.display())]
    Other {
        /// The file.
        file: PathBuf,
        /// What differs.
        what: &'static str,
        /// In the file.
        found: String,
        /// Now.
        expected: String,
    },
    /// The parties have none that all of them have.
    #[error("the parties have no checkpoint in common: {}", .0.join("; "))]
    NoneInCommon(
        /// What each has.
        Vec<String>,
    ),
    /// The system gives no random bytes.
    #[error("no random bytes: {0}")]
    Random(String),
    /// The session stopped.
    #[error(transparent)]
    Session(#[from] mpc_core::Error),
}

impl From<CheckpointError> for mpc_core::Error {
    fn from(error: CheckpointError) -> Self {
        match error {
            CheckpointError::Session(error) => error,
            other => Self::program(other),
        }
    }
}
