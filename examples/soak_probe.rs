//! A training that `tests/soak.rs` kills again and again: it goes on from its checkpoints, and must find the right weights.

use std::path::PathBuf;

use launch::clap;
use mpc::{
    nn::{Linear, Trainer, checkpoint::Checkpoints, loss, optim::Sgd},
    prelude::*,
};

parties! { compute Hospital, Lab; }

const ROWS: usize = 32;
const WEIGHTS: [f64; 4] = [1.0, -2.0, 0.5, 3.0];

#[derive(clap::Args)]
struct Flags {
    /// Where each party has a folder for its checkpoints
    #[arg(long)]
    folder: PathBuf,
    /// The file of this party's key
    #[arg(long)]
    checkpoint_key: PathBuf,
    /// Passes over the data
    #[arg(long, default_value_t = 60)]
    epochs: u64,
}

fn features() -> Vec<f64> {
    (0..ROWS * 4).map(|at| ((at * 37 + at / 4 * 11) % 17) as f64 / 8.0 - 1.0).collect()
}

fn labels() -> Vec<f64> {
    features().chunks(4).map(|row| row.iter().zip(WEIGHTS).map(|(x, w)| x * w).sum()).collect()
}

/// Learns four weights.
#[mpc::main]
async fn main(s: Session, flags: Flags) -> mpc::Result<()> {
    let x = s.input::<Hospital>([ROWS, 4], features).share();
    let y = s.input::<Lab>([ROWS, 1], labels).share();
    let checkpoints =
        Checkpoints::new(flags.folder.join(s.name()), &flags.checkpoint_key).map_err(mpc::Error::program)?;
    let mut trainer =
        Trainer::new(Linear::zeros(&s, 4, 1), Sgd::new(0.2)).epochs(flags.epochs).batch(8).checkpoints(checkpoints, 5);
    let report = trainer.fit(&s, &x, &y, |model, x, y| loss::mse(&model.forward(x), y)).await?;
    let weights = trainer.model().weight.reveal().await?;
    anstream::println!("resumed {}", report.resumed.unwrap_or(0));
    let weights: Vec<String> = weights.iter().map(|w| format!("{w:.3}")).collect();
    anstream::println!("weights {}", weights.join(" "));
    Ok(())
}
