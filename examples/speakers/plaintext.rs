//! The recordings, the first weights, and the same two models trained in the clear.

use crate::tape::{Tape, Var};
use mpc::nn::optim::Schedule;
use ndarray::{Array2, s};
use std::collections::BTreeMap;

/// 640 recordings of nine men who say two vowels; `examples/data/NOTICE.md` says where they come from.
const CSV: &str = include_str!("../data/vowels.csv");

pub(crate) const STEPS: usize = 7;
pub(crate) const INPUTS: usize = 12;
pub(crate) const SPEAKERS: usize = 9;
/// How many recordings are learnt from; the rest are for the test.
pub(crate) const TRAIN: usize = 270;
pub(crate) const HIDDEN: usize = 16;
pub(crate) const HEADS: usize = 2;
pub(crate) const BATCH: usize = 30;
pub(crate) const MOMENTUM: f64 = 0.9;

/// Which network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, mpc::launch::clap::ValueEnum)]
pub(crate) enum Kind {
    /// Long short-term memory, and a linear layer on its last output
    Lstm,
    /// A layer of a transformer's encoder, and a linear layer on the mean of its outputs
    Transformer,
}

impl Kind {
    /// The learning rate of the first step.
    pub(crate) fn lr(self) -> f64 {
        match self {
            Self::Lstm => 0.06,
            Self::Transformer => 0.1,
        }
    }
}

/// The learning rate falls to zero along a line. At a constant one with this momentum, rounding decides which weights the
/// training ends at: see `rounding_does_not_decide`.
pub(crate) fn schedule(epochs: usize) -> Schedule {
    Schedule::linear((epochs * TRAIN / BATCH) as u64, 0.0)
}

/// The recordings `[640, steps * inputs]` and their speakers. The file has those to learn from first, by speaker; they are
/// mixed here, by a public rule.
pub(crate) fn load() -> (Array2<f64>, Vec<usize>) {
    let rows: Vec<Vec<f64>> = CSV.lines().skip(1).map(|line| line.split(',').map(number).collect()).collect();
    // 30 recordings of each speaker: a batch has some of all.
    let place = |at: usize| if at < TRAIN { at % SPEAKERS * 30 + at / SPEAKERS } else { at };
    let x = Array2::from_shape_fn((rows.len(), STEPS * INPUTS), |(row, column)| rows[place(row)][column + 1]);
    (x, (0..rows.len()).map(|row| rows[place(row)][0] as usize).collect())
}

fn number(cell: &str) -> f64 {
    cell.parse().unwrap_or(f64::NAN)
}

/// The first value of a parameter, which everybody may know, so that both trainings begin alike.
pub(crate) fn first(name: &str, dims: &[usize]) -> Vec<f64> {
    let len = dims.iter().product();
    if name.contains("norm") {
        return vec![f64::from(u8::from(name.ends_with("weight"))); len];
    }
    let mut state = name.bytes().fold(17u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    let size = 1.0 / (HIDDEN as f64).sqrt();
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        size * ((state >> 40) as f64 / f64::from(1 << 23) - 1.0)
    };
    (0..len).map(|_| draw()).collect()
}

/// What is added to step t: where it stands.
pub(crate) fn places() -> Vec<f64> {
    let at = |i: usize| {
        let (step, k) = ((i / HIDDEN) as f64, i % HIDDEN);
        let angle = step / 10f64.powf((k / 2 * 2) as f64 / HIDDEN as f64);
        if k % 2 == 0 { angle.sin() } else { angle.cos() }
    };
    (0..STEPS * HIDDEN).map(at).collect()
}

type Weights = BTreeMap<String, Array2<f64>>;

