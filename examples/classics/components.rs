//! The two principal components of thirty columns, by power iteration: the directions in which tumours differ most.

use super::data::{Outcome, joined, tumours};
use mpc::prelude::*;
use ndarray::{Array1, Array2};

const TURNS: usize = 12;

/// Where the iteration of a component starts, which everybody may know.
fn start(component: usize, columns: usize) -> Vec<f64> {
    let size = 1.0 / (columns as f64).sqrt();
    (0..columns).map(|at| if at * component % 2 == 1 { -size } else { size }).collect()
}

/// The share of the variance that the two explain, and the two.
pub(crate) async fn on_shares(s: &Session) -> mpc::Result<Outcome> {
    let x = joined(s, &tumours().train_x);
    let &[rows, columns] = x.shape().dims() else { return Ok(Outcome::default()) };
    let mut covariance = x.t().matmul(&x) / rows as f64;
    let (mut explained, mut values) = (Vec::new(), Vec::new());
    for component in 0..2 {
        let mut v = s.public([columns, 1], &start(component, columns)).share();
        for _ in 0..TURNS {
            let w = covariance.matmul(&v);
            v = w.over_sqrt(&w.norm_squared());
        }
        let size = v.t().matmul(&covariance.matmul(&v));
        covariance -= v.matmul(&v.t()) * &size;
        // The columns are standardised: their variance is 1.
        explained.push((size / columns as f64).reveal());
        values.push(v.reveal());
    }
    let mut outcome = Outcome::default();
    for (size, v) in explained.into_iter().zip(values) {
        outcome.score += size.await?.sum();
        outcome.values.extend(v.await?);
    }
    Ok(outcome)
}

pub(crate) fn in_the_clear() -> Outcome {
    let x = tumours().train_x;
    let mut covariance: Array2<f64> = x.t().dot(&x) / x.nrows() as f64;
    let mut outcome = Outcome::default();
    for component in 0..2 {
        let mut v = Array1::from(start(component, x.ncols()));
        for _ in 0..TURNS {
            let w = covariance.dot(&v);
            v = &w / w.dot(&w).sqrt();
        }
        let size = v.dot(&covariance.dot(&v));
        let outer = Array2::from_shape_fn(covariance.raw_dim(), |(i, j)| size * v[i] * v[j]);
        covariance -= &outer;
        outcome.score += size / x.ncols() as f64;
        outcome.values.extend(v);
    }
    outcome
}
