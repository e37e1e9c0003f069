//! The data of this example and the same model in the clear: what the secure training is compared with.
//!
//! Everything here is deterministic, so every party that calls [`load`] gets the same rows in the same order.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};

/// scikit-learn's copy of the data set; `examples/data/NOTICE.md` says where it comes from.
const CSV: &str = include_str!("../data/breast_cancer.csv");
/// The seed of the public shuffle.
const SEED: u64 = 7;
/// The share of the rows that is trained on.
const TRAIN: f64 = 0.8;

/// The columns of the hospital that measured the means and half of the standard errors. It also has the labels.
pub(crate) const FIRST_COLUMNS: Range<usize> = 0..15;
/// The columns of the hospital that measured the rest.
pub(crate) const SECOND_COLUMNS: Range<usize> = 15..30;

/// Standardised features and labels (0 = malignant, 1 = benign), split into a part to train on and a part to test on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Split {
    /// Rows to train on, one column a feature.
    pub(crate) train_x: Array2<f64>,
    /// Their labels.
    pub(crate) train_y: Array1<f64>,
    /// Rows to test on.
    pub(crate) test_x: Array2<f64>,
    /// Their labels.
    pub(crate) test_y: Array1<f64>,
}

/// Reads the data set that is built into this program, shuffles it and splits it 80/20.
pub(crate) fn load() -> Result<Split, csv::Error> {
    let (x, y) = parse(CSV)?;
    let order = shuffled(x.nrows(), SEED);
    let (x, y) = (x.select(Axis(0), &order), y.select(Axis(0), &order));
    let cut = (x.nrows() as f64 * TRAIN).round() as usize;
    let (mut train_x, mut test_x) = (x.slice(s![..cut, ..]).to_owned(), x.slice(s![cut.., ..]).to_owned());
    standardise(&mut train_x, &mut test_x);
    Ok(Split { train_x, train_y: y.slice(s![..cut]).to_owned(), test_x, test_y: y.slice(s![cut..]).to_owned() })
}

/// What one hospital holds of a table: its columns.
pub(crate) fn columns(x: &Array2<f64>, of: Range<usize>) -> Array2<f64> {
    x.slice(s![.., of]).to_owned()
}

/// Logistic regression by minibatch SGD with momentum: weights and bias after `epochs` passes.
///
/// A batch is `batch` consecutive rows (the last one of an epoch may be shorter), the gradient is the mean over its
/// rows, and the step is `velocity = momentum * velocity + gradient; weights -= lr * velocity`, as in PyTorch.
pub(crate) fn train(split: &Split, epochs: usize, batch: usize, lr: f64, momentum: f64) -> (Array1<f64>, f64) {
    let mut weights = Array1::zeros(split.train_x.ncols());
    let mut bias = 0.0;
    let mut velocity = (weights.clone(), 0.0);
    for _ in 0..epochs {
        let batches = split.train_x.axis_chunks_iter(Axis(0), batch);
        for (x, y) in batches.zip(split.train_y.axis_chunks_iter(Axis(0), batch)) {
            let (grad, grad_bias) = gradient(x, y, &weights, bias);
            velocity = (velocity.0 * momentum + grad, velocity.1 * momentum + grad_bias);
            weights.scaled_add(-lr, &velocity.0);
            bias -= lr * velocity.1;
        }
    }
    (weights, bias)
}

/// The share of rows whose label the model gets right.
pub(crate) fn accuracy(x: &Array2<f64>, y: &Array1<f64>, weights: &Array1<f64>, bias: f64) -> f64 {
    let right =
        (x.dot(weights) + bias).iter().zip(y).filter(|(logit, label)| (**logit > 0.0) == (**label > 0.5)).count();
    right as f64 / y.len() as f64
}

/// The gradient of the mean cross-entropy of one batch.
fn gradient(x: ArrayView2<f64>, y: ArrayView1<f64>, weights: &Array1<f64>, bias: f64) -> (Array1<f64>, f64) {
    let error = (x.dot(weights) + bias).mapv(|logit| 1.0 / (1.0 + (-logit).exp())) - y;
    let rows = x.nrows() as f64;
    (x.t().dot(&error) / rows, error.sum() / rows)
}

