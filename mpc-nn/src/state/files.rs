//! State in files: safetensors and npz, and PyTorch's own to read.

use super::StateDict;
use crate::data::{FileError, Problem, npy, tensors};
use std::path::Path;

impl StateDict {
    /// Reads a `.safetensors` or `.npz` file, or PyTorch's `.pt` or `.pth` (without running what is in it).
    ///
    /// # Errors
    /// [`FileError`] for another ending, or as the readers of these formats.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let entries = match ending(path)? {
            Ending::Safetensors => tensors::read(path)?,
            Ending::Npz => npy::read_npz(path)?,
            Ending::PyTorch => super::pytorch::read(path)?,
        };
        Ok(entries.into_iter().collect())
    }

    /// Writes a `.safetensors` or `.npz` file of 32-bit floats, in whole or not at all: what was there before stays until the
    /// new file is complete.
    ///
    /// # Errors
    /// [`FileError`] for another ending, or from the system.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        let path = path.as_ref();
        let bytes = match ending(path)? {
            Ending::Safetensors => tensors::bytes(self.iter()),
            Ending::Npz => npy::npz_bytes(self.iter()),
            Ending::PyTorch => {
                let instead =
                    "PyTorch reads .safetensors: its own files hold programs, and are not written here".to_owned();
                Err(Problem::Format(instead))
            }
        };
        let bytes = bytes.map_err(|problem| FileError::of(path, problem))?;
        crate::data::write_whole(path, &bytes)
    }
}

enum Ending {
    Safetensors,
    Npz,
    PyTorch,
}

fn ending(path: &Path) -> Result<Ending, FileError> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("safetensors") => Ok(Ending::Safetensors),
        Some("npz") => Ok(Ending::Npz),
        Some("pt" | "pth") => Ok(Ending::PyTorch),
        _ => {
            let expected = "a state is in a file whose name ends with .safetensors, .npz, .pt or .pth".to_owned();
            Err(FileError::of(path, Problem::Format(expected)))
        }
    }
}
