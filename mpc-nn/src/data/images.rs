//! PNG and JPEG files as arrays (feature `images`).

use super::{FileError, Problem};
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader};
use ndarray::{Array3, Array4, Axis};
use std::path::Path;

/// The most pixels of a picture: small files can hold large pictures, and this many take about 1 GB as numbers.
const MOST: u64 = 1 << 26;

/// How many channels a picture gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// One: brightness.
    Grey,
    /// Three: red, green, blue.
    Rgb,
}

/// Reads a picture as `[channels, height, width]`, from 0 to 1.
///
/// # Errors
/// [`FileError`], if the file cannot be read, is no such picture, or has more than 67 million pixels.
pub fn read(path: impl AsRef<Path>, channels: Channels) -> Result<Array3<f32>, FileError> {
    let path = path.as_ref();
    let picture = decoded(path).map_err(|problem| FileError::of(path, problem))?;
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let (depth, pixels) = match channels {
        Channels::Grey => (1, picture.into_luma8().into_raw()),
        Channels::Rgb => (3, picture.into_rgb8().into_raw()),
    };
    let value = |(channel, row, column)| f32::from(pixels[(row * width + column) * depth + channel]) / 255.0;
    Ok(Array3::from_shape_fn((depth, height, width), value))
}

fn decoded(path: &Path) -> Result<DynamicImage, Problem> {
    let failed = |error| match error {
        ImageError::IoError(error) => Problem::Io(error),
        other => Problem::Format(other.to_string()),
    };
    let decoder = ImageReader::open(path)?.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST {
        return Err(Problem::Format(format!("{width} x {height} pixels are more than {MOST}: make it smaller before")));
    }
    DynamicImage::from_decoder(decoder).map_err(failed)
}

/// Reads pictures of one size as `[pictures, channels, height, width]`.
///
/// # Errors
/// As [`read`], and for the first picture of another size.
pub fn read_all<P: AsRef<Path>>(
    paths: impl IntoIterator<Item = P>,
    channels: Channels,
) -> Result<Array4<f32>, FileError> {
    let mut all: Option<Array4<f32>> = None;
    for path in paths {
        let path = path.as_ref();
        let next = read(path, channels)?;
        let found = next.shape().to_vec();
        match &mut all {
            None => all = Some(next.insert_axis(Axis(0))),
            Some(all) => {
                let expected = all.shape()[1..].to_vec();
                let other = || FileError::of(path, Problem::Shape { expected, found });
                all.push(Axis(0), next.view()).map_err(|_| other())?;
            }
        }
    }
    Ok(all.unwrap_or_default())
}