/// Logits of some recordings `[n, steps * inputs]`.
fn logits<'a>(kind: Kind, tape: &'a Tape, w: &BTreeMap<&str, Var<'a>>, x: &Array2<f64>) -> Var<'a> {
    let affine = |x: Var<'a>, name: &str| x.matmul_t(w[&*format!("{name}.weight")]).plus(w[&*format!("{name}.bias")]);
    let step = |x: &Array2<f64>, at: usize| x.slice(s![.., at * INPUTS..(at + 1) * INPUTS]).to_owned();
    if kind == Kind::Lstm {
        let mut state: Option<(Var<'a>, Var<'a>)> = None;
        for at in 0..STEPS {
            let own = tape.var(step(x, at)).matmul_t(w["body.weight_ih_l0"]);
            let mut gates = own.plus(w["body.bias_ih_l0"]).plus(w["body.bias_hh_l0"]);
            if let Some((hidden, _)) = state {
                gates = gates.plus(hidden.matmul_t(w["body.weight_hh_l0"]));
            }
            let gate = |at: usize| gates.columns(at * HIDDEN, (at + 1) * HIDDEN);
            let entered = gate(0).sigmoid().times(gate(2).tanh());
            let cell = state.map_or(entered, |(_, cell)| gate(1).sigmoid().times(cell).plus(entered));
            state = Some((gate(3).sigmoid().times(cell.tanh()), cell));
        }
        return state.map_or_else(|| tape.var(x.clone()), |(hidden, _)| affine(hidden, "head"));
    }
    let places = tape.var(Array2::from_shape_vec((STEPS, HIDDEN), places()).unwrap_or_default());
    let one = |row: usize| {
        let steps = x.slice(s![row..row + 1, ..]).to_owned().into_shape_with_order((STEPS, INPUTS));
        let x = affine(tape.var(steps.unwrap_or_default()), "lift").plus(places);
        let all = x.matmul_t(w["body.self_attn.in_proj_weight"]).plus(w["body.self_attn.in_proj_bias"]);
        let each = HIDDEN / HEADS;
        let head = |head: usize| {
            let part = |part: usize| all.columns(part * HIDDEN + head * each, part * HIDDEN + (head + 1) * each);
            part(0).scale(1.0 / (each as f64).sqrt()).matmul_t(part(1)).softmax().matmul(part(2))
        };
        let mixed = Var::join(&(0..HEADS).map(head).collect::<Vec<_>>(), 1);
        let norm = |x: Var<'a>, name: &str| {
            let [weight, bias] = ["weight", "bias"].map(|part| w[&*format!("body.{name}.{part}")]);
            x.normalised(1e-5).times(weight).plus(bias)
        };
        let x = norm(x.plus(affine(mixed, "body.self_attn.out_proj")), "norm1");
        let wide = affine(affine(x, "body.linear1").relu(), "body.linear2");
        norm(x.plus(wide), "norm2").mean_row()
    };
    affine(Var::join(&(0..x.nrows()).map(one).collect::<Vec<_>>(), 0), "head")
}

/// The share of the test recordings whose speaker is found after such a training. `shapes` are those of the parameters, and
/// `noise` changes every weight after a step.
pub(crate) fn accuracy(
    kind: Kind,
    epochs: usize,
    shapes: &[(String, Vec<usize>)],
    mut noise: impl FnMut(f64) -> f64,
) -> f64 {
    let (x, speakers) = load();
    let matrix = |(name, dims): &(String, Vec<usize>)| {
        let rows = if dims.len() == 1 { 1 } else { dims[0] };
        let values = first(name, dims);
        (name.clone(), Array2::from_shape_vec((rows, values.len() / rows), values).unwrap_or_default())
    };
    let mut weights: Weights = shapes.iter().map(matrix).collect();
    let mut velocity: Weights = weights.iter().map(|(name, w)| (name.clone(), w * 0.0)).collect();
    let on = |tape: &Tape, weights: &Weights, range: std::ops::Range<usize>, learn: bool| {
        let vars: BTreeMap<&str, Var<'_>> = weights.iter().map(|(name, w)| (&**name, tape.var(w.clone()))).collect();
        let y = logits(kind, tape, &vars, &x.slice(s![range.clone(), ..]).to_owned());
        let by: Vec<Var<'_>> = vars.values().copied().collect();
        if learn { (y.value(), tape.backward(y, &speakers[range], &by)) } else { (y.value(), Vec::new()) }
    };
    let (schedule, mut steps) = (schedule(epochs), 0);
    for _ in 0..epochs {
        for from in (0..TRAIN).step_by(BATCH) {
            let (_, slopes) = on(&Tape::default(), &weights, from..from + BATCH, true);
            for ((w, v), slope) in weights.values_mut().zip(velocity.values_mut()).zip(slopes) {
                *v = &*v * MOMENTUM + slope;
                w.scaled_add(-kind.lr() * schedule.factor(steps), v);
                w.mapv_inplace(&mut noise);
            }
            steps += 1;
        }
    }
    let (found, _) = on(&Tape::default(), &weights, TRAIN..x.nrows(), false);
    let largest = |row: ndarray::ArrayView1<f64>| (0..SPEAKERS).max_by(|&a, &b| row[a].total_cmp(&row[b]));
    let right =
        found.rows().into_iter().zip(&speakers[TRAIN..]).filter(|(row, at)| largest(*row) == Some(**at)).count();
    right as f64 / (x.nrows() - TRAIN) as f64
}
