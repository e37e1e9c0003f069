//! PNG and JPEG files as arrays (feature `images`).

use super::{FileError, Problem};
use ndarray::{Array3, Array4, Axis};
use std::path::Path;

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
/// [`FileError`], if the file cannot be read or is no such picture.
pub fn read(path: impl AsRef<Path>, channels: Channels) -> Result<Array3<f32>, FileError> {
    let path = path.as_ref();
    let failed = |problem| FileError::of(path, problem);
    let picture = image::open(path).map_err(|error| match error {
        image::ImageError::IoError(error) => failed(Problem::Io(error)),
        other => failed(Problem::Format(other.to_string())),
    })?;
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let (depth, pixels) = match channels {
        Channels::Grey => (1, picture.into_luma8().into_raw()),
        Channels::Rgb => (3, picture.into_rgb8().into_raw()),
    };
    let values = pixels.into_iter().map(|x| f32::from(x) / 255.0).collect();
    let last = Array3::from_shape_vec((height, width, depth), values)
        .map_err(|error| failed(Problem::Format(error.to_string())))?;
    Ok(last.permuted_axes([2, 0, 1]).as_standard_layout().into_owned())
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
