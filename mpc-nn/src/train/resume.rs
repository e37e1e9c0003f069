//! What of a training goes into a checkpoint, and back.

use super::stop::Stop;
use crate::{
    Module,
    checkpoint::{Position, Restored},
    module::set_modes,
    optim::{Optimiser, Rule},
    state::put,
};
use mpc_core::{Secret, Session, Shape, Tensor};
use std::collections::BTreeMap;

const MODEL: &str = "model";
const OPTIMISER: &str = "optimiser";
const LOSS: &str = "trainer/loss";
const BEST: &str = "best";
const SINCE: &str = "since";

/// Everything secret of a training, by name; the model first.
pub(super) fn tensors<R: Rule>(
    model: &impl Module,
    optimiser: &Optimiser<R>,
    loss: Option<&Tensor<Secret>>,
) -> Vec<(String, Tensor<Secret>)> {
    let own = model.state().into_iter().map(|(name, value)| (format!("{MODEL}/{name}"), value));
    let state = optimiser.state().into_iter().map(|(name, value)| (format!("{OPTIMISER}/{name}"), value));
    let loss = loss.map(|loss| (LOSS.to_owned(), loss.clone()));
    own.chain(state).chain(loss).collect()
}

/// Names and shapes of the model's part.
pub(super) fn shapes(model: &impl Module) -> Vec<(String, Shape)> {
    model.state().into_iter().map(|(name, value)| (format!("{MODEL}/{name}"), value.shape())).collect()
}

/// The public numbers that early stopping remembers.
pub(super) fn remembered(stop: Option<&Stop>) -> Vec<(String, f64)> {
    let Some(Stop { best: Some(best), since, .. }) = stop else { return Vec::new() };
    vec![(BEST.to_owned(), *best), (SINCE.to_owned(), *since as f64)]
}

/// Puts a checkpoint back; gives the sum of the losses of its epoch.
pub(super) fn restore<R: Rule>(
    s: &Session,
    model: &mut impl Module,
    optimiser: &mut Optimiser<R>,
    stop: Option<&mut Stop>,
    restored: Restored,
) -> (Position, Option<Tensor<Secret>>) {
    let Restored { position, tensors } = restored;
    let (mut own, mut state, mut loss) = (BTreeMap::new(), Vec::new(), None);
    for (name, value) in tensors {
        match name.split_once('/') {
            Some((MODEL, name)) => drop(own.insert(name.to_owned(), value)),
            Some((OPTIMISER, name)) => state.push((name.to_owned(), value)),
            _ => loss = Some(value),
        }
    }
    put(s, model, own);
    set_modes(model, &position.modes);
    optimiser.restore(position.optimiser, state);
    if let Some(stop) = stop {
        let of = |name: &str| position.revealed.iter().find(|(other, _)| other == name).map(|(_, value)| *value);
        (stop.best, stop.since) = (of(BEST), of(SINCE).unwrap_or(0.0) as u64);
    }
    (position, loss)
}
