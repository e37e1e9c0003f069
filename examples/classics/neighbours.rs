//! The nearest neighbours: the lab has flowers that it cannot name, the clinic's garden has flowers with names. Neither shows
//! them, and nobody learns which of the garden's flowers decided.

use super::data::{Outcome, irises};
use crate::{Clinic, Lab};
use mpc::prelude::*;
use ndarray::{Array1, Axis};

/// How many neighbours vote.
const VOTES: usize = 5;
const SPECIES: usize = 3;

/// The share of flowers whose name is right, which both learn, and the names, which the lab learns.
pub(crate) async fn on_shares(s: &Session) -> mpc::Result<Outcome> {
    let table = irises();
    let (known, unknown) = (table.train_x.nrows(), table.test_x.nrows());
    let garden = s.input::<Clinic>([known, 4], || table.train_x.clone()).share();
    let names = s.input::<Clinic>([known], || table.train_y.to_vec()).share().one_hot(SPECIES).number();
    let flowers = s.input::<Lab>([unknown, 4], || table.test_x.clone()).share();
    let truth = s.input::<Lab>([unknown], || table.test_y.to_vec()).share();

    // 2 a b - b^2: the distance, but for its sign and for a^2, which is the same for all neighbours.
    let near = flowers.matmul(&garden.t()) * 2.0 - garden.norm_squared_axes(&[1]);
    let (_, nearest) = near.topk_with_index(VOTES, 1);
    let votes = nearest.one_hot(known).number().sum_axes(&[1]).matmul(&names);
    let found = votes.argmax(1);

    let score = found.equal(&truth).number().mean().reveal();
    let found = found.reveal_to::<Lab>();
    let (score, found) = (score.item().await?, found.await?);
    Ok(Outcome { score, values: found.into_iter().flatten().collect() })
}

pub(crate) fn in_the_clear() -> Outcome {
    let table = irises();
    let name = |flower: ndarray::ArrayView1<f64>| {
        let distance = |at: &usize| (&table.train_x.row(*at) - &flower).mapv(|d| d * d).sum();
        let mut order: Vec<usize> = (0..table.train_x.nrows()).collect();
        order.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
        let votes = |species: usize| order[..VOTES].iter().filter(|&&at| table.train_y[at] == species as f64).count();
        (0..SPECIES).rev().max_by_key(|&species| votes(species)).unwrap_or(0) as f64
    };
    let found: Array1<f64> = table.test_x.axis_iter(Axis(0)).map(name).collect();
    let score = super::data::mean(&found, &table.test_y, |found, y| f64::from(u8::from(found == y)));
    Outcome { score, values: found.to_vec() }
}
