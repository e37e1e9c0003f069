//! NumPy's `.npy` and `.npz`.

use super::{FileError, Problem};
use ndarray::{Array, ArrayD, IxDyn, OwnedRepr};
use ndarray_npy::{NpzReader, NpzWriter, ReadNpyError, ReadNpyExt, ReadNpzError, ReadableElement};
use std::{fs, io::Cursor, path::Path};

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
/// As [`read`], with the name of the array.
pub fn read_npz(path: impl AsRef<Path>) -> Result<Vec<(String, ArrayD<f64>)>, FileError> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(|error| FileError::of(path, error))?;
    let archive = |error: ReadNpzError| FileError::of(path, Problem::Format(error.to_string()));
    let mut reader = NpzReader::new(Cursor::new(bytes)).map_err(archive)?;
    let names = reader.names().map_err(archive)?;
    let mut arrays = Vec::with_capacity(names.len());
    for name in names {
        let values = any(|element| element.of_entry(&mut reader, &name))
            .map_err(|problem| FileError::column(path, &name, problem))?;
        arrays.push((name.trim_end_matches(".npy").to_owned(), values));
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
    any(|element| element.of_bytes(bytes))
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
    fn of_entry(&self, reader: &mut NpzReader<Cursor<Vec<u8>>>, name: &str) -> Result<ArrayD<f64>, ReadNpyError>;
}

struct Of<T>(fn(T) -> f64);

impl<T: ReadableElement + Copy> Element for Of<T> {
    fn of_bytes(&self, bytes: &[u8]) -> Result<ArrayD<f64>, ReadNpyError> {
        Ok(Array::<T, IxDyn>::read_npy(bytes)?.mapv(self.0))
    }

    fn of_entry(&self, reader: &mut NpzReader<Cursor<Vec<u8>>>, name: &str) -> Result<ArrayD<f64>, ReadNpyError> {
        match reader.by_name::<OwnedRepr<T>, IxDyn>(name) {
            Ok(values) => Ok(values.mapv(self.0)),
            Err(ReadNpzError::Npy(error)) => Err(error),
            Err(ReadNpzError::Zip(error)) => Err(ReadNpyError::Io(std::io::Error::other(error))),
        }
    }
}
