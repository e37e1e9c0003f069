//! Recurrent networks: what RNN, GRU and LSTM have in common.

mod gru;
mod lstm;
mod rnn;

pub use gru::{Gru, GruUnit};
pub use lstm::{Lstm, LstmState, LstmUnit};
pub use rnn::{Rnn, RnnUnit};

use super::{Layer, linear::affine, misused, scope};
use crate::{Module, Param, Visitor, VisitorMut, init};
use mpc_core::{Join, Secret, Session, Tensor, Usage, Visibility};
use std::fmt;

/// The size of a recurrent network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stack {
    inputs: usize,
    hidden: usize,
    layers: usize,
    bidirectional: bool,
}

impl Stack {
    /// One layer, forwards in time, with `inputs` numbers a step and `hidden` numbers of state.
    pub fn new(inputs: usize, hidden: usize) -> Self {
        Self { inputs, hidden, layers: 1, bidirectional: false }
    }

    /// So many layers, each fed with the states of the one below; at least 1.
    #[must_use]
    pub fn layers(mut self, layers: usize) -> Self {
        self.layers = layers.max(1);
        self
    }

    /// Each layer twice: forwards and backwards in time. The layer above gets both states.
    #[must_use]
    pub fn bidirectional(mut self) -> Self {
        self.bidirectional = true;
        self
    }
}

/// What a kind of network does in a step.
pub trait Unit: fmt::Debug + Clone + Default {
    /// Gates: the weights have `GATES * hidden` rows.
    const GATES: usize;
    /// The name of its steps.
    const NAME: &'static str;
    /// What goes from step to step.
    type State: Clone + fmt::Debug;

    /// The next state, from the input's part of the gates (with its bias) and the state before, if it is not zero.
    #[track_caller]
    fn step(&self, weights: &Weights, inputs: &Tensor<Secret>, state: Option<&Self::State>) -> Self::State;

    /// What the layer above, and the user, gets to see of a state: `[n, hidden]`.
    fn output(state: &Self::State) -> &Tensor<Secret>;
}

/// The weights of one layer in one direction.
#[derive(Clone, Debug)]
pub struct Weights {
    /// `[GATES * hidden, inputs]`.
    pub weight_ih: Param,
    /// `[GATES * hidden, hidden]`.
    pub weight_hh: Param,
    /// `[GATES * hidden]`.
    pub bias_ih: Param,
    /// `[GATES * hidden]`.
    pub bias_hh: Param,
}

impl Weights {
    #[track_caller]
    fn init(s: &Session, gates: usize, inputs: usize, hidden: usize) -> Self {
        let rows = gates * hidden;
        Self {
            weight_ih: Param::new(init::by_fan(s, [rows, inputs], hidden)),
            weight_hh: Param::new(init::by_fan(s, [rows, hidden], hidden)),
            bias_ih: Param::new(init::by_fan(s, rows, hidden)),
            bias_hh: Param::new(init::by_fan(s, rows, hidden)),
        }
    }

    /// The state's part of all gates, with its bias. What is added to it is added after the rescale: so the product does not
    /// wait for the inputs' part of a layer above the first.
    #[track_caller]
    fn gates(&self, state: Option<&Tensor<Secret>>) -> Tensor<Secret> {
        match state {
            Some(h) => h.handle().matmul_plus(false, self.weight_hh.handle(), true, self.bias_hh.handle()).into(),
            None => (*self.bias_hh).clone(),
        }
    }

