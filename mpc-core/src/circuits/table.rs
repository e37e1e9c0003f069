//! The functions that the series circuit knows, with their coefficients: least-maximum fits by reweighted least squares
//! (docs/reference/fit_series.py prints them). The tests below measure every error that is claimed here.

use super::{Guarded, Tail};
use crate::backend::Series;

/// 1 / (1 + e^-x). Outside of [-12, 12]: 0 and 1, off by 6.2e-6 at most.
pub const SIGMOID: Guarded = Guarded {
    name: "sigmoid",
    series: Series { period_log2: 5, constant: 0.5, linear: 0.0, sines: &SIGMOID_SINES, cosines: &[0.0; 16] },
    limit: 12.0,
    low: Tail::Constant(0.0),
    high: Tail::Constant(1.0),
    exact: sigmoid,
    error: 1.0e-5,
};

/// ln(1 + e^x). Outside of [-12, 12]: 0 and x, off by 6.2e-6 at most.
pub const SOFTPLUS: Guarded = Guarded {
    name: "softplus",
    series: Series {
        period_log2: 5,
        constant: 3.9918701509283947,
        linear: 0.5,
        sines: &[0.0; 16],
        cosines: &SOFTPLUS_COSINES,
    },
    limit: 12.0,
    low: Tail::Constant(0.0),
    high: Tail::Identity,
    exact: softplus,
    error: 1.0e-5,
};

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

const SIGMOID_SINES: [f64; 16] = [
    0.6014807191476091,
    -0.004023608847753456,
    0.12751211433197027,
    0.00405847435888706,
    0.02710150483117505,
    0.012177802939578049,
    -0.0028789150616453226,
    0.012654947682269208,
    -0.007656098690398055,
    0.008185295985393613,
    -0.004789555842432923,
    0.003557080609404166,
    -0.0017311645612993493,
    0.000971205299538185,
    -0.00032114318494062236,
    0.00012430486368163033,
];

const SOFTPLUS_COSINES: [f64; 16] = [
    -3.0268708519508145,
    -0.023875657934804975,
    -0.18592107347121545,
    -0.03129361491003487,
    -0.0063017469339209905,
    -0.02685979177154015,
    0.014243985318080066,
    -0.01648879414211625,
    0.009824427529787091,
    -0.0074984365919147835,
    0.004075822962463078,
    -0.00244878816002164,
    0.0010971430384686836,
    -0.000511206187215699,
    0.00015507507937819154,
    -4.758034423416761e-05,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fits_are_as_good_as_they_say() {
        for f in [SIGMOID, SOFTPLUS] {
            for i in -40_000..=40_000 {
                let x = f64::from(i) / 2000.0;
                let tail = |tail| match tail {
                    Tail::Constant(c) => c,
                    Tail::Identity => x,
                };
                let fitted = match x {
                    x if x < -f.limit => tail(f.low),
                    x if x < f.limit => f.series.eval(x),
                    _ => tail(f.high),
                };
                let error = (fitted - (f.exact)(x)).abs();
                assert!(error <= f.error, "{} at {x}: {error:e}", f.name);
            }
        }
    }
}
