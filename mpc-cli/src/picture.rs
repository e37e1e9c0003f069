//! Pictures as inputs: at the side that may see them.

use std::path::Path;

use image::{DynamicImage, imageops::FilterType};
use ndarray::{ArrayD, IxDyn};

/// How a picture becomes numbers.
#[derive(Clone, Debug)]
pub(crate) struct Normalise {
    /// Taken off each channel; the last one serves all further ones.
    pub(crate) mean: Vec<f64>,
    /// What is left is divided by this, likewise.
    pub(crate) std: Vec<f64>,
}

/// A picture as an input of a shape: `[channels, height, width]`, or `[height, width]`, or as many pixels as a square has.
/// It is resized to that; values are from 0 to 1 before they are normalised.
pub(crate) fn read(path: &Path, shape: &[usize], how: &Normalise) -> Result<ArrayD<f64>, String> {
    let (channels, height, width) = match *shape {
        [channels @ (1 | 3), height, width] => (channels, height, width),
        [height, width] => (1, height, width),
        [pixels] if pixels.isqrt().pow(2) == pixels => (1, pixels.isqrt(), pixels.isqrt()),
        _ => return Err(format!("the servers take an input of shape {shape:?}, which is no picture")),
    };
    let picture = image::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let size = |size: usize| u32::try_from(size).ok().filter(|size| (1..=1 << 14).contains(size));
    let (Some(rows), Some(columns)) = (size(height), size(width)) else {
        return Err(format!("pictures of {height} x {width} are too large"));
    };
    let picture = match (picture.height(), picture.width()) == (rows, columns) {
        true => picture,
        false => picture.resize_exact(columns, rows, FilterType::Triangle),
    };
    Ok(values(&picture, channels, height, width, how).into_shape_with_order(IxDyn(shape)).unwrap_or_default())
}

fn values(picture: &DynamicImage, channels: usize, height: usize, width: usize, how: &Normalise) -> ArrayD<f64> {
    let pixels = if channels == 1 { picture.to_luma8().into_raw() } else { picture.to_rgb8().into_raw() };
    let of = |list: &[f64], channel: usize, none: f64| list.get(channel).or(list.last()).copied().unwrap_or(none);
    ArrayD::from_shape_fn(IxDyn(&[channels, height, width]), |at| {
        let pixel = pixels[(at[1] * width + at[2]) * channels + at[0]];
        (f64::from(pixel) / 255.0 - of(&how.mean, at[0], 0.0)) / of(&how.std, at[0], 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    #[test]
    fn a_picture_is_resized_and_normalised_for_the_shape() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.png");
        RgbImage::from_fn(8, 4, |x, _| Rgb([255, if x < 4 { 0 } else { 255 }, 0])).save(&path).unwrap();
        let plain = Normalise { mean: vec![], std: vec![] };
        let found = read(&path, &[3, 4, 8], &plain).unwrap();
        assert_eq!((found[[0, 1, 1]], found[[1, 3, 0]], found[[1, 0, 7]], found[[2, 0, 0]]), (1.0, 0.0, 1.0, 0.0));
        let half = read(&path, &[3, 2, 4], &Normalise { mean: vec![0.5, 0.0], std: vec![0.25, 1.0] }).unwrap();
        assert_eq!((half.shape(), half[[0, 0, 0]], half[[2, 0, 0]]), (&[3, 2, 4][..], 2.0, 0.0));
        assert!(read(&path, &[16], &plain).unwrap().iter().all(|x| (0.0..=1.0).contains(x)));
        assert!(read(&path, &[7], &plain).unwrap_err().contains("no picture"));
        assert!(read(&folder.path().join("none.png"), &[16], &plain).unwrap_err().contains("none.png"));
    }
}