    fn named(&self) -> [(&'static str, &Param); 4] {
        let Self { weight_ih, weight_hh, bias_ih, bias_hh } = self;
        [("weight_ih", weight_ih), ("weight_hh", weight_hh), ("bias_ih", bias_ih), ("bias_hh", bias_hh)]
    }

    fn named_mut(&mut self) -> [(&'static str, &mut Param); 4] {
        let Self { weight_ih, weight_hh, bias_ih, bias_hh } = self;
        [("weight_ih", weight_ih), ("weight_hh", weight_hh), ("bias_ih", bias_ih), ("bias_hh", bias_hh)]
    }
}

/// A recurrent network over `[n, steps, inputs]`: [`Rnn`], [`Gru`] or [`Lstm`].
///
/// The inputs' part of all gates and of all steps of the first layer is one product; the state's part of all gates of a
/// step is another. Step t of a layer shares its rounds with step t + 1 of the layer below, and both directions share
/// theirs. So l layers over t steps take 2 rounds and `t + l - 1` times those of a step (and of more layers of a
/// bidirectional network, `l t` times). Without a first state, the first step is shorter.
///
/// Parameters are named as in PyTorch: `weight_ih_l0`, `bias_hh_l1_reverse`.
#[derive(Clone, Debug)]
pub struct Recurrent<U> {
    /// By layer, forwards first.
    pub weights: Vec<Vec<Weights>>,
    hidden: usize,
    unit: U,
}

impl<U: Unit> Recurrent<U> {
    /// Random weights that nobody knows: all of `[-1 / sqrt(hidden), 1 / sqrt(hidden))`.
    #[track_caller]
    pub fn init(s: &Session, size: Stack) -> Self {
        let Stack { inputs, hidden, layers, bidirectional } = size;
        let directions = 1 + usize::from(bidirectional);
        let mut weights = Vec::with_capacity(layers);
        for layer in 0..layers {
            let inputs = if layer == 0 { inputs } else { directions * hidden };
            let mut both = Vec::with_capacity(directions);
            for _ in 0..directions {
                both.push(Weights::init(s, U::GATES, inputs, hidden));
            }
            weights.push(both);
        }
        Self { weights, hidden, unit: U::default() }
    }

    /// The outputs of all steps, `[n, steps, hidden]` (of both directions, `2 hidden`), and the last state of each layer and
    /// direction in this order: layer 0, layer 0 backwards, layer 1 and so on. `first`: the states to begin with, in the
    /// same order; zeros if there are none.
    #[track_caller]
    pub fn run<V>(&self, x: &Tensor<V>, first: Option<&[U::State]>) -> (Tensor<Secret>, Vec<U::State>)
    where
        V: Visibility + Join<Secret, Out = Secret>,
    {
        let _scope = scope(x, U::NAME);
        let (shape, directions) = (x.shape(), self.weights.iter().map(Vec::len).sum());
        let (&[_, steps, _], false) = (shape.dims(), shape.is_empty()) else {
            let expected = "[n, steps, inputs] with at least one step".into();
            return (misused(x, U::NAME, Usage::Shape { expected }), Vec::new());
        };
        if let Some(first) = first
            && first.len() != directions
        {
            let problem = format!("{} first states for the {directions} of all layers and directions", first.len());
            return (misused(x, U::NAME, Usage::Argument(problem)), Vec::new());
        }
        let mut last = Vec::with_capacity(directions);
        let mut below = Vec::new();
        for (layer, both) in self.weights.iter().enumerate() {
            let mut outputs = Vec::with_capacity(both.len());
            for (backwards, weights) in both.iter().enumerate() {
                let inputs = match layer {
                    0 => steps_of(affine(x, &weights.weight_ih, Some(&weights.bias_ih)), steps),
                    _ => projected(&below, weights),
                };
                let first = first.and_then(|first| first.get(last.len()));
                let states = self.over_time(weights, inputs, first, backwards == 1);
                last.push(states[if backwards == 1 { 0 } else { steps - 1 }].clone());
                outputs.push(states.iter().map(|state| U::output(state).clone()).collect::<Vec<_>>());
            }
            below = match &outputs[..] {
                [forwards, backwards] => joined(forwards, backwards),
                _ => outputs.swap_remove(0),
            };
        }
        let (first, rest) = (&below[0], below[1..].iter().collect::<Vec<_>>());
        (first.stack(&rest, 1), last)
    }

    /// The states of all steps, in the order of time.
    #[track_caller]
    fn over_time(
        &self,
        weights: &Weights,
        mut inputs: Vec<Tensor<Secret>>,
        first: Option<&U::State>,
        backwards: bool,
    ) -> Vec<U::State> {
        let mut states: Vec<U::State> = Vec::with_capacity(inputs.len());
        if backwards {
            inputs.reverse();
        }
        for input in &inputs {
            states.push(self.unit.step(weights, input, states.last().or(first)));
        }
        if backwards {
            states.reverse();
        }
        states
    }

    /// The last output of the top layer, `[n, hidden]` (of both directions, `2 hidden`): of the whole sequence.
    #[track_caller]
    pub fn last<V>(&self, x: &Tensor<V>) -> Tensor<Secret>
    where
        V: Visibility + Join<Secret, Out = Secret>,
    {
        let (outputs, states) = self.run(x, None);
        let top = self.weights.last().map_or(0, Vec::len);
        match states.get(states.len().saturating_sub(top)..) {
            Some([forwards, backwards]) => U::output(forwards).concat(U::output(backwards), 1),
            Some([forwards]) => U::output(forwards).clone(),
            _ => outputs,
        }
    }

    /// Numbers of state.
    pub fn hidden(&self) -> usize {
        self.hidden
    }
}

/// The inputs' part of all gates, step by step.
#[track_caller]
fn projected(inputs: &[Tensor<Secret>], weights: &Weights) -> Vec<Tensor<Secret>> {
    let mut all = Vec::with_capacity(inputs.len());
    for x in inputs {
        all.push(affine(x, &weights.weight_ih, Some(&weights.bias_ih)));
    }
    all
}

/// `[n, steps, gates]` by step.
#[track_caller]
fn steps_of(all: Tensor<Secret>, steps: usize) -> Vec<Tensor<Secret>> {
    let mut each = Vec::with_capacity(steps);
    for step in 0..steps {
        each.push(all.index(1, step));
    }
    each
}

/// The outputs of both directions, by step.
#[track_caller]
fn joined(forwards: &[Tensor<Secret>], backwards: &[Tensor<Secret>]) -> Vec<Tensor<Secret>> {
    let mut both = Vec::with_capacity(forwards.len());
    for (forwards, backwards) in forwards.iter().zip(backwards) {
        both.push(forwards.concat(backwards, 1));
    }
    both
}

/// The gates one after the other, `hidden` columns each.
#[track_caller]
fn columns(gates: &Tensor<Secret>, from: usize, to: usize, hidden: usize) -> Tensor<Secret> {
    gates.slice(1, from * hidden..to * hidden)
}

impl<U: Unit> Layer for Recurrent<U> {
    /// The outputs of all steps: see [`Recurrent::run`].
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        self.run(x, None).0
    }
}

fn name(param: &str, layer: usize, backwards: bool) -> String {
    format!("{param}_l{layer}{}", if backwards { "_reverse" } else { "" })
}

impl<U> Module for Recurrent<U> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        for (layer, both) in self.weights.iter().enumerate() {
            for (direction, weights) in both.iter().enumerate() {
                for (param, value) in weights.named() {
                    value.visit(&mut visitor.enter(&name(param, layer, direction == 1)));
                }
            }
        }
    }

    fn visit_mut(&mut self, visitor: &mut VisitorMut<'_>) {
        for (layer, both) in self.weights.iter_mut().enumerate() {
            for (direction, weights) in both.iter_mut().enumerate() {
                for (param, value) in weights.named_mut() {
                    value.visit_mut(&mut visitor.enter(&name(param, layer, direction == 1)));
                }
            }
        }
    }
}
