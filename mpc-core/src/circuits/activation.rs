//! Activations of neural networks and their slopes as series with tails, like [`table`](super::table): least-maximum fits
//! (docs/reference/fit_series.py prints them). The tests below measure every error that is claimed here.

use super::{Guarded, Tail};
use crate::backend::Series;

/// The hyperbolic tangent. Outside of [-6, 6]: -1 and 1, off by 1.3e-5 at most.
pub const TANH: Guarded = Guarded {
    name: "tanh",
    series: odd(4, 0.0, &TANH_SINES, &[0.0; 16]),
    limit: 6.0,
    low: Tail::Constant(-1.0),
    high: Tail::Constant(1.0),
    exact: libm::tanh,
    error: 1.7e-5,
};

/// The error function. Outside of [-4, 4]: -1 and 1, off by 1.6e-8 at most.
pub const ERF: Guarded = Guarded {
    name: "erf",
    series: odd(4, 0.0, &ERF_SINES, &[0.0; 12]),
    limit: 4.0,
    low: Tail::Constant(-1.0),
    high: Tail::Constant(1.0),
    exact: libm::erf,
    error: 2.0e-6,
};

/// e^(-x^2). Outside of [-3.5, 3.5]: 0, off by 4.8e-6 at most.
pub const GAUSS: Guarded = Guarded {
    name: "gauss",
    series: even(3, 0.0, 0.22155673674344553, &GAUSS_COSINES, &[0.0; 10]),
    limit: 3.5,
    low: Tail::Constant(0.0),
    high: Tail::Constant(0.0),
    exact: gauss,
    error: 6.0e-6,
};

/// x times the normal distribution function. Outside of [-5, 5]: 0 and x, off by 1.5e-6 at most.
pub const GELU: Guarded = Guarded {
    name: "gelu",
    series: even(4, 0.5, 1.9412514820629485, &GELU_COSINES, &[0.0; 12]),
    limit: 5.0,
    low: Tail::Constant(0.0),
    high: Tail::Identity,
    exact: gelu,
    error: 2.0e-6,
};

/// The slope of [`GELU`]. Outside of [-5, 5]: 0 and 1, off by 7.2e-6 at most.
pub const GELU_SLOPE: Guarded = Guarded {
    name: "gelu_slope",
    series: odd(4, 0.5, &GELU_SLOPE_SINES, &[0.0; 14]),
    limit: 5.0,
    low: Tail::Constant(0.0),
    high: Tail::Constant(1.0),
    exact: gelu_slope,
    error: 1.0e-5,
};

/// The approximation `x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2`. Outside of [-5, 5]: 0 and x, off by 3e-7 at most.
pub const GELU_TANH: Guarded = Guarded {
    name: "gelu_tanh",
    series: even(4, 0.5, 2.006931891632177, &GELU_TANH_COSINES, &[0.0; 12]),
    limit: 5.0,
    low: Tail::Constant(0.0),
    high: Tail::Identity,
    exact: gelu_tanh,
    error: 1.0e-6,
};

/// The slope of [`GELU_TANH`]. Outside of [-5, 5]: 0 and 1, off by 2.3e-6 at most.
pub const GELU_TANH_SLOPE: Guarded = Guarded {
    name: "gelu_tanh_slope",
    series: odd(4, 0.5, &GELU_TANH_SLOPE_SINES, &[0.0; 14]),
    limit: 5.0,
    low: Tail::Constant(0.0),
    high: Tail::Constant(1.0),
    exact: gelu_tanh_slope,
    error: 1.0e-5,
};

/// x / (1 + e^-x). Outside of [-13, 13]: 0 and x, off by 3.0e-5 at most.
pub const SILU: Guarded = Guarded {
    name: "silu",
    series: even(5, 0.5, 3.9153760650694913, &SILU_COSINES, &[0.0; 16]),
    limit: 13.0,
    low: Tail::Constant(0.0),
    high: Tail::Identity,
    exact: silu,
    error: 3.3e-5,
};

/// The slope of [`SILU`]. Outside of [-13, 13]: 0 and 1, off by 2.8e-5 at most.
pub const SILU_SLOPE: Guarded = Guarded {
    name: "silu_slope",
    series: odd(5, 0.5, &SILU_SLOPE_SINES, &[0.0; 20]),
    limit: 13.0,
    low: Tail::Constant(0.0),
    high: Tail::Constant(1.0),
    exact: silu_slope,
    error: 3.3e-5,
};

/// A constant plus an odd function.
const fn odd(period_log2: u32, constant: f64, sines: &'static [f64], cosines: &'static [f64]) -> Series {
    Series { period_log2, constant, linear: 0.0, sines, cosines }
}

/// A multiple of x plus an even function.
const fn even(period_log2: u32, linear: f64, constant: f64, cosines: &'static [f64], sines: &'static [f64]) -> Series {
    Series { period_log2, constant, linear, sines, cosines }
}

fn gauss(x: f64) -> f64 {
    libm::exp(-x * x)
}

fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

fn gelu(x: f64) -> f64 {
    x * normal(x)
}

fn gelu_slope(x: f64) -> f64 {
    normal(x) + x * gauss(x * std::f64::consts::FRAC_1_SQRT_2) / std::f64::consts::TAU.sqrt()
}

