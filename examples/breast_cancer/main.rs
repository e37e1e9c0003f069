//! Two hospitals train a model on patients whom both have treated, and neither sees the other's measurements.
//!
//! Northside holds the first 15 measurements of each of 569 tumours, and the diagnoses; Riverside holds the other 15
//! measurements. They train logistic regression on secret shares. All that ever comes out: how good the model is on
//! patients kept for the test (to both), and the weights (to Northside).
//!
//! `cargo run --release --example breast_cancer` runs both hospitals and the dealer as processes on this machine;
//! `-- --help` explains the flags, also how to run one hospital alone.

mod plaintext;

use launch::clap;
use mpc::{nn::data::batches, nn::optim::Sgd, prelude::*};
use plaintext::Split;
use std::time::Instant;

parties! { compute Northside, Riverside; }

#[secure_model]
struct Diagnosis {
    linear: Linear,
}

impl Diagnosis {
    /// The logits of rows of measurements.
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        self.linear.forward(x)
    }
}

#[derive(clap::Args)]
struct Flags {
    /// Passes over the training data
    #[arg(long, default_value_t = 10)]
    epochs: usize,

    /// Rows in a batch
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,

    /// Learning rate
    #[arg(long, default_value_t = 0.1)]
    lr: f64,

    /// Momentum, from 0 up to 1
    #[arg(long, default_value_t = 0.9)]
    momentum: f64,
}

/// Diagnoses breast cancer from the measurements of two hospitals that do not show them to each other.
#[mpc::main]
async fn main(s: Session, flags: Flags) -> mpc::Result<()> {
    let start = Instant::now();
    // For the example every process carries the whole table; each hospital feeds in its own columns only.
    let table = plaintext::load().map_err(mpc::Error::program)?;
    let (train, test) = (table.train_y.len(), table.test_y.len());

    let north = |x: &ndarray::Array2<f64>| plaintext::columns(x, plaintext::FIRST_COLUMNS);
    let river = |x: &ndarray::Array2<f64>| plaintext::columns(x, plaintext::SECOND_COLUMNS);
    let x = s.input::<Northside>([train, 15], || north(&table.train_x)).share();
    let x = x.concat(&s.input::<Riverside>([train, 15], || river(&table.train_x)), 1);
    let y = s.input::<Northside>([train, 1], || table.train_y.to_vec()).share();
    let test_x = s.input::<Northside>([test, 15], || north(&table.test_x)).share();
    let test_x = test_x.concat(&s.input::<Riverside>([test, 15], || river(&table.test_x)), 1);
    let test_y = s.input::<Northside>([test, 1], || table.test_y.to_vec()).share();

    let mut model = Diagnosis { linear: Linear::zeros(&s, 30, 1) };
    let mut sgd = Sgd::new(flags.lr).momentum(flags.momentum);
    let batch = usize::from(flags.batch);
    let bar = launch::Progress::new("training", (flags.epochs * batches(train, batch).len()) as u64);
    for _ in 0..flags.epochs {
        for rows in batches(train, batch) {
            let loss = nn::loss::bce_with_logits(&model.forward(&x.rows(rows.clone())), &y.rows(rows));
            sgd.step(&s, &mut model, &loss.backward());
            bar.advance(1);
        }
    }
    drop(bar);

    let accuracy = nn::metrics::binary_accuracy(&model.forward(&test_x), &test_y).reveal();
    let weights = model.linear.weight.reveal_to::<Northside>();
    let (accuracy, weights) = (accuracy.item().await?, weights.await?);
    report(&s, &table, &flags, accuracy, weights, start);
    Ok(())
}

/// What this hospital may see, next to the same training in the clear.
fn report(
    s: &Session,
    table: &Split,
    flags: &Flags,
    accuracy: f64,
    weights: Option<ndarray::ArrayD<f64>>,
    start: Instant,
) {
    let seconds = start.elapsed().as_secs_f64();
    let (cost, offline) = (s.traffic().total, s.timing().dealer.as_secs_f64());
    let clear = plaintext::train(table, flags.epochs, usize::from(flags.batch), flags.lr, flags.momentum);
    let clear_accuracy = plaintext::accuracy(&table.test_x, &table.test_y, &clear.0, clear.1);

    let mut lines = comfy_table::Table::new();
    lines.load_style(comfy_table::presets::UTF8_FULL_CONDENSED).set_header(["", s.name()]);
    let mut line = |name: &str, value: String| {
        lines.add_row([name.to_owned(), value]);
    };
    line("test accuracy, trained on shares", format!("{:.2} %", 100.0 * accuracy));
    line("test accuracy, trained in the clear", format!("{:.2} %", 100.0 * clear_accuracy));
    if let Some(weights) = weights {
        let far = weights.iter().zip(&clear.0).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        line("largest difference of a weight", format!("{far:.5}"));
    }
    line("rounds", cost.rounds.to_string());
    line("sent to the other hospital", kilobytes(cost.sent));
    line("received from the dealer", kilobytes(cost.dealt));
    line("sent by the dealer to both", kilobytes(s.dealer_sent()));
    line("seconds online", format!("{:.2}", seconds - offline));
    line("seconds offline (waiting for the dealer)", format!("{offline:.2}"));
    anstream::println!("{lines}");
    for opened in s.ledger() {
        anstream::println!("opened: {opened}");
    }
}

fn kilobytes(bytes: u64) -> String {
    format!("{:.1} kB", bytes as f64 / 1e3)
}
