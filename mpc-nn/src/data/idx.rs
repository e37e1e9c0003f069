//! IDX: the format of MNIST. A file whose name ends with `.gz` is unpacked while it is read.

use super::{FileError, Problem};
use crate::state::array;
use flate2::read::GzDecoder;
use ndarray::ArrayD;
use std::{fs::File, io::Read, path::Path};

/// Reads an array of any of the types of the format. Pixels are 0 to 255.
///
/// # Errors
/// [`FileError`], if the file cannot be read, is no IDX file, or is shorter or longer than it says.
pub fn read(path: impl AsRef<Path>) -> Result<ArrayD<f64>, FileError> {
    let path = path.as_ref();
    let failed = |error| FileError::of(path, Problem::Io(error));
    let mut file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    match path.extension().is_some_and(|ending| ending == "gz") {
        true => GzDecoder::new(file).read_to_end(&mut bytes),
        false => file.read_to_end(&mut bytes),
    }
    .map_err(failed)?;
    parse(&bytes).map_err(|problem| FileError::of(path, problem))
}

fn parse(bytes: &[u8]) -> Result<ArrayD<f64>, Problem> {
    let format = |text: &str| Problem::Format(text.to_owned());
    let [0, 0, kind, rank, rest @ ..] = bytes else { return Err(format("not an IDX file: it begins with two zeros")) };
    let size = match kind {
        8 | 9 => 1,
        11 => 2,
        12 | 13 => 4,
        14 => 8,
        other => return Err(Problem::Elements(format!("{other:#04x}"))),
    };
    let (dims, data) = rest.split_at_checked(4 * usize::from(*rank)).ok_or_else(|| format("its header is cut off"))?;
    let dims: Vec<usize> = dims.as_chunks::<4>().0.iter().map(|&dim| u32::from_be_bytes(dim) as usize).collect();
    let expected = dims.iter().try_fold(size, |len: usize, &dim| len.checked_mul(dim));
    if expected != Some(data.len()) {
        return Err(format(&format!("{} bytes of elements do not make the shape {dims:?} of its header", data.len())));
    }
    let value = |element: &[u8]| match (kind, element) {
        (8, &[x]) => f64::from(x),
        (9, &[x]) => f64::from(x as i8),
        (11, &[a, b]) => f64::from(i16::from_be_bytes([a, b])),
        (12, &[a, b, c, d]) => f64::from(i32::from_be_bytes([a, b, c, d])),
        (13, &[a, b, c, d]) => f64::from(f32::from_be_bytes([a, b, c, d])),
        (_, element) => f64::from_be_bytes(element.try_into().unwrap_or_default()),
    };
    array(&dims, data.chunks_exact(size).map(value).collect()).ok_or_else(|| format("its shape is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_shapes_and_damage() {
        let pixels = parse(&[0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255]).unwrap();
        assert_eq!((pixels.shape(), pixels[[1, 2]]), (&[2, 3][..], 255.0));
        assert_eq!(parse(&[0, 0, 11, 1, 0, 0, 0, 1, 0xFF, 0xFE]).unwrap()[[0]], -2.0);
        assert_eq!(parse(&[0, 0, 14, 0, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0]).unwrap().sum(), 1.0);
        for damaged in [&b"PK.."[..], &[0, 0, 8, 1, 0, 0], &[0, 0, 8, 1, 0, 0, 0, 3, 1, 2], &[0, 0, 7, 0, 1]] {
            assert!(parse(damaged).is_err(), "{damaged:?}");
        }
    }
}
