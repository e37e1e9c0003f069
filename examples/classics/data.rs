//! The tables, which every process carries for the example; each party feeds in its own part only.

use crate::{Clinic, Lab};
use mpc::prelude::*;
use ndarray::{Array1, Array2, Axis, s};

/// scikit-learn's copies; `examples/data/NOTICE.md` says where they come from.
const DIABETES: &str = include_str!("../data/diabetes.csv");
const BREAST_CANCER: &str = include_str!("../data/breast_cancer.csv");
const IRIS: &str = include_str!("../data/iris.csv");
/// The seed of the public shuffle.
const SEED: u64 = 7;

/// What a method gives, on shares or in the clear.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// How good it is, from 0 to 1.
    pub(crate) score: f64,
    /// What else is revealed here: weights, components or classes.
    pub(crate) values: Vec<f64>,
}

/// Rows to learn from and rows to test on.
pub(crate) struct Split {
    pub(crate) train_x: Array2<f64>,
    pub(crate) train_y: Array1<f64>,
    pub(crate) test_x: Array2<f64>,
    pub(crate) test_y: Array1<f64>,
}

/// 442 patients, ten features, and how far their diabetes had come a year later, all standardised.
pub(crate) fn diabetes() -> Split {
    let mut split = split(DIABETES, 342);
    let (mean, std) = (split.train_y.mean().unwrap_or(0.0), split.train_y.std(0.0));
    for y in [&mut split.train_y, &mut split.test_y] {
        y.mapv_inplace(|y| (y - mean) / std);
    }
    standardised(split)
}

/// 569 tumours, thirty features, and whether they are benign (1) or malignant (-1).
pub(crate) fn tumours() -> Split {
    let mut split = standardised(split(BREAST_CANCER, 455));
    for y in [&mut split.train_y, &mut split.test_y] {
        y.mapv_inplace(|y| 2.0 * y - 1.0);
    }
    split
}

/// 150 irises, four measurements, and their species.
pub(crate) fn irises() -> Split {
    split(IRIS, 100)
}

fn split(csv: &str, train: usize) -> Split {
    let rows: Vec<Vec<f64>> = csv
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN)).collect())
        .collect();
    let columns = rows[0].len() - 1;
    let order = shuffled(rows.len());
    let x =
        |rows_of: &[usize]| Array2::from_shape_fn((rows_of.len(), columns), |(row, column)| rows[rows_of[row]][column]);
    let y = |rows_of: &[usize]| rows_of.iter().map(|&row| rows[row][columns]).collect();
    let (train, test) = order.split_at(train);
    Split { train_x: x(train), train_y: y(train), test_x: x(test), test_y: y(test) }
}

/// Every column with mean 0 and standard deviation 1, as measured on the rows to learn from: a party could do it alone.
fn standardised(mut split: Split) -> Split {
    for (mut column, mut tested) in split.train_x.columns_mut().into_iter().zip(split.test_x.columns_mut()) {
        let (mean, std) = (column.mean().unwrap_or(0.0), column.std(0.0));
        column.mapv_inplace(|v| (v - mean) / std);
        tested.mapv_inplace(|v| (v - mean) / std);
    }
    split
}

/// A permutation that depends on the seed only (Fisher-Yates over splitmix64).
fn shuffled(n: usize) -> Vec<usize> {
    let mut state = SEED;
    let mut draw = move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        order.swap(last, (draw() % (last as u64 + 1)) as usize);
    }
    order
}

/// A table whose first half of columns the clinic has, and the lab the rest.
pub(crate) fn joined(s: &Session, x: &Array2<f64>) -> Tensor<Secret> {
    let half = x.ncols() / 2;
    let first = s.input::<Clinic>([x.nrows(), half], || x.slice(s![.., ..half]).to_owned()).share();
    first.concat(&s.input::<Lab>([x.nrows(), x.ncols() - half], || x.slice(s![.., half..]).to_owned()), 1)
}

/// Labels `[n, 1]`, which the clinic has.
pub(crate) fn labels(s: &Session, y: &Array1<f64>) -> Tensor<Secret> {
    s.input::<Clinic>([y.len(), 1], || y.to_vec()).share()
}

/// The mean of a function of the labels and what was found for them.
pub(crate) fn mean(found: &Array1<f64>, y: &Array1<f64>, of: impl Fn(f64, f64) -> f64) -> f64 {
    found.iter().zip(y).map(|(found, y)| of(*found, *y)).sum::<f64>() / y.len() as f64
}

/// Gradient descent with momentum on weights and a bias, all rows at once; `slope` is that of a row's loss in its score.
pub(crate) fn descend(
    data: &Split,
    [steps, lr, momentum, decay]: [f64; 4],
    slope: impl Fn(f64, f64) -> f64,
) -> (Array1<f64>, f64) {
    let (mut w, mut b) = (Array1::<f64>::zeros(data.train_x.ncols()), 0.0);
    let mut velocity = (w.clone(), 0.0);
    for _ in 0..steps as usize {
        let scores = data.train_x.dot(&w) + b;
        let slopes: Array1<f64> = scores.iter().zip(&data.train_y).map(|(score, y)| slope(*score, *y)).collect();
        let rows = data.train_x.len_of(Axis(0)) as f64;
        velocity.0 = velocity.0 * momentum + data.train_x.t().dot(&slopes) / rows + &w * decay;
        velocity.1 = velocity.1 * momentum + slopes.sum() / rows + b * decay;
        w.scaled_add(-lr, &velocity.0);
        b -= lr * velocity.1;
    }
    (w, b)
}