/// sqrt(2/pi)
const INNER: f64 = 0.797_884_560_802_865_4;
const CUBIC: f64 = 0.044715;

fn gelu_tanh(x: f64) -> f64 {
    0.5 * x * (1.0 + libm::tanh(INNER * (x + CUBIC * x * x * x)))
}

fn gelu_tanh_slope(x: f64) -> f64 {
    let t = libm::tanh(INNER * (x + CUBIC * x * x * x));
    let change = (1.0 - t * t) * INNER;
    0.5 * (1.0 + t) + if change == 0.0 { 0.0 } else { 0.5 * x * change * (1.0 + 3.0 * CUBIC * x * x) }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

fn silu(x: f64) -> f64 {
    x * logistic(x)
}

fn silu_slope(x: f64) -> f64 {
    let y = logistic(x);
    y + x * y * (1.0 - y)
}

const TANH_SINES: [f64; 16] = [
    1.2029644659551566,
    -0.008052895525769793,
    0.25503187352576434,
    0.008108199630557353,
    0.05421197083949392,
    0.024347213774879202,
    -0.005750575221670572,
    0.02530408608512409,
    -0.015307891509095707,
    0.0163676502653593,
    -0.00957727425827701,
    0.007113126294685791,
    -0.003461815099487741,
    0.001942194418544374,
    -0.0006422153398532581,
    0.00024859573073811704,
];

const ERF_SINES: [f64; 12] = [
    0.7885747858270807,
    0.8631949688958889,
    -0.9227096093572741,
    1.4206704670367645,
    -1.2932002319449258,
    1.1499463622545696,
    -0.772019848802833,
    0.46130568338731115,
    -0.20956481696936352,
    0.07853523264198314,
    -0.019462552063604602,
    0.0032233890487452926,
];

const GELU_COSINES: [f64; 12] = [
    -1.6232139909456305,
    -0.08732306525458955,
    -0.1544181426263856,
    -0.036427181306208756,
    -0.026535021650477497,
    -0.00908161847777969,
    -0.0025951131291772622,
    -0.0015180727880167444,
    1.8410411582070463e-05,
    -0.0001699756927813767,
    1.9842578519418952e-05,
    -7.588716080531022e-06,
];

const GELU_TANH_COSINES: [f64; 12] = [
    -1.749175684423966,
    0.0238845006554681,
    -0.24491620273965253,
    0.03071641780053791,
    -0.07184878483699159,
    0.01875259488000228,
    -0.017648306611695357,
    0.005671768512668759,
    -0.0029419610600858737,
    0.0007776178854372766,
    -0.00022851833523228685,
    2.446169995950348e-05,
];

const SILU_COSINES: [f64; 16] = [
    -3.266617834344909,
    -0.12334688721139658,
    -0.3293481596233243,
    -0.06043019440537154,
    -0.07238569727906449,
    -0.02877169614257239,
    -0.012335557906769658,
    -0.014882927057387451,
    0.001139568923588422,
    -0.00754677929460407,
    0.0023322553187173265,
    -0.0033022379712626853,
    0.0011820516640733139,
    -0.0011068492331311045,
    0.00031256550900522696,
    -0.00023592543809895097,
];

const GAUSS_COSINES: [f64; 10] = [
    0.37978802342825874,
    0.23912241771586148,
    0.11059917765048669,
    0.03757823401683286,
    0.009379352935369234,
    0.0017197475521105177,
    0.000231629555224655,
    2.2924140599345222e-05,
    1.662065764906906e-06,
    9.183357600750508e-08,
];

const GELU_SLOPE_SINES: [f64; 14] = [
    0.6461788397656508,
    0.05310311008816397,
    0.2008276466622292,
    0.03839954257831288,
    0.06811762524490694,
    0.009554719488249576,
    0.01475729154604859,
    0.0005318566165411487,
    0.0019309370310108265,
    -0.00010252225764079007,
    0.00014242074401524252,
    -9.322672413100003e-06,
    3.6116563755846792e-06,
    2.1452674284910822e-07,
];

const GELU_TANH_SLOPE_SINES: [f64; 14] = [
    0.7014747272300641,
    -0.046464188504193205,
    0.3264431292169158,
    -0.09209625032226504,
    0.18582445702223296,
    -0.08500079255285567,
    0.08182382077464345,
    -0.04201851735993626,
    0.025886604874721275,
    -0.011640309958144603,
    0.004999029074174781,
    -0.0016225534827831413,
    0.00041507780000697497,
    -6.547096320836873e-05,
];

const SILU_SLOPE_SINES: [f64; 20] = [
    0.6470514111142047,
    0.037679569688483294,
    0.2088509085861049,
    0.02986812201573593,
    0.08990763871833053,
    0.015259590017932768,
    0.03413458203271063,
    0.008573885201204098,
    0.009887190106353952,
    0.005956198906361254,
    0.0009848821950866925,
    0.0041578011498326975,
    -0.0012236833077550746,
    0.002486169549172749,
    -0.0010726895890820676,
    0.0011780164122734043,
    -0.0004959160433204853,
    0.0004069579221798892,
    -0.0001272274667261505,
    8.600963372001435e-05,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fits_are_as_good_as_they_say() {
        for f in [TANH, ERF, GAUSS, GELU, GELU_SLOPE, GELU_TANH, GELU_TANH_SLOPE, SILU, SILU_SLOPE] {
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
