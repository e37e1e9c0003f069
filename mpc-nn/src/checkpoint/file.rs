//! The file of a checkpoint: a line that names the format, the length of the manifest, the manifest, a salt, a nonce, and the
//! shares, encrypted and authenticated together with all that stands before them.

use super::{CheckpointError, Key, Manifest};
use crate::data::{FileError, write_whole};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use std::{fs, path::Path};
use zeroize::Zeroizing;

const MAGIC: &[u8] = b"mpc checkpoint\n";
const SALT: usize = 16;
const NONCE: usize = 24;

/// The bits that a key gives for a salt, kept so that not every checkpoint derives them again.
pub(super) struct Sealer {
    salt: [u8; SALT],
    bits: Zeroizing<[u8; 32]>,
}

impl Sealer {
    /// With a fresh salt.
    pub(super) fn new(key: &Key) -> Result<Self, CheckpointError> {
        Self::with_salt(key, random()?)
    }

    fn with_salt(key: &Key, salt: [u8; SALT]) -> Result<Self, CheckpointError> {
        Ok(Self { salt, bits: key.derive(&salt)? })
    }

    pub(super) fn write(&self, path: &Path, manifest: &Manifest, shares: &[u8]) -> Result<(), CheckpointError> {
        let damaged = |problem| CheckpointError::Damaged { file: path.into(), problem };
        let text = serde_json::to_vec(manifest).map_err(|_| damaged("the manifest cannot be written"))?;
        let nonce: [u8; NONCE] = random()?;
        let length = u32::try_from(text.len()).map_err(|_| damaged("the manifest is too long"))?;
        let mut bytes = [MAGIC, &length.to_le_bytes(), &text, &self.salt, &nonce].concat();
        let cipher = XChaCha20Poly1305::new((&*self.bits).into());
        let sealed = cipher.encrypt((&nonce).into(), Payload { msg: shares, aad: &bytes });
        bytes.extend(sealed.map_err(|_| damaged("the shares are too long to encrypt"))?);
        Ok(write_whole(path, &bytes)?)
    }
}

/// A file that is read and not yet decrypted.
pub(super) struct Sealed {
    pub(super) manifest: Manifest,
    bytes: Vec<u8>,
    header: usize,
}

impl Sealed {
    pub(super) fn read(path: &Path) -> Result<Self, CheckpointError> {
        let damaged = |problem| CheckpointError::Damaged { file: path.into(), problem };
        let bytes = fs::read(path).map_err(|error| FileError::of(path, error))?;
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| damaged("this is no checkpoint"))?;
        let cut = || damaged("it ends too early");
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (text, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
        if rest.len() < SALT + NONCE {
            return Err(cut());
        }
        let manifest = serde_json::from_slice(text).map_err(|_| damaged("its manifest cannot be read"))?;
        Ok(Self { manifest, header: MAGIC.len() + 4 + length + SALT + NONCE, bytes })
    }

    /// The shares, if the key fits and nothing was changed. `sealer` is the last one that was derived, and may be used again.
    pub(super) fn open(
        &self,
        path: &Path,
        key: &Key,
        sealer: &mut Option<Sealer>,
    ) -> Result<Zeroizing<Vec<u8>>, CheckpointError> {
        let closed = || CheckpointError::Sealed { file: path.into() };
        let (header, sealed) = self.bytes.split_at(self.header);
        let (rest, nonce) = header.split_last_chunk::<NONCE>().ok_or_else(closed)?;
        let (_, salt) = rest.split_last_chunk::<SALT>().ok_or_else(closed)?;
        let known = sealer.take().filter(|sealer| sealer.salt == *salt);
        let fitting = known.map_or_else(|| Sealer::with_salt(key, *salt), Ok)?;
        let cipher = XChaCha20Poly1305::new((&*fitting.bits).into());
        let opened = cipher.decrypt(nonce.into(), Payload { msg: sealed, aad: header });
        *sealer = Some(fitting);
        opened.map(Zeroizing::new).map_err(|_| closed())
    }
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], CheckpointError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| CheckpointError::Random(error.to_string()))?;
    Ok(bytes)
}
