//! Comparisons and functions of numbers.

use super::Workload;
use crate::bench::{clear, data::Input};
use mpc_core::{Pool, Secret, Tensor};
use ndarray::{ArrayD, Axis};

/// Comparisons and choices are exact.
const EXACT: f64 = 0.0;

fn function(
    name: &'static str,
    about: String,
    input: Input,
    program: impl Fn(&Tensor<Secret>) -> Tensor<Secret> + 'static,
    clear: impl Fn(&ArrayD<f64>) -> ArrayD<f64> + 'static,
    tolerance: f64,
) -> Workload {
    Workload {
        name,
        about,
        inputs: vec![input],
        program: Box::new(move |_, x| vec![program(&x[0])]),
        clear: Box::new(move |x| vec![clear(&x[0])]),
        tolerance,
        products: 0,
    }
}

fn many(tiny: bool, full: usize) -> usize {
    if tiny { 300 } else { full }
}

/// The larger of x and 0.
pub(super) fn relu(name: &'static str, n: usize) -> Workload {
    let (about, input) = (format!("max(x, 0) of {n} numbers"), Input::data(&[n], -100.0, 100.0));
    function(name, about, input, |x| x.relu(), |x| x.mapv(clear::relu), EXACT)
}

/// Whether x is positive, as a number.
pub(super) fn gt(tiny: bool) -> Workload {
    let n = many(tiny, 1_000_000);
    let (about, input) = (format!("x > 0 as a number 0 or 1, of {n} numbers"), Input::data(&[n], -100.0, 100.0));
    function("gt", about, input, |x| x.gt(0.0).number(), |x| x.mapv(|x| f64::from(x > 0.0)), EXACT)
}

/// The largest of rows.
pub(super) fn max(tiny: bool) -> Workload {
    let (rows, columns) = if tiny { (5, 9) } else { (1000, 100) };
    let input = Input::data(&[rows, columns], -100.0, 100.0);
    let about = format!("the largest in each of {rows} rows of {columns}");
    let top = |x: &ArrayD<f64>| x.map_axis(Axis(1), |row| row.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    function("max", about, input, |x| x.max(1), top, EXACT)
}

/// The largest of windows.
pub(super) fn max_pool(tiny: bool) -> Workload {
    let (channels, size) = if tiny { (2, 8) } else { (64, 112) };
    let (input, pool) = (Input::data(&[1, channels, size, size], -100.0, 100.0), Pool::new(2));
    let about = format!("windows 2 x 2 of [1, {channels}, {size}, {size}]");
    let clear = move |x: &ArrayD<f64>| clear::max_pool(&clear::images(x), &pool).into_dyn();
    function("maxpool", about, input, move |x| x.max_pool2d(&pool), clear, EXACT)
}

/// The logistic function.
pub(super) fn sigmoid(tiny: bool) -> Workload {
    let n = many(tiny, 100_000);
    let (about, input) = (format!("1 / (1 + e^-x) of {n} numbers in [-10, 10]"), Input::data(&[n], -10.0, 10.0));
    function("sigmoid", about, input, |x| x.sigmoid(), |x| x.mapv(|x| 1.0 / (1.0 + (-x).exp())), 1e-4)
}

/// The exponential.
pub(super) fn exp(tiny: bool) -> Workload {
    let n = many(tiny, 100_000);
    let (about, input) = (format!("e^x of {n} numbers in [-4, 4]"), Input::data(&[n], -4.0, 4.0));
    function("exp", about, input, |x| x.exp(), |x| x.mapv(f64::exp), 4_f64.exp() / 4096.0)
}

/// One over x.
pub(super) fn reciprocal(tiny: bool) -> Workload {
    let n = many(tiny, 100_000);
    let (about, input) = (format!("1 / x of {n} numbers in [0.1, 1000]"), Input::data(&[n], 0.1, 1000.0));
    function("reciprocal", about, input, |x| x.reciprocal(), |x| x.mapv(|x| 1.0 / x), 10.0 / 4096.0)
}

/// The softmax of rows.
pub(super) fn softmax(tiny: bool) -> Workload {
    let (rows, columns) = if tiny { (3, 10) } else { (100, 1000) };
    let input = Input::data(&[rows, columns], -10.0, 10.0);
    let about = format!("the softmax of {rows} rows of {columns}");
    function("softmax", about, input, |x| x.softmax(1), |x| clear::softmax(&clear::matrix(x)).into_dyn(), 1e-4)
}
