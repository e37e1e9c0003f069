//! Files that are there in whole or not at all.

use super::FileError;
use std::{fs::File, io::Write, path::Path};

/// Writes a file so that whoever reads it, also after a crash, finds the old content or the new: a temporary file beside
/// it, flushed to the disk, takes its name.
///
/// # Errors
/// [`FileError`] with what the system says.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let failed = |error: std::io::Error| FileError::of(path, error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    // The name is durable only when the folder is; not every system can open one.
    match File::open(folder) {
        Ok(folder) => folder.sync_all().map_err(failed),
        Err(_) => Ok(()),
    }
}
