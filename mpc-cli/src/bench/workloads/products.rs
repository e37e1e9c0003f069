//! Products: elementwise, of matrices, convolution.

use super::Workload;
use crate::bench::{clear, data::Input};
use mpc_core::Conv;

/// One rounding, and one unit of the last place for the result's own.
const TOLERANCE: f64 = 2.0 / 65536.0;

/// Pairs of numbers.
pub(super) fn mul(tiny: bool) -> Workload {
    let n = if tiny { 500 } else { 1_000_000 };
    Workload {
        name: "mul",
        about: format!("{n} products of pairs"),
        inputs: vec![Input::data(&[n], -100.0, 100.0), Input::other(&[n], -100.0, 100.0)],
        program: Box::new(|_, x| vec![&x[0] * &x[1]]),
        clear: Box::new(|x| vec![&x[0] * &x[1]]),
        tolerance: TOLERANCE,
        products: 0,
    }
}

/// Square matrices.
pub(super) fn matmul(name: &'static str, n: usize) -> Workload {
    Workload {
        name,
        about: format!("the product of two matrices, {n} x {n}"),
        inputs: vec![Input::data(&[n, n], -10.0, 10.0), Input::other(&[n, n], -10.0, 10.0)],
        program: Box::new(|_, x| vec![x[0].matmul(&x[1])]),
        clear: Box::new(|x| vec![clear::matrix(&x[0]).dot(&clear::matrix(&x[1])).into_dyn()]),
        tolerance: TOLERANCE,
        products: (n * n * n) as u64,
    }
}

/// A layer in the middle of a network for images.
pub(super) fn conv2d(tiny: bool) -> Workload {
    let (channels, size) = if tiny { (3, 6) } else { (64, 56) };
    let options = Conv::default().padding(1);
    Workload {
        name: "conv2d",
        about: format!("{channels} filters 3 x 3 with padding over [1, {channels}, {size}, {size}]"),
        inputs: vec![
            Input::data(&[1, channels, size, size], -10.0, 10.0),
            Input::weight(&[channels, channels, 3, 3], 1.0),
        ],
        program: Box::new(move |_, x| vec![x[0].conv2d(&x[1], &options)]),
        clear: Box::new(move |x| vec![clear::conv2d(&clear::images(&x[0]), &x[1], None, &options).into_dyn()]),
        tolerance: TOLERANCE,
        products: (channels * channels * 9 * size * size) as u64,
    }
}
