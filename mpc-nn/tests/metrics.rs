//! Metrics against the same in the clear.

mod helpers;

use helpers::{ULP, agreed, alice, bob, close};
use mpc_core::{Result, Secret, Session, Tensor, sim::Sim};
use mpc_nn::metrics;

/// The values of some secret tensors, one after the other, and the rounds they took.
fn revealed(parties: usize, program: impl Fn(&Session) -> Vec<Tensor<Secret>> + Sync) -> (Vec<f64>, u64) {
    let seen = Sim::new(parties).run(async |s: Session| -> Result<_> {
        let parts: Vec<_> = program(&s).iter().map(|x| x.reshape([x.shape().len()])).collect();
        let all = parts[1..].iter().fold(parts[0].clone(), |all, part| all.concat(part, 0));
        let values = all.reveal().await?.into_raw_vec_and_offset().0;
        Ok((values, s.traffic().total.rounds - 1))
    });
    agreed(seen)
}

#[test]
fn binary_classification() {
    let (logits, labels) = ([1.5, -0.5, 0.0, 2.0, -3.0, 0.25, -0.1, 4.0], [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    for parties in [2, 3] {
        let (found, _) = revealed(parties, |s| {
            let (logits, labels) = (alice(s, [8, 1], &logits), bob(s, [8, 1], &labels));
            let scores = metrics::binary_scores(&logits, &labels);
            vec![metrics::binary_accuracy(&logits, &labels), scores.precision, scores.recall, scores.f1]
        });
        // Taken: 0, 2, 3, 5, 7; of class 1: 0, 1, 2, 7.
        close(found, [5.0 / 8.0, 3.0 / 5.0, 3.0 / 4.0, 6.0 / 9.0], 4e-4);
    }
    let rounds = |f: fn(&Tensor<Secret>, &Tensor<Secret>) -> Vec<Tensor<Secret>>| {
        revealed(2, |s| f(&alice(s, 8, &logits), &bob(s, 8, &labels))).1
    };
    assert_eq!(rounds(|x, y| vec![metrics::binary_accuracy(x, y)]), 7);
    assert_eq!(rounds(|x, y| vec![metrics::binary_scores(x, y).f1]), 14);
}

#[test]
fn many_classes() {
    let logits = [[0.1, 2.0, 0.3], [5.0, 1.0, 4.9], [0.0, 0.0, 0.0], [-1.0, -3.0, -0.5], [0.5, 0.7, 0.6]].concat();
    let labels = [1.0, 2.0, 0.0, 2.0, 1.0];
    let (found, _) = revealed(2, |s| {
        let (logits, labels) = (alice(s, [5, 3], &logits), bob(s, 5, &labels));
        let confusion = metrics::confusion_matrix(&logits.argmax(1), &labels, 4);
        let scores = metrics::scores(&confusion);
        vec![metrics::accuracy(&logits, &labels), confusion, scores.precision, scores.recall, scores.f1]
    });
    let confusion = [1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    close(found[1..17].to_vec(), confusion, 0.0);
    close([found[0]], [0.8], 2.0 * ULP);
    let scores = [0.5, 1.0, 1.0, 0.0, 1.0, 1.0, 0.5, 0.0, 2.0 / 3.0, 1.0, 2.0 / 3.0, 0.0];
    close(found[17..].to_vec(), scores, 4e-4);
}

#[test]
fn regression() {
    let (predicted, targets) = ([1.0, 2.5, -3.0, 0.5], [1.5, 2.0, -2.0, 0.5]);
    let (found, _) = revealed(2, |s| {
        let (x, y) = (alice(s, 4, &predicted), bob(s, 4, &targets));
        vec![metrics::mse(&x, &y), metrics::mae(&x, &y), metrics::r2(&x, &y)]
    });
    let squares = 0.25 + 0.25 + 1.0;
    let spread: f64 = targets.iter().map(|y| (y - 0.5) * (y - 0.5)).sum();
    close(found, [squares / 4.0, 0.5, 1.0 - squares / spread], 4e-4);
}

#[test]
fn the_rounds_are_those_of_the_documentation() {
    type Metric = fn(&Tensor<Secret>, &Tensor<Secret>) -> Tensor<Secret>;
    let rounds =
        |f: Metric| revealed(2, |s| vec![f(&alice(s, 4, &[1.0, 2.0, 0.0, 1.0]), &bob(s, 4, &[1.0, 0.0, 2.0, 2.0]))]).1;
    assert_eq!(rounds(metrics::mse), 3);
    assert_eq!(rounds(metrics::mae), 5);
    assert_eq!(rounds(metrics::r2), 14);
    assert_eq!(rounds(|x, y| metrics::confusion_matrix(x, y, 3)), 4);
    assert_eq!(rounds(|x, y| metrics::scores(&x.outer(y)).f1), 10 + 2);
    let argmax = rounds(|x, _| x.reshape([2, 2]).argmax(1));
    assert_eq!(rounds(|x, y| metrics::accuracy(&x.reshape([2, 2]), &y.rows(0..2))), argmax + 5);
}

/// The definition: all pairs.
fn auc_of_pairs(scores: &[f64], labels: &[f64]) -> f64 {
    let of = |class: f64| scores.iter().zip(labels).filter(move |(_, label)| **label == class).map(|(score, _)| *score);
    let pairs: Vec<f64> = of(1.0)
        .flat_map(|x| of(0.0).map(move |y| if x > y { 1.0 } else { 0.5 * f64::from(u8::from(x == y)) }))
        .collect();
    pairs.iter().sum::<f64>() / pairs.len() as f64
}

#[test]
fn the_area_under_the_curve_counts_ties_half() {
    let scores: Vec<f64> = (0..21).map(|i| f64::from(i * 8 % 11) / 4.0 - 1.0).collect();
    let labels: Vec<f64> = (0..21).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
    let expected = auc_of_pairs(&scores, &labels);
    assert_ne!(
        expected,
        auc_of_pairs(&scores.iter().enumerate().map(|(at, x)| x + 1e-6 * at as f64).collect::<Vec<_>>(), &labels)
    );
    let (found, rounds) = revealed(2, |s| vec![metrics::auc(&alice(s, 21, &scores), &bob(s, 21, &labels))]);
    close(found, [expected], 5e-4);
    let sorting = revealed(2, |s| vec![alice(s, 21, &scores).sort(0, false)]).1;
    assert_eq!(rounds, sorting + 8);
    let (none, _) = revealed(2, |s| vec![metrics::auc(&alice(s, 21, &scores), &bob(s, 21, &[1.0; 21]))]);
    close(none, [0.0], 0.0);
}
