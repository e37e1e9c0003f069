//! Two institutions train a network on handwritten digits, and neither sees the other's images, the weights, or anything in
//! between: every step of the training is on secret shares.
//!
//! A post office and a bank have half of the images each, with their digits. All that comes out is how many of the test
//! images the network gets right, after every epoch; the weights stay shared. The same training in the clear is printed
//! beside it.
//!
//! `cargo run --release --example mnist -- --model lenet` runs both and the dealer as processes on this machine. A sample of
//! 600 images is in the repository; `bash examples/data/mnist.sh` fetches all 60,000. `-- --help` explains the flags.

mod data;
mod networks;
mod plaintext;
mod report;

use data::{Mnist, Rows};
use launch::clap;
use mpc::{
    nn::{
        checkpoint::Checkpoints,
        data::{batches, horizontal},
        loss, metrics,
        optim::Sgd,
        train::{Callback, Event, Report, TensorBoard, Trainer},
    },
    prelude::*,
};
use networks::{Network, Start};
use plaintext::Plan;
use report::{Epochs, Log};
use std::path::PathBuf;

parties! { compute Post, Bank; }

#[derive(Debug, clap::Args)]
struct Flags {
    /// Network and recipe
    #[arg(long, value_enum, default_value = "mlp")]
    model: Network,

    /// Passes over the training images [default: that of the recipe]
    #[arg(long)]
    epochs: Option<u64>,

    /// Images in a step
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,

    /// Learning rate [default: that of the recipe]
    #[arg(long)]
    lr: Option<f64>,

    /// Momentum, from 0 up to 1 [default: that of the recipe]
    #[arg(long)]
    momentum: Option<f64>,

    /// Computes the gradients of 2^BITS times the loss: see `Optimiser::loss_scale`
    #[arg(long, value_name = "BITS", default_value_t = 7, value_parser = clap::value_parser!(u32).range(0..=12))]
    loss_scale: u32,

    /// Train on the first N images only
    #[arg(long, value_name = "N")]
    train: Option<usize>,

    /// Test on the first N images only
    #[arg(long, value_name = "N")]
    test: Option<usize>,

    /// Seed of first weights that both trainings begin with
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Draws the first weights on shares, so that nobody knows them, instead of from a public seed
    #[arg(long)]
    secret_start: bool,

    /// The four files of MNIST [default: examples/data/mnist, else the sample]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Keeps a checkpoint of each party in DIR/NAME every 100 steps, and goes on from the newest
    #[arg(long, value_name = "DIR", requires = "checkpoint_key")]
    checkpoint: Option<PathBuf>,

    /// What this party encrypts its checkpoints with: a file of at least 12 bytes
    #[arg(long, value_name = "FILE", requires = "checkpoint")]
    checkpoint_key: Option<PathBuf>,

    /// Writes the curve of each party for TensorBoard to DIR/NAME
    #[arg(long, value_name = "DIR")]
    tensorboard: Option<PathBuf>,

    /// Does not train in the clear
    #[arg(long, conflicts_with = "clear_only")]
    no_clear: bool,

    /// Trains in the clear only, to try a recipe
    #[arg(long)]
    clear_only: bool,
}

impl Flags {
    fn plan(&self) -> Plan {
        let recipe = self.model.recipe();
        Plan {
            network: self.model,
            epochs: self.epochs.unwrap_or(recipe.epochs),
            batch: self.batch.into(),
            lr: self.lr.unwrap_or(recipe.lr),
            momentum: self.momentum.unwrap_or(recipe.momentum),
            cosine: recipe.cosine,
            seed: self.seed,
        }
    }

    fn start(&self) -> Start {
        if self.secret_start { Start::Secret } else { Start::Public(self.seed) }
    }
}

/// The rows of all parties, on shares: images, and digits as the loss and the metric want them.
struct Shared {
    x: Tensor<Secret>,
    one_hot: Tensor<Secret>,
    digits: Tensor<Secret>,
}

