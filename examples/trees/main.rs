//! A lab's gradient-boosted trees diagnose a clinic's patients: the lab does not see the patients, the clinic not the trees.
//!
//! The lab has trained on 455 tumours in the clear. The clinic has 114 others. Which column a node looks at, where it
//! cuts and what a leaf says are the lab's secrets; how many trees there are and that all have three levels is public.
//! The clinic alone learns the diagnoses, and the lab nothing. Whoever may ask often enough can learn a model from its
//! answers: that is no matter of the protocol.
//!
//! `cargo run --release --example trees` runs both on this machine.

#[path = "../breast_cancer/plaintext.rs"]
#[allow(dead_code, reason = "that example trains on the same table")]
mod data;
mod plaintext;
#[path = "../common/report.rs"]
mod report;

use launch::clap;
use mpc::prelude::*;
use ndarray::Array2;
use plaintext::{INNER, LEAVES, Tree};

parties! { compute Lab, Clinic; }

#[derive(clap::Args)]
struct Flags {
    /// How many trees the lab trains
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
    trees: u16,
}

/// All trees side by side: every tensor has a column for each tree.
struct Forest {
    /// For each inner node, a column of the table: 1 where the node looks, else 0.
    looks_at: Vec<Tensor<Secret>>,
    /// For each inner node, where it cuts.
    cuts: Vec<Tensor<Secret>>,
    leaves: Vec<Tensor<Secret>>,
}

#[secure_model]
impl Forest {
    /// The logits of rows of measurements: each tree sends each row down to a leaf, and the leaves add up.
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let right = |node: usize| x.matmul(&self.looks_at[node]) > self.cuts[node];
        let leaf = |at: usize| self.leaves[at].clone();
        let said = if right(0) {
            if right(2) { if right(6) { leaf(7) } else { leaf(6) } } else { if right(5) { leaf(5) } else { leaf(4) } }
        } else {
            if right(1) { if right(4) { leaf(3) } else { leaf(2) } } else { if right(3) { leaf(1) } else { leaf(0) } }
        };
        said.sum_axes(&[1])
    }
}

impl Forest {
    /// The lab feeds its trees in; what the clinic gives for `trees` matters by its length only.
    fn of(s: &Session, trees: &[Tree], columns: usize) -> Self {
        let row = |value: &dyn Fn(&Tree) -> f64| {
            s.input::<Lab>([1, trees.len()], || trees.iter().map(value).collect::<Vec<f64>>()).share()
        };
        let looks =
            |node: usize| Array2::from_shape_fn((columns, trees.len()), |(c, t)| f64::from(trees[t].column[node] == c));
        Self {
            looks_at: (0..INNER).map(|node| s.input::<Lab>([columns, trees.len()], || looks(node)).share()).collect(),
            cuts: (0..INNER).map(|node| row(&|tree| tree.cut[node])).collect(),
            leaves: (0..LEAVES).map(|at| row(&|tree| tree.leaf[at])).collect(),
        }
    }
}

/// The logits of the clinic's patients, if this is the clinic.
async fn diagnose(s: &Session, trees: &[Tree], patients: &Array2<f64>) -> mpc::Result<Option<Vec<f64>>> {
    let (rows, columns) = patients.dim();
    let x = s.input::<Clinic>([rows, columns], || patients.clone()).share();
    let forest = Forest::of(s, trees, columns);
    let logits = forest.forward(&x).reveal_to::<Clinic>().await?;
    Ok(logits.map(|logits| logits.iter().copied().collect()))
}

/// Diagnoses by a lab's trees, without showing the trees or the patients.
#[mpc::main]
async fn main(s: Session, flags: Flags) -> mpc::Result<()> {
    // For the example both processes carry the whole table and train; each party feeds in what is its own.
    let table = data::load().map_err(mpc::Error::program)?;
    let trees = plaintext::train(&table.train_x, &table.train_y, usize::from(flags.trees));
    let mut rows = vec![("trees", trees.len().to_string())];
    if let Some(logits) = diagnose(&s, &trees, &table.test_x).await? {
        let clear = plaintext::logits(&trees, &table.test_x);
        let right =
            |logits: &[f64]| logits.iter().zip(&table.test_y).filter(|(z, y)| (**z > 0.0) == (**y > 0.5)).count();
        let far = logits.iter().zip(&clear).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        rows.push(("right diagnoses", format!("{} of {}", right(&logits), clear.len())));
        rows.push(("  in the clear", format!("{} of {}", right(&clear), clear.len())));
        rows.push(("largest difference of a logit", format!("{far:.5}")));
    }
    report::print(&s, &rows);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_diagnoses_are_those_in_the_clear() {
        let table = data::load().unwrap();
        let trees = plaintext::train(&table.train_x, &table.train_y, 5);
        let clear = plaintext::logits(&trees, &table.test_x);
        let right = clear.iter().zip(&table.test_y).filter(|(z, y)| (**z > 0.0) == (**y > 0.5)).count();
        assert!(right > 100, "the trees have learnt something: {right}");
        let seen = mpc::sim::Sim::new(2).run(async |s: Session| diagnose(&s, &trees, &table.test_x).await);
        let [lab, clinic] = &seen[..] else { panic!() };
        assert_eq!(lab.as_ref().unwrap(), &None);
        let found = clinic.as_ref().unwrap().as_ref().unwrap();
        assert!(found.iter().zip(&clear).all(|(found, clear)| (found - clear).abs() < 1e-3), "{found:?} {clear:?}");
    }
}
