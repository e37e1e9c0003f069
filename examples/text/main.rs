//! Two shops learn to tell good reviews from bad ones, from the sentences that their customers wrote, and show none.
//!
//! Each shop has 400 labelled sentences. A sentence is the mean of its words' rows in a table, which is learnt too, and a
//! linear layer above it. Both learn how many of 200 other sentences of the second shop are judged right. The table, the
//! weights and the sentences stay secret. The list of words is public and comes from other reviews.
//!
//! `cargo run --release --example text` runs both on this machine.

mod plaintext;
#[path = "../common/report.rs"]
mod report;

use launch::clap;
use mpc::prelude::*;
use ndarray::{Axis, s};
use plaintext::{EACH, Recipe, WIDTH};

parties! { compute Bookshop, Outfitter; }

#[derive(clap::Args)]
struct Flags {
    /// How often every sentence is seen
    #[arg(long, default_value_t = 6)]
    epochs: usize,
}

#[secure_model]
struct Judge {
    words: nn::layers::Embedding,
    linear: Linear,
}

#[secure_model]
impl Judge {
    fn forward(&self, sentences: &Tensor<Secret>) -> Tensor<Secret> {
        let means = self.words.of_one_hot(sentences);
        self.linear(means)
    }
}

/// The share of the test sentences that are judged right.
async fn learn(s: &Session, recipe: Recipe) -> mpc::Result<f64> {
    // For the example both processes carry all sentences; each shop feeds in its own only.
    let (x, y) = plaintext::load();
    let words = x.ncols();
    let rows = |from: usize, to: usize| (x.slice(s![from..to, ..]).to_owned(), y.slice(s![from..to]).to_vec());
    let own = s.input::<Bookshop>([EACH, words], || rows(0, EACH).0).share();
    let sentences = own.concat(&s.input::<Outfitter>([EACH, words], || rows(EACH, 2 * EACH).0), 0);
    let own = s.input::<Bookshop>([EACH, 1], || rows(0, EACH).1).share();
    let labels = own.concat(&s.input::<Outfitter>([EACH, 1], || rows(EACH, 2 * EACH).1), 0);

    let (table, weights) = plaintext::first();
    let mut model = Judge {
        words: nn::layers::Embedding::new(s.public([words, WIDTH], &table.into_raw_vec_and_offset().0).share()),
        linear: Linear::new(s.public([1, WIDTH], &weights.to_vec()).share(), Some(nn::init::zeros(s, 1))),
    };
    // A word is in few sentences, so its gradient is small: 2^8 times the loss keeps its digits.
    let mut sgd = nn::optim::Sgd::new(recipe.lr).momentum(recipe.momentum).loss_scale(8);
    for _ in 0..recipe.epochs {
        for rows in nn::data::batches(2 * EACH, recipe.batch) {
            let logits = model.forward(&sentences.rows(rows.clone()));
            let loss = nn::loss::bce_with_logits(&logits, &labels.rows(rows));
            let gradients = sgd.backward(&loss);
            sgd.step(s, &mut model, &gradients);
        }
    }
    let count = x.len_of(Axis(0)) - 2 * EACH;
    let (x, y) = rows(2 * EACH, x.nrows());
    let test = s.input::<Outfitter>([count, words], || x).share();
    let truth = s.input::<Outfitter>([count, 1], || y).share();
    nn::metrics::binary_accuracy(&model.forward(&test), &truth).reveal().item().await
}

/// Two shops learn to tell good reviews from bad ones.
#[mpc::main]
async fn main(s: Session, flags: Flags) -> mpc::Result<()> {
    let recipe = Recipe { epochs: flags.epochs, batch: 50, lr: 4.0, momentum: 0.9 };
    let found = learn(&s, recipe).await?;
    let rows = [
        ("test sentences judged right", format!("{:.1} %", 100.0 * found)),
        ("  trained in the clear", format!("{:.1} %", 100.0 * plaintext::accuracy(recipe))),
    ];
    report::print(&s, &rows);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accuracy_is_that_in_the_clear() {
        let recipe = Recipe { epochs: 1, batch: 50, lr: 4.0, momentum: 0.9 };
        let clear = plaintext::accuracy(recipe);
        assert!(clear > 0.5, "{clear}");
        for parties in [2, 3] {
            for found in mpc::sim::Sim::new(parties).seed(1).run(async |s: Session| learn(&s, recipe).await) {
                let found = found.unwrap();
                assert!((found - clear).abs() < 0.0051, "{found} and {clear}");
            }
        }
    }
}