/// Every party gives its own part of the rows.
async fn share(s: &Session, rows: &Rows) -> mpc::Result<Shared> {
    let own = rows.part(s.runtime().me(), s.names().len());
    let x = horizontal(s, Some(own.x.clone())).await?;
    let one_hot = horizontal(s, Some(own.one_hot())).await?;
    let digits = horizontal(s, Some(own.column())).await?;
    Ok(Shared { x, one_hot, digits: digits.reshape([rows.y.len()]) })
}

/// Any of the networks.
type Model = Box<dyn Layer>;

/// Trains, and reveals the accuracy after every epoch.
async fn train(
    s: &Session,
    plan: &Plan,
    start: Start,
    loss_scale: u32,
    data: (Shared, Shared),
    checkpoints: Option<Checkpoints>,
    watch: impl Callback + 'static,
) -> mpc::Result<Report> {
    let (rows, test) = data;
    let schedule = plan.schedule(rows.one_hot.shape().dims()[0]);
    let optimiser = Sgd::new(plan.lr).momentum(plan.momentum).schedule(schedule).loss_scale(loss_scale);
    let at_once = plan.network.tested_at_once();
    let session = s.clone();
    let accuracy = move |model: &Model| {
        let images = test.digits.shape().len();
        let parts = batches(images, at_once).map(|rows| {
            let right = |logits: &Tensor<Secret>| metrics::accuracy(logits, &test.digits.rows(rows.clone()));
            let part = right(&model.forward(&test.x.rows(rows.clone()))) * (rows.len() as f64 / images as f64);
            // One part after the other: all at once would share their rounds, and need gigabytes.
            session.flush();
            part
        });
        parts.reduce(|sum, part| sum + part).expect("a test has images")
    };
    let mut trainer = Trainer::new(plan.network.build(s, start), optimiser)
        .epochs(plan.epochs)
        .batch(plan.batch)
        .reveal("accuracy", accuracy)
        .callback(watch);
    if let Some(checkpoints) = checkpoints {
        trainer = trainer.checkpoints(checkpoints, 100);
    }
    trainer.fit(s, &rows.x, &rows.one_hot, |model, x, y| loss::cross_entropy(&model.forward(x), y)).await
}

/// Trains a network on handwritten digits of two institutions that do not show them to each other.
#[mpc::main]
async fn main(s: Session, flags: Flags) -> mpc::Result<()> {
    // For the example every process reads all files; each party feeds in its own rows only.
    let data = data::load(flags.data.as_deref()).map_err(mpc::Error::program)?;
    let Mnist { train: rows, test, sample } = data;
    let (rows, test) = (rows.first(flags.train), test.first(flags.test));
    let plan = flags.plan();
    let first = s.is::<Post>();
    if first {
        report::begin(&plan, (rows.y.len(), test.y.len()), sample);
    }
    let epochs = Epochs::default();
    if !flags.clear_only {
        let shared = (share(&s, &rows).await?, share(&s, &test).await?);
        let checkpoints = match (&flags.checkpoint, &flags.checkpoint_key) {
            (Some(folder), Some(key)) => {
                Some(Checkpoints::new(folder.join(s.name()), key).map_err(mpc::Error::program)?)
            }
            _ => None,
        };
        let bar = launch::Progress::new("training", plan.steps(rows.y.len()));
        let board = flags.tensorboard.as_ref().map(|folder| TensorBoard::create(folder.join(s.name()))).transpose();
        let (mut bar, mut log) = (bar, Log::new(&s, &epochs, first));
        let mut board = board.map_err(mpc::Error::program)?;
        let watch = move |event: &Event<'_>| {
            bar.on(event);
            log.on(event);
            if let Some(board) = &mut board {
                board.on(event);
            }
        };
        train(&s, &plan, flags.start(), flags.loss_scale, shared, checkpoints, watch).await?;
    }
    if first {
        let mut clear = Vec::new();
        if !flags.no_clear {
            plaintext::train(&plan, &rows, &test, |accuracy| {
                if flags.clear_only {
                    anstream::println!("in the clear, epoch {}: {:.2} %", clear.len() + 1, 100.0 * accuracy);
                }
                clear.push(accuracy);
            });
        }
        report::end(&s, &epochs, &clear);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