/// The rows of the file. Its first line has the number of rows and of columns and the names of the two classes.
fn parse(text: &str) -> Result<(Array2<f64>, Array1<f64>), csv::Error> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let (mut values, mut labels, mut features) = (Vec::new(), Vec::new(), 0);
    for row in reader.deserialize() {
        let mut row: Vec<f64> = row?;
        labels.extend(row.pop());
        features = row.len();
        values.append(&mut row);
    }
    let x = Array2::from_shape_vec((labels.len(), features), values).map_err(std::io::Error::other)?;
    Ok((x, Array1::from(labels)))
}

/// Brings every column to mean 0 and standard deviation 1, as measured on the rows to train on.
fn standardise(train: &mut Array2<f64>, test: &mut Array2<f64>) {
    for (mut column, mut tested) in train.columns_mut().into_iter().zip(test.columns_mut()) {
        let (mean, std) = (column.mean().unwrap_or(0.0), column.std(0.0));
        let std = if std > 0.0 { std } else { 1.0 };
        column.mapv_inplace(|v| (v - mean) / std);
        tested.mapv_inplace(|v| (v - mean) / std);
    }
}

/// A permutation of `0..n` that depends on the seed only (Fisher-Yates over splitmix64).
fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, (next() % (i as u64 + 1)) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_file_is_read() {
        let (x, y) = parse(CSV).unwrap();
        assert_eq!(x.dim(), (569, 30));
        assert_eq!(y.sum(), 357.0);
        assert_eq!((x[[0, 0]], x[[0, 29]], y[0]), (17.99, 0.1189, 0.0));
    }

    #[test]
    fn a_bad_cell_and_a_short_row_are_errors() {
        assert!(parse("2,1,a,b\n1.0,0\nx,1\n").is_err());
        assert!(parse("2,2,a,b\n1.0,2.0,0\n1.0,1\n").is_err());
    }

    #[test]
    fn the_split_is_standardised_and_the_same_every_time() {
        let split = load().unwrap();
        assert_eq!((split.train_x.nrows(), split.test_x.nrows()), (455, 114));
        for column in split.train_x.columns() {
            assert!(column.mean().unwrap().abs() < 1e-9 && (column.std(0.0) - 1.0).abs() < 1e-9);
        }
        assert_eq!(split, load().unwrap());
    }

    #[test]
    fn the_shuffle_is_a_permutation() {
        let mut order = shuffled(569, SEED);
        assert_ne!(order, (0..569).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..569).collect::<Vec<_>>());
    }

    #[test]
    fn the_hospitals_columns_make_the_table() {
        let x = load().unwrap().train_x;
        let halves = [columns(&x, FIRST_COLUMNS), columns(&x, SECOND_COLUMNS)];
        assert_eq!(ndarray::concatenate(Axis(1), &[halves[0].view(), halves[1].view()]).unwrap(), x);
    }

    #[test]
    fn the_gradient_is_that_of_the_cross_entropy() {
        let split = load().unwrap();
        let (x, y) = (split.train_x.slice(s![..8, ..]), split.train_y.slice(s![..8]));
        let weights = Array1::linspace(-0.3, 0.3, 30);
        let loss = |w: &Array1<f64>| {
            let logits = x.dot(w) + 0.1;
            logits.iter().zip(y).map(|(z, y)| (1.0 + z.exp()).ln() - y * z).sum::<f64>() / 8.0
        };
        let (grad, _) = gradient(x, y, &weights, 0.1);
        for i in 0..30 {
            let (mut up, mut down) = (weights.clone(), weights.clone());
            up[i] += 1e-5;
            down[i] -= 1e-5;
            assert!(((loss(&up) - loss(&down)) / 2e-5 - grad[i]).abs() < 1e-7);
        }
    }

    #[test]
    fn ten_epochs_reach_96_percent() {
        let split = load().unwrap();
        let (weights, bias) = train(&split, 10, 32, 0.1, 0.9);
        let test = accuracy(&split.test_x, &split.test_y, &weights, bias);
        assert!(test >= 0.96, "{test}");
    }
}
