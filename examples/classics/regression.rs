//! Linear regression by gradient descent with momentum: how far diabetes comes in a year.

use super::data::{self, Outcome, diabetes, joined, labels};
use mpc::prelude::*;

/// Steps, learning rate, momentum, weight decay.
const SETTINGS: [f64; 4] = [80.0, 0.1, 0.9, 0.0];

/// The coefficient of determination on the test rows, and the weights and the bias.
pub(crate) async fn on_shares(s: &Session) -> mpc::Result<Outcome> {
    let table = diabetes();
    let [steps, lr, momentum, _] = SETTINGS;
    let (x, y) = (joined(s, &table.train_x), labels(s, &table.train_y));
    let mut model = Linear::zeros(s, table.train_x.ncols(), 1);
    let mut sgd = nn::optim::Sgd::new(lr).momentum(momentum);
    for _ in 0..steps as usize {
        let loss = nn::loss::mse(&model.forward(&x), &y);
        sgd.step(s, &mut model, &loss.backward());
    }
    let (x, y) = (joined(s, &table.test_x), labels(s, &table.test_y));
    let score = nn::metrics::r2(&model.forward(&x), &y).reveal();
    let values = model.weight.reshape(table.train_x.ncols()).reveal();
    Ok(Outcome { score: score.item().await?, values: values.await?.into_iter().collect() })
}

pub(crate) fn in_the_clear() -> Outcome {
    let table = diabetes();
    let (w, b) = data::descend(&table, SETTINGS, |score, y| 2.0 * (score - y));
    let mean = table.test_y.mean().unwrap_or(0.0);
    let found = table.test_x.dot(&w) + b;
    let of = |f: &dyn Fn(f64, f64) -> f64| data::mean(&found, &table.test_y, f);
    let score = 1.0 - of(&|found, y| (found - y).powi(2)) / of(&|_, y| (mean - y).powi(2));
    Outcome { score, values: w.to_vec() }
}
