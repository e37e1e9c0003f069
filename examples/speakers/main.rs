//! Who is speaking? Two phone companies have recordings of nine speakers, and train a network on all of them together.
//!
//! A recording is seven steps of twelve numbers. Each company has fifteen recordings of every speaker to learn from; the
//! second has 370 more for the test. Both learn the share of those that is right. Weights and recordings stay secret. The
//! network is an LSTM or a transformer.
//!
//! `cargo run --release --example speakers` runs both on this machine; `-- --network lstm` trains one of the two.

mod plaintext;
#[path = "../common/report.rs"]
mod report;
mod tape;

use launch::clap;
use mpc::prelude::*;
use ndarray::s;
use nn::layers::{Lstm, Stack, TransformerEncoderLayer};
use plaintext::{BATCH, HEADS, HIDDEN, INPUTS, Kind, MOMENTUM, SPEAKERS, STEPS, TRAIN};

parties! { compute North, South; }

#[derive(clap::Args)]
struct Flags {
    /// One of the networks; both, if none is named
    #[arg(long)]
    network: Option<Kind>,
    /// How often every recording is seen
    #[arg(long, default_value_t = 30)]
    epochs: usize,
}

#[secure_model]
struct Remembering {
    body: Lstm,
    head: Linear,
}

#[secure_model]
impl Remembering {
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let last = self.body.last(x);
        self.head(last)
    }
}

#[secure_model]
struct Attending {
    lift: Linear,
    body: TransformerEncoderLayer,
    head: Linear,
}

#[secure_model]
impl Attending {
    fn forward(&self, x: &Tensor<Secret>, places: &Tensor<Public>) -> Tensor<Secret> {
        let x = self.lift(x) + places;
        let means = self.body(x).mean_axes(&[1]);
        self.head(means)
    }
}

/// The share of the test recordings whose speaker is found, and the names and shapes of the parameters.
async fn learn(s: &Session, kind: Kind, epochs: usize) -> mpc::Result<(f64, Vec<(String, Vec<usize>)>)> {
    match kind {
        Kind::Lstm => {
            let body = Lstm::init(s, Stack::new(INPUTS, HIDDEN));
            let model = Remembering { body, head: Linear::init(s, HIDDEN, SPEAKERS) };
            train(s, kind, epochs, model, Remembering::forward).await
        }
        Kind::Transformer => {
            let places = s.public([STEPS, HIDDEN], &plaintext::places());
            let lift = Linear::init(s, INPUTS, HIDDEN);
            let body = TransformerEncoderLayer::init(s, HIDDEN, HEADS, HIDDEN).relu();
            let model = Attending { lift, body, head: Linear::init(s, HIDDEN, SPEAKERS) };
            train(s, kind, epochs, model, |model, x| model.forward(x, &places)).await
        }
    }
}

async fn train<M: Module>(
    s: &Session,
    kind: Kind,
    epochs: usize,
    mut model: M,
    forward: impl Fn(&M, &Tensor<Secret>) -> Tensor<Secret>,
) -> mpc::Result<(f64, Vec<(String, Vec<usize>)>)> {
    // To compare with the training in the clear, the first weights are public; else they would be those of `init`.
    let mut shapes = Vec::new();
    model.for_each_param(|name, param| {
        let dims = param.shape().dims().to_vec();
        param.set(s.public(&dims[..], &plaintext::first(name, &dims)).share());
        shapes.push((name.to_owned(), dims));
    });
    // For the example every process carries all recordings; each party feeds in its own only.
    let (x, speakers) = plaintext::load();
    let part = |from: usize, to: usize| x.slice(s![from..to, ..]).to_owned();
    let own = s.input::<North>([TRAIN / 2, STEPS * INPUTS], || part(0, TRAIN / 2)).share();
    let recordings = own.concat(&s.input::<South>([TRAIN / 2, STEPS * INPUTS], || part(TRAIN / 2, TRAIN)), 0);
    let hot = |from: usize, to: usize| {
        let row = |at: &usize| (0..SPEAKERS).map(|class| f64::from(u8::from(class == *at))).collect::<Vec<_>>();
        speakers[from..to].iter().flat_map(row).collect::<Vec<_>>()
    };
    let own = s.input::<North>([TRAIN / 2, SPEAKERS], || hot(0, TRAIN / 2)).share();
    let names = own.concat(&s.input::<South>([TRAIN / 2, SPEAKERS], || hot(TRAIN / 2, TRAIN)), 0);
    let recordings = recordings.reshape([TRAIN, STEPS, INPUTS]);

    let mut sgd = nn::optim::Sgd::new(kind.lr()).momentum(MOMENTUM).schedule(plaintext::schedule(epochs));
    for _ in 0..epochs {
        for rows in nn::data::batches(TRAIN, BATCH) {
            let logits = forward(&model, &recordings.rows(rows.clone()));
            let loss = nn::loss::cross_entropy(&logits, &names.rows(rows));
            let gradients = sgd.backward(&loss);
            sgd.step(s, &mut model, &gradients);
        }
    }
    let count = speakers.len() - TRAIN;
    let test = s.input::<South>([count, STEPS * INPUTS], || part(TRAIN, speakers.len())).share();
    let truth = s.input::<South>([count], || speakers[TRAIN..].iter().map(|at| *at as f64).collect::<Vec<_>>()).share();
    let logits = s.no_grad(|| forward(&model, &test.reshape([count, STEPS, INPUTS])));
    Ok((nn::metrics::accuracy(&logits, &truth).reveal().item().await?, shapes))
}

