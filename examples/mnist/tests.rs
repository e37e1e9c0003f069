//! Training on the sample, on shares and in the clear.

use super::*;
use mpc::sim::Sim;

/// Accuracies after every epoch: on shares, and in the clear.
fn both(plan: Plan, train_on: usize, test_on: usize) -> (Vec<f64>, Vec<f64>) {
    let Mnist { train: rows, test, .. } = data::sample();
    let (rows, test) = (rows.first(Some(train_on)), test.first(Some(test_on)));
    let mut clear = Vec::new();
    plaintext::train(&plan, &rows, &test, |accuracy| clear.push(accuracy));
    let start = Start::Public(plan.seed);
    let program = async |s: Session| {
        let data = (share(&s, &rows).await?, share(&s, &test).await?);
        train(&s, &plan, start, 7, data, None, |_: &Event<'_>| {}).await
    };
    let reports = Sim::new(2).seed(1).run(program);
    let secret = reports.into_iter().next().unwrap().unwrap();
    (secret.epochs.iter().map(|epoch| epoch.revealed[0].1).collect(), clear)
}

#[test]
fn network_a_learns_the_sample() {
    let plan = Plan { network: Network::Mlp, epochs: 4, batch: 50, lr: 0.05, momentum: 0.9, cosine: false, seed: 1 };
    let (secret, clear) = both(plan, 600, 200);
    assert!(secret[3] >= 0.75, "{secret:?}, in the clear {clear:?}");
    let near = secret.iter().zip(&clear).all(|(a, b)| (a - b).abs() <= 0.02);
    assert!(near, "{secret:?}, in the clear {clear:?}");
}

#[test]
fn convolutional_networks_take_the_steps_that_they_take_in_the_clear() {
    for network in [Network::Minionn, Network::Sarda] {
        let plan = Plan { network, epochs: 1, batch: 16, lr: 0.05, momentum: 0.9, cosine: false, seed: 2 };
        let (secret, clear) = both(plan, 96, 40);
        assert!((secret[0] - clear[0]).abs() <= 0.06, "{network:?}: {secret:?}, in the clear {clear:?}");
    }
}
