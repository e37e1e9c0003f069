//! Ten thousand steps: numbers stay in their range, and training does not drift from the same in f64.
//!
//! `cargo test --release -p mpc-nn --test long -- --ignored --nocapture`

mod helpers;

use helpers::{agreed, alice, bob};
use mpc_core::{Session, sim::Sim};
use mpc_nn::{Layer, Linear, Module, Param, layers::Relu, loss, optim::Sgd, sequential};

const STEPS: usize = 10_000;
const ROWS: usize = 16;
const HIDDEN: usize = 8;
const LR: f64 = 0.02;

/// Row `at` of an endless table: two features and what they should give.
fn row(at: usize) -> ([f64; 2], f64) {
    let part = |factor: usize| (at * factor % 1009) as f64 / 504.5 - 1.0;
    let (a, b) = (part(389), part(733));
    ([a, b], (2.0 * a).sin() * b)
}

/// The network in f64: weights of the hidden layer `[8, 2]` and bias, of the output `[8]` and bias.
#[derive(Clone)]
struct Clear {
    hidden: Vec<f64>,
    hidden_bias: Vec<f64>,
    out: Vec<f64>,
    out_bias: f64,
}

impl Clear {
    fn first() -> Self {
        let draw = |n: usize, factor: usize| (0..n).map(|at| (at * factor % 17) as f64 / 17.0 - 0.5).collect();
        Self { hidden: draw(2 * HIDDEN, 5), hidden_bias: draw(HIDDEN, 7), out: draw(HIDDEN, 11), out_bias: 0.0 }
    }

    /// A step of gradient descent on the mean squared error; the loss before it.
    fn step(&mut self, rows: &[([f64; 2], f64)]) -> f64 {
        let (old, n) = (self.clone(), rows.len() as f64);
        let mut sum = 0.0;
        for (x, target) in rows {
            let pre = |k: usize| old.hidden[2 * k] * x[0] + old.hidden[2 * k + 1] * x[1] + old.hidden_bias[k];
            let y = (0..HIDDEN).map(|k| old.out[k] * pre(k).max(0.0)).sum::<f64>() + old.out_bias;
            sum += (y - target).powi(2);
            let slope = LR * 2.0 * (y - target) / n;
            self.out_bias -= slope;
            for k in 0..HIDDEN {
                self.out[k] -= slope * pre(k).max(0.0);
                if pre(k) > 0.0 {
                    let back = slope * old.out[k];
                    self.hidden[2 * k] -= back * x[0];
                    self.hidden[2 * k + 1] -= back * x[1];
                    self.hidden_bias[k] -= back;
                }
            }
        }
        sum / n
    }

    fn all(&self) -> Vec<f64> {
        [&self.hidden[..], &self.hidden_bias, &self.out, &[self.out_bias]].concat()
    }
}

/// The loss of every hundredth step and the weights at the end, on shares.
fn on_shares(parties: usize, steps: usize) -> (Vec<f64>, Vec<f64>) {
    agreed(Sim::new(parties).run(async |s: Session| {
        let first = Clear::first();
        let linear = |inputs: usize, outputs: usize, weight: &[f64], bias: &[f64]| Linear {
            weight: Param::new(alice(&s, [outputs, inputs], weight)),
            bias: Some(Param::new(bob(&s, outputs, bias))),
        };
        let mut model = sequential![
            linear(2, HIDDEN, &first.hidden, &first.hidden_bias),
            Relu,
            linear(HIDDEN, 1, &first.out, &[first.out_bias]),
        ];
        let (mut sgd, mut losses) = (Sgd::new(LR), Vec::new());
        for step in 0..steps {
            let rows: Vec<_> = (0..ROWS).map(|at| row(step * ROWS + at)).collect();
            let x = alice(&s, [ROWS, 2], &rows.iter().flat_map(|(x, _)| *x).collect::<Vec<_>>());
            let y = bob(&s, [ROWS, 1], &rows.iter().map(|(_, y)| *y).collect::<Vec<_>>());
            let loss = loss::mse(&model.forward(&x), &y);
            sgd.step(&s, &mut model, &loss.backward());
            if step % 100 == 99 {
                losses.push(loss.reveal().item().await?);
            }
        }
        let mut weights = Vec::new();
        for (_, param) in model.parameters() {
            weights.extend(param.reveal().await?);
        }
        Ok((losses, weights))
    }))
}

fn compare(parties: usize, steps: usize) {
    let (losses, weights) = on_shares(parties, steps);
    let (mut clear, mut at, mut farthest) = (Clear::first(), 0, 0f64);
    for step in 0..steps {
        let rows: Vec<_> = (0..ROWS).map(|at| row(step * ROWS + at)).collect();
        let loss = clear.step(&rows);
        if step % 100 == 99 {
            farthest = farthest.max((loss - losses[at]).abs());
            at += 1;
        }
    }
    let apart = weights.iter().zip(clear.all()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    eprintln!(
        "{parties} parties, {steps} steps: weights at most {apart:.5} apart, losses {farthest:.6}; the last loss {:.5}",
        losses[losses.len() - 1]
    );
    assert!(farthest < 2e-3 && apart < 2e-2, "losses {farthest} apart, weights {apart}");
}

#[test]
fn two_hundred_steps_are_those_in_f64() {
    compare(2, 200);
}

#[test]
#[ignore = "minutes"]
fn ten_thousand_steps_stay_in_range() {
    for parties in [2, 3] {
        compare(parties, STEPS);
    }
}
