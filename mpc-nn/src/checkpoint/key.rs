//! A party's own key, derived from a file that it keeps.

use super::CheckpointError;
use crate::data::FileError;
use argon2::Argon2;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// What the shares of one party are encrypted with. Erased from memory when dropped; never printed.
#[derive(Clone)]
pub struct Key {
    file: PathBuf,
    phrase: Zeroizing<Vec<u8>>,
}

/// A phrase has at least so many bytes.
const LEAST: usize = 12;

impl Key {
    /// The key of a file: a pass phrase, or random bytes. White space around them does not count.
    ///
    /// # Errors
    /// [`CheckpointError`], if the file cannot be read or has less than 12 bytes.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, CheckpointError> {
        let path = path.as_ref();
        let content = Zeroizing::new(fs::read(path).map_err(|error| FileError::of(path, error))?);
        let phrase = Zeroizing::new(content.trim_ascii().to_vec());
        match phrase.len() < LEAST {
            true => Err(CheckpointError::ShortKey { file: path.into(), found: phrase.len(), least: LEAST }),
            false => Ok(Self { file: path.into(), phrase }),
        }
    }

    /// The 256 bits for a salt. Slow on purpose: a phrase must not be guessed from a file.
    pub(super) fn derive(&self, salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, CheckpointError> {
        let mut bits = Zeroizing::new([0; 32]);
        let derived = Argon2::default().hash_password_into(&self.phrase, salt, &mut *bits);
        derived.map_err(|_| CheckpointError::Damaged { file: self.file.clone(), problem: "no key follows from it" })?;
        Ok(bits)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key of {}", self.file.display())
    }
}