/// Nine speakers, known by their voices.
#[mpc::main]
async fn main(s: Session, flags: Flags) -> mpc::Result<()> {
    let mut rows = Vec::new();
    for kind in [Kind::Lstm, Kind::Transformer] {
        if flags.network.is_some_and(|only| only != kind) {
            continue;
        }
        let before = s.traffic().total.rounds;
        let (found, shapes) = learn(&s, kind, flags.epochs).await?;
        let name = if kind == Kind::Lstm { "LSTM: right speakers" } else { "transformer: right speakers" };
        rows.push((name, format!("{:.2} %", 100.0 * found)));
        let clear = plaintext::accuracy(kind, flags.epochs, &shapes, |weight| weight);
        rows.push(("  trained in the clear", format!("{:.2} %", 100.0 * clear)));
        rows.push(("  rounds of this", (s.traffic().total.rounds - before).to_string()));
    }
    report::print(&s, &rows);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agrees(kind: Kind, parties: usize, epochs: usize) {
        let mut clear = None;
        for found in mpc::sim::Sim::new(parties).seed(1).run(async |s: Session| learn(&s, kind, epochs).await) {
            let (found, shapes) = found.unwrap();
            let clear = *clear.get_or_insert_with(|| plaintext::accuracy(kind, epochs, &shapes, |weight| weight));
            assert!((found - clear).abs() < 0.0055 && clear > 0.12, "{found} and {clear}");
        }
    }

    #[test]
    fn the_lstm_is_that_in_the_clear() {
        agrees(Kind::Lstm, 2, 3);
    }

    #[test]
    fn the_transformer_is_that_in_the_clear() {
        agrees(Kind::Transformer, 2, 3);
    }

    fn shapes(kind: Kind) -> Vec<(String, Vec<usize>)> {
        let mut found = mpc::sim::Sim::new(2).run(async |s: Session| learn(&s, kind, 0).await);
        found.swap_remove(0).unwrap().1
    }

    /// Noise of two units in every weight after every step moves the result in the clear by three of the 370 recordings at
    /// most. What differs more on shares is then a fault of the computation.
    #[test]
    #[ignore = "a minute"]
    fn rounding_does_not_decide() {
        for kind in [Kind::Lstm, Kind::Transformer] {
            let shapes = shapes(kind);
            let exact = plaintext::accuracy(kind, 30, &shapes, |weight| weight);
            assert!(exact > 0.9, "{exact}");
            for seed in 1..6u64 {
                let mut state = seed;
                let found = plaintext::accuracy(kind, 30, &shapes, |weight| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    weight + 3e-5 * ((state >> 40) as f64 / f64::from(1 << 23) - 1.0)
                });
                assert!((found - exact).abs() < 3.5 / 370.0, "{kind:?} {seed}: {found} and {exact}");
            }
        }
    }

    #[test]
    #[ignore = "half a minute"]
    fn so_are_both_among_three_parties() {
        agrees(Kind::Lstm, 3, 4);
        agrees(Kind::Transformer, 3, 4);
    }
}
