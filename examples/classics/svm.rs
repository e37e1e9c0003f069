//! A linear support vector machine, by gradient descent on the hinge loss: which tumours are benign.

use super::data::{self, Outcome, joined, labels, tumours};
use mpc::prelude::*;

/// Steps, learning rate, momentum, weight decay.
const SETTINGS: [f64; 4] = [60.0, 0.05, 0.9, 0.01];

/// The share of test rows that are right, and the weights.
pub(crate) async fn on_shares(s: &Session) -> mpc::Result<Outcome> {
    let table = tumours();
    let [steps, lr, momentum, decay] = SETTINGS;
    let (x, y) = (joined(s, &table.train_x), labels(s, &table.train_y));
    let mut model = Linear::zeros(s, table.train_x.ncols(), 1);
    let mut sgd = nn::optim::Sgd::new(lr).momentum(momentum).weight_decay(decay);
    for _ in 0..steps as usize {
        let loss = nn::loss::hinge(&model.forward(&x), &y);
        sgd.step(s, &mut model, &loss.backward());
    }
    let (x, y) = (joined(s, &table.test_x), labels(s, &table.test_y));
    // Right where score and label have one sign.
    let score = (model.forward(&x) * y).gt(0.0).number().mean().reveal();
    let values = model.weight.reshape(table.train_x.ncols()).reveal();
    Ok(Outcome { score: score.item().await?, values: values.await?.into_iter().collect() })
}

pub(crate) fn in_the_clear() -> Outcome {
    let table = tumours();
    let (w, b) = data::descend(&table, SETTINGS, |score, y| if score * y < 1.0 { -y } else { 0.0 });
    let found = table.test_x.dot(&w) + b;
    let score = data::mean(&found, &table.test_y, |found, y| f64::from(u8::from(found * y > 0.0)));
    Outcome { score, values: w.to_vec() }
}
