//! MNIST: all of it if it has been fetched, else the sample in this repository.

use mpc::nn::data::{FileError, idx};
use ndarray::{Array1, Array2, Axis, s};
use std::path::{Path, PathBuf};

/// Pixels of an image.
pub(crate) const PIXELS: usize = 784;
/// Digits.
pub(crate) const CLASSES: usize = 10;

/// Images and their digits.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    /// `[n, 784]`, from 0 to 1.
    pub(crate) x: Array2<f64>,
    /// `[n]`, whole numbers.
    pub(crate) y: Array1<f64>,
}

impl Rows {
    /// At most the first `most` rows.
    pub(crate) fn first(mut self, most: Option<usize>) -> Self {
        let rows = most.unwrap_or(usize::MAX).min(self.y.len());
        if rows < self.y.len() {
            self = Self { x: self.x.slice(s![..rows, ..]).to_owned(), y: self.y.slice(s![..rows]).to_owned() };
        }
        self
    }

    /// What one of `of` parties holds: part `at`, of consecutive rows.
    pub(crate) fn part(&self, at: usize, of: usize) -> Self {
        let cut = |at: usize| self.y.len() * at / of;
        let rows = cut(at)..cut(at + 1);
        Self { x: self.x.slice(s![rows.clone(), ..]).to_owned(), y: self.y.slice(s![rows]).to_owned() }
    }

    /// The digits as rows of 0 and 1, `[n, 10]`.
    pub(crate) fn one_hot(&self) -> Array2<f64> {
        Array2::from_shape_fn((self.y.len(), CLASSES), |(row, class)| f64::from(self.y[row] == class as f64))
    }

    /// The digits as a column.
    pub(crate) fn column(&self) -> Array2<f64> {
        self.y.clone().insert_axis(Axis(1))
    }
}

/// The data set.
#[derive(Clone, Debug)]
pub(crate) struct Mnist {
    /// Rows to train on.
    pub(crate) train: Rows,
    /// Rows to test on.
    pub(crate) test: Rows,
    /// Whether this is the sample.
    pub(crate) sample: bool,
}

const IMAGES: &str = "images-idx3-ubyte";

/// Reads a folder with the four files of MNIST, perhaps ending with `.gz`. Without a folder: what `examples/data/mnist.sh`
/// fetched, or the sample.
pub(crate) fn load(folder: Option<&Path>) -> Result<Mnist, FileError> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data");
    let all = data.join("mnist");
    let (folder, sample) = match folder {
        Some(folder) => (folder.to_owned(), false),
        None if all.join(format!("t10k-{IMAGES}")).exists() => (all, false),
        None => (data.join("mnist_sample"), true),
    };
    Ok(Mnist { train: rows(&folder, "train")?, test: rows(&folder, "t10k")?, sample })
}

fn rows(folder: &Path, which: &str) -> Result<Rows, FileError> {
    let images = file(folder, &format!("{which}-{IMAGES}"));
    let labels = file(folder, &format!("{which}-labels-idx1-ubyte"));
    let (x, y) = (idx::read(&images)?, idx::read(&labels)?);
    let wrong = |path: &Path, what: &str| FileError::of(path, std::io::Error::other(what.to_owned()));
    let rows = y.len();
    let x = x.into_shape_with_order((rows, PIXELS));
    let mut x = x.map_err(|_| wrong(&images, "not an image of 28 x 28 for every label"))?;
    x.mapv_inplace(|pixel| pixel / 255.0);
    if y.iter().any(|label| *label >= CLASSES as f64) {
        return Err(wrong(&labels, "a label is no digit"));
    }
    let y = y.into_shape_with_order(rows).map_err(|_| wrong(&labels, "labels are not one number for each image"))?;
    Ok(Rows { x, y })
}

fn file(folder: &Path, name: &str) -> PathBuf {
    let (plain, packed) = (folder.join(name), folder.join(format!("{name}.gz")));
    if !plain.exists() && packed.exists() { packed } else { plain }
}

/// The sample.
#[cfg(test)]
pub(crate) fn sample() -> Mnist {
    load(Some(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/mnist_sample"))).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_read_and_split() {
        let Mnist { train, test, .. } = sample();
        assert_eq!((train.x.dim(), train.y.len(), test.x.dim()), ((600, PIXELS), 600, (200, PIXELS)));
        // The first image is the well-known 5.
        assert_eq!((train.y[0], train.x[[0, 5 * 28 + 12]] * 255.0), (5.0, 3.0));
        assert_eq!(train.one_hot().row(0).to_vec(), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        let halves = [train.part(0, 2), train.part(1, 2)];
        assert_eq!(ndarray::concatenate(Axis(0), &[halves[0].x.view(), halves[1].x.view()]).unwrap(), train.x);
        assert_eq!(train.first(Some(7)).y.len(), 7);
    }

    #[test]
    fn a_folder_without_the_files_is_named() {
        let error = load(Some(Path::new("no-such-folder"))).unwrap_err().to_string();
        assert!(error.contains("no-such-folder"), "{error}");
    }
}
