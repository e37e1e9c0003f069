//! NumPy's `.npy` and `.npz`.

use super::{FileError, Problem};
use ndarray::{Array, ArrayD, IxDyn};
use ndarray_npy::{NpzWriter, ReadNpyError, ReadNpyExt, ReadableElement};
use std::{
    fs,
    io::{Cursor, Read},
    path::Path,
};
use zip::ZipArchive;

/// Bytes that the arrays of an archive may have together, beside sixteen times those of the file: zeros compress well, and
/// small archives could fill any memory.
const UNPACKED: u64 = 1 << 27;

/// Reads an array of floats or integers. Integers beyond 2^53 are rounded.
///
/// # Errors
/// [`FileError`], if the file cannot be read or has other elements.
pub fn read(path: impl AsRef<Path>) -> Result<ArrayD<f64>, FileError> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(|error| FileError::of(path, error))?;
    of_bytes(&bytes).map_err(|problem| FileError::of(path, problem))
}

/// Reads all arrays of an archive, by name.
///
/// # Errors
/// As [`read`], with the name of the array; and if the archive unpacks to more than sixteen times its size and 128 MiB.
pub fn read_npz(path: impl AsRef<Path>) -> Result<Vec<(String, ArrayD<f64>)>, FileError> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(|error| FileError::of(path, error))?;
    let mut left = UNPACKED + 16 * bytes.len() as u64;
    let archive = |error: zip::result::ZipError| FileError::of(path, Problem::Format(error.to_string()));
    let mut archived = ZipArchive::new(Cursor::new(bytes)).map_err(archive)?;
    let mut arrays = Vec::with_capacity(archived.len().min(1 << 10));
    for at in 0..archived.len() {
        let entry = archived.by_index(at).map_err(archive)?;
        let name = entry.name().trim_end_matches(".npy").to_owned();
        let failed = |problem| FileError::column(path, &name, problem);
        let mut unpacked = Vec::new();
        entry.take(left + 1).read_to_end(&mut unpacked).map_err(|error| failed(error.into()))?;
        left = left.checked_sub(unpacked.len() as u64).ok_or_else(|| {
            failed(Problem::Format("the archive unpacks to more than sixteen times its size and 128 MiB".to_owned()))
        })?;
        let values = of_bytes(&unpacked).map_err(failed)?;
        arrays.push((name, values));
    }
    Ok(arrays)
}

pub(crate) fn npz_bytes<'a>(entries: impl Iterator<Item = (&'a str, &'a ArrayD<f64>)>) -> Result<Vec<u8>, Problem> {
    let format = |error: ndarray_npy::WriteNpzError| Problem::Format(error.to_string());
    let mut writer = NpzWriter::new(Cursor::new(Vec::new()));
    for (name, values) in entries {
        writer.add_array(name, &values.mapv(|x| x as f32)).map_err(format)?;
    }
    Ok(writer.finish().map_err(format)?.into_inner())
}

fn of_bytes(bytes: &[u8]) -> Result<ArrayD<f64>, Problem> {
    if elements(bytes).is_none_or(|(count, rest)| count > rest) {
        let problem = "not an array as NumPy writes it, or shorter than its shape says";
        return Err(Problem::Format(problem.to_owned()));
    }
    any(|element| element.of_bytes(bytes))
}

/// How many elements the header speaks of, and how many bytes follow it: the reader makes room for what it says.
fn elements(bytes: &[u8]) -> Option<(usize, usize)> {
    let (&major, rest) = (bytes.get(6)?, bytes.get(8..)?);
    let (length, rest) = match major {
        1 => rest.split_first_chunk::<2>().map(|(length, rest)| (usize::from(u16::from_le_bytes(*length)), rest))?,
        _ => rest.split_first_chunk::<4>().map(|(length, rest)| (u32::from_le_bytes(*length) as usize, rest))?,
    };
    let (header, rest) = rest.split_at_checked(length)?;
    // No other way to spell it: one shape, of plain numbers.
    let text = std::str::from_utf8(header).ok().filter(|text| !text.contains('\\'))?;
    let [_, after] = text.split("shape").collect::<Vec<_>>().try_into().ok()?;
    let (sizes, _) = after.split_once('(')?.1.split_once(')')?;
    let sizes = sizes.split(',').map(str::trim).filter(|size| !size.is_empty());
    let count = sizes.map(|size| size.parse::<usize>().ok()).try_fold(1usize, |count, size| count.checked_mul(size?));
    Some((count?, rest.len()))
}

/// Tries the types of elements, one after the other, until it is no longer the type that is wrong.
fn any(mut read: impl FnMut(&dyn Element) -> Result<ArrayD<f64>, ReadNpyError>) -> Result<ArrayD<f64>, Problem> {
    let all: [&dyn Element; 11] = [
        &Of::<f32>(|x| x.into()),
        &Of::<f64>(|x| x),
        &Of::<u8>(|x| x.into()),
        &Of::<i64>(|x| x as f64),
        &Of::<i32>(|x| x.into()),
        &Of::<i8>(|x| x.into()),
        &Of::<i16>(|x| x.into()),
        &Of::<u16>(|x| x.into()),
        &Of::<u32>(|x| x.into()),
        &Of::<u64>(|x| x as f64),
        &Of::<bool>(|x| f64::from(u8::from(x))),
    ];
    let mut last = String::new();
    for element in all {
        match read(element) {
            Ok(values) => return Ok(values),
            Err(ReadNpyError::WrongDescriptor(descriptor)) => last = descriptor.to_string(),
            Err(error) => return Err(Problem::Format(error.to_string())),
        }
    }
    Err(Problem::Elements(last))
}

/// A type of elements.
trait Element {
    fn of_bytes(&self, bytes: &[u8]) -> Result<ArrayD<f64>, ReadNpyError>;
}

struct Of<T>(fn(T) -> f64);

impl<T: ReadableElement + Copy> Element for Of<T> {
    fn of_bytes(&self, bytes: &[u8]) -> Result<ArrayD<f64>, ReadNpyError> {
        Ok(Array::<T, IxDyn>::read_npy(bytes)?.mapv(self.0))
    }
}
