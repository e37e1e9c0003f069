//! Recurrent networks: RNN, GRU and LSTM, forwards, backwards or both.

use super::{
    Entry, Inputs, Operator,
    matmul::{slices, transposed},
    op,
};
use crate::onnx::{
    array::{Array, Element},
    node::Attributes,
    report::Reason,
    value::{Context, Value},
};
use mpc_core::{Secret, Tensor};
use ndarray::{Array2, ArrayD, Axis, Ix2, Ix3, IxDyn, s};

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Rnn,
    /// `linear`: the reset gate multiplies the state's part of the new state, not the state.
    Gru {
        linear: bool,
    },
    Lstm,
}

impl Kind {
    fn gates(self) -> usize {
        match self {
            Self::Rnn => 1,
            Self::Gru { .. } => 3,
            Self::Lstm => 4,
        }
    }
}

struct Recurrent {
    kind: Kind,
    hidden: Option<usize>,
    forwards: bool,
    backwards: bool,
    /// Whether the batch comes before the steps.
    batch_first: bool,
    /// Of an RNN: the ReLU instead of the hyperbolic tangent.
    relu: bool,
}

fn read(at: &Attributes<'_>, kind: fn(&Attributes<'_>) -> Result<Kind, Reason>) -> Result<Box<dyn Operator>, Reason> {
    let kind = kind(at)?;
    let (forwards, backwards) = match at.text("direction", "forward")? {
        "forward" => (true, false),
        "reverse" => (false, true),
        "bidirectional" => (true, true),
        other => return Reason::err(format!("`direction = {other}` is not known")),
    };
    let usual: &[&str] = match kind {
        Kind::Rnn => &["tanh"],
        Kind::Gru { .. } => &["sigmoid", "tanh"],
        Kind::Lstm => &["sigmoid", "tanh", "tanh"],
    };
    let named: Vec<String> =
        at.texts("activations")?.unwrap_or_default().iter().map(|name| name.to_lowercase()).collect();
    let all = |what: &[&str]| named.chunks(what.len()).all(|some| some.iter().eq(what));
    let relu = kind == Kind::Rnn && !named.is_empty() && all(&["relu"]);
    if !relu && !all(usual) {
        return Reason::err("its activations are not the usual ones");
    }
    for name in ["clip", "activation_alpha", "activation_beta"] {
        if at.raw(name).is_some() {
            return Reason::err(format!("its attribute `{name}` is not supported"));
        }
    }
    at.only("input_forget", 0)?;
    let hidden = at.int_if("hidden_size")?.and_then(|size| usize::try_from(size).ok());
    let batch_first = at.flag("layout", false)?;
    Ok(Box::new(Recurrent { kind, hidden, forwards, backwards, batch_first, relu }))
}

/// The sizes of a run.
struct Sizes {
    steps: usize,
    batch: usize,
    inputs: usize,
    hidden: usize,
    directions: usize,
}

impl Recurrent {
    fn sizes(&self, x: &[usize], w: &[usize], r: &[usize], bias: Option<&[usize]>) -> Result<Sizes, Reason> {
        let (&[first, second, inputs], &[directions, rows, columns]) = (x, w) else {
            return Reason::err("it needs inputs and weights of three axes");
        };
        let (steps, batch) = if self.batch_first { (second, first) } else { (first, second) };
        let (gates, wanted) = (self.kind.gates(), usize::from(self.forwards) + usize::from(self.backwards));
        let hidden = rows / gates;
        let fits = directions == wanted
            && columns == inputs
            && self.hidden.is_none_or(|size| size == hidden)
            && r == [directions, gates * hidden, hidden]
            && bias.is_none_or(|bias| bias == [directions, 2 * gates * hidden]);
        match fits && steps * batch * inputs * hidden > 0 {
            true => Ok(Sizes { steps, batch, inputs, hidden, directions }),
            false => Reason::err(format!("its inputs {x:?} and weights {w:?}, {r:?} do not fit")),
        }
    }

    /// Whether each direction runs backwards, in order.
    fn directions(&self) -> impl Iterator<Item = bool> {
        [self.forwards.then_some(false), self.backwards.then_some(true)].into_iter().flatten()
    }
}

/// That all sequences are as long as there are steps.
fn whole_length(lengths: Option<&Array>, steps: usize) -> Result<(), Reason> {
    match lengths {
        Some(lengths) if lengths.values.iter().any(|&x| x != steps as f64) => {
            Reason::err("sequences of different lengths are not supported")
        }
        _ => Ok(()),
    }
}

fn sigmoid(x: &Array2<f64>) -> Array2<f64> {
    x.mapv(|x| 1.0 / (1.0 + (-x).exp()))
}

/// The weights of one direction, on floats.
struct Own {
    w: Array2<f64>,
    r: Array2<f64>,
    /// Of the inputs and of the state.
    bias: [Array2<f64>; 2],
}

fn matrix(x: &Array) -> Result<Array2<f64>, Reason> {
    x.values.clone().into_dimensionality::<Ix2>().map_err(|error| Reason(error.to_string()))
}

impl Recurrent {
    fn own(&self, x: &Inputs<'_, Array>, at: usize, hidden: usize) -> Result<Own, Reason> {
        let rows = self.kind.gates() * hidden;
        let part =
            |input: usize| -> Result<Array2<f64>, Reason> { matrix(&transposed(&slices(x.need(input)?, 0)[at])) };
        let bias = match x.get(3) {
            None => vec![0.0; 2 * rows],
            Some(bias) => slices(bias, 0)[at].to_vec(),
        };
        let half = |from: usize| Array2::from_shape_fn((1, rows), |(_, column)| bias[from + column]);
        Ok(Own { w: part(1)?, r: part(2)?, bias: [half(0), half(rows)] })
    }

    /// The next state and memory, on floats.
    fn step(&self, own: &Own, x: &Array2<f64>, h: &Array2<f64>, c: &Array2<f64>) -> [Array2<f64>; 2] {
        let n = h.ncols();
        let (inputs, state) = (x.dot(&own.w) + &own.bias[0], h.dot(&own.r) + &own.bias[1]);
        let gate = |all: &Array2<f64>, at: usize| all.slice(s![.., at * n..(at + 1) * n]).to_owned();
        let both = |at: usize| gate(&inputs, at) + gate(&state, at);
        match self.kind {
            Kind::Rnn => [both(0).mapv(|x| if self.relu { x.max(0.0) } else { x.tanh() }), c.clone()],
            Kind::Gru { linear } => {
                let (keep, reset) = (sigmoid(&both(0)), sigmoid(&both(1)));
                let of_state = match linear {
                    true => reset * gate(&state, 2),
                    false => (reset * h).dot(&own.r.slice(s![.., 2 * n..])) + gate(&own.bias[1], 2),
                };
                let new = (gate(&inputs, 2) + of_state).mapv(f64::tanh);
                [keep.mapv(|z| 1.0 - z) * new + keep * h, c.clone()]
            }
            Kind::Lstm => {
                let (enter, show, keep) = (sigmoid(&both(0)), sigmoid(&both(1)), sigmoid(&both(2)));
                let memory = keep * c + enter * both(3).mapv(f64::tanh);
                [show * memory.mapv(f64::tanh), memory]
            }
        }
    }
}

impl Operator for Recurrent {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let a = x.need(0)?;
        let (w, r, bias) = (x.need(1)?, x.need(2)?, x.get(3));
        let sizes = self.sizes(a.shape(), w.shape(), r.shape(), bias.map(Array::shape))?;
        let Sizes { steps, batch, hidden, directions, .. } = sizes;
        whole_length(x.get(4), steps)?;
        let mut inputs = a.values.clone();
        if self.batch_first {
            inputs.swap_axes(0, 1);
        }
        let inputs = inputs.into_dimensionality::<Ix3>().map_err(|error| Reason(error.to_string()))?;
        let mut y = ndarray::Array4::<f64>::zeros((steps, directions, batch, hidden));
        let mut last = [0, 1].map(|_| ndarray::Array3::<f64>::zeros((directions, batch, hidden)));
        for (at, backwards) in self.directions().enumerate() {
            let own = self.own(x, at, hidden)?;
            let wanted = if self.batch_first { [batch, directions, hidden] } else { [directions, batch, hidden] };
            let first = |input: usize| match x.get(input) {
                None => Ok(Array2::zeros((batch, hidden))),
                Some(first) if first.shape() == wanted => matrix(&slices(first, usize::from(self.batch_first))[at]),
                Some(_) => Reason::err(format!("its first states are not of shape {wanted:?}")),
            };
            let (mut h, mut c) = (first(5)?, first(6)?);
            for step in 0..steps {
                let step = if backwards { steps - 1 - step } else { step };
                let input = inputs.index_axis(Axis(0), step).to_owned();
                [h, c] = self.step(&own, &input, &h, &c);
                y.slice_mut(s![step, at, .., ..]).assign(&h);
            }
            last[0].slice_mut(s![at, .., ..]).assign(&h);
            last[1].slice_mut(s![at, .., ..]).assign(&c);
        }
        let [h, c] = last;
        let (mut y, mut h, mut c): (ArrayD<f64>, ArrayD<f64>, ArrayD<f64>) = (y.into_dyn(), h.into_dyn(), c.into_dyn());
        if self.batch_first {
            y = y.permuted_axes(IxDyn(&[2, 0, 1, 3]));
            h.swap_axes(0, 1);
            c.swap_axes(0, 1);
        }
        Ok([y, h, c].map(|values| Array { element: Element::Float, values }).to_vec())
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let all: Vec<_> = (0..7).map(|at| x.get(at).filter(|_| at != 4).map(|value| cx.secret(value))).collect();
        let (Some(a), Some(w), Some(r)) = (&all[0], &all[1], &all[2]) else {
            return Reason::err("its inputs or weights are missing");
        };
        let shape = |x: &Tensor<Secret>| x.shape().dims().to_vec();
        let sizes = self.sizes(&shape(a), &shape(w), &shape(r), all[3].as_ref().map(shape).as_deref())?;
        let Sizes { steps, batch, inputs, hidden, .. } = sizes;
        whole_length(x.known_if(4)?, steps)?;
        let a = if self.batch_first { a.transpose(0, 1) } else { a.clone() };
        let rows = self.kind.gates() * hidden;
        let (mut outputs, mut last) = (Vec::new(), [Vec::new(), Vec::new()]);
        for (at, backwards) in self.directions().enumerate() {
            let (w, r) = (w.index(0, at), r.index(0, at));
            let bias = all[3].as_ref().map(|bias| bias.index(0, at));
            let half = |from: usize| bias.as_ref().map(|bias| bias.slice(0, from..from + rows));
            // The inputs' part of all gates and all steps is one product.
            let flat = a.reshape([steps * batch, inputs]);
            let gates = affine(&flat, &w, half(0).as_ref()).reshape([steps, batch, rows]);
            let first = |input: usize| all[input].as_ref().map(|first| first.index(usize::from(self.batch_first), at));
            let (mut h, mut c) = (first(5), first(6));
            let mut states = Vec::with_capacity(steps);
            for step in 0..steps {
                let step = if backwards { steps - 1 - step } else { step };
                let unit = Unit { r: &r, bias: half(rows), hidden, kind: self.kind, relu: self.relu };
                let [next, memory] = unit.step(&gates.index(0, step), h.as_ref(), c.as_ref());
                states.push(next.clone());
                (h, c) = (Some(next), Some(memory));
            }
            if backwards {
                states.reverse();
            }
            outputs.push(stacked(&states, 0)?);
            last[0].extend(h);
            last[1].extend(c);
        }
        let [h, c] = last;
        let axis = usize::from(self.batch_first);
        let (y, h, c) = (stacked(&outputs, 1)?, stacked(&h, axis)?, stacked(&c, axis)?);
        let y = if self.batch_first { y.permute(&[2, 0, 1, 3]) } else { y };
        Ok([y, h, c].map(Value::from).to_vec())
    }

    fn public(&self) -> &[usize] {
        &[4]
    }
}

/// One direction on shares.
struct Unit<'a> {
    r: &'a Tensor<Secret>,
    bias: Option<Tensor<Secret>>,
    hidden: usize,
    kind: Kind,
    relu: bool,
}

/// `x w' + b`.
fn affine(x: &Tensor<Secret>, w: &Tensor<Secret>, bias: Option<&Tensor<Secret>>) -> Tensor<Secret> {
    match bias {
        Some(bias) => x.handle().matmul_plus(false, w.handle(), true, bias.handle()).into(),
        None => x.handle().matmul_form(false, w.handle(), true).into(),
    }
}

impl Unit<'_> {
    /// The state's part of some gates, with its bias; nothing if there is neither a state nor a bias.
    fn of_state(&self, h: Option<&Tensor<Secret>>, from: usize, to: usize) -> Option<Tensor<Secret>> {
        let range = from * self.hidden..to * self.hidden;
        let bias = self.bias.as_ref().map(|bias| bias.slice(0, range.clone()));
        match h {
            Some(h) => Some(affine(h, &self.r.slice(0, range), bias.as_ref())),
            None => bias,
        }
    }

    /// The next state and memory. Without a state before, that is zero.
    fn step(
        &self,
        inputs: &Tensor<Secret>,
        h: Option<&Tensor<Secret>>,
        c: Option<&Tensor<Secret>>,
    ) -> [Tensor<Secret>; 2] {
        let n = self.hidden;
        let columns = |x: &Tensor<Secret>, from: usize, to: usize| x.slice(1, from * n..to * n);
        let plus = |x: Tensor<Secret>, y: Option<Tensor<Secret>>| match y {
            Some(y) => x + y,
            None => x,
        };
        match self.kind {
            Kind::Rnn => {
                let sum = plus(inputs.clone(), self.of_state(h, 0, 1));
                let next = if self.relu { sum.relu() } else { sum.tanh() };
                [next.clone(), next]
            }
            Kind::Gru { linear } => {
                let gates = plus(columns(inputs, 0, 2), self.of_state(h, 0, 2)).sigmoid();
                let (keep, reset) = (columns(&gates, 0, 1), columns(&gates, 1, 2));
                let new = columns(inputs, 2, 3);
                let new = match (linear, h) {
                    (true, _) => plus(new, self.of_state(h, 2, 3).map(|own| reset * own)),
                    (false, None) => plus(new, self.of_state(None, 2, 3)),
                    (false, Some(h)) => plus(new, self.of_state(Some(&(reset * h)), 2, 3)),
                }
                .tanh();
                let next = match h {
                    Some(h) => &new + keep * (h - &new),
                    None => &new - keep * &new,
                };
                [next.clone(), next]
            }
            Kind::Lstm => {
                let gates = plus(inputs.clone(), self.of_state(h, 0, 4));
                let three = columns(&gates, 0, 3).sigmoid();
                let (enter, show, keep) = (columns(&three, 0, 1), columns(&three, 1, 2), columns(&three, 2, 3));
                let entered = enter * columns(&gates, 3, 4).tanh();
                let memory = match c {
                    Some(c) => keep * c + entered,
                    None => entered,
                };
                [show * memory.tanh(), memory]
            }
        }
    }
}

fn stacked(all: &[Tensor<Secret>], axis: usize) -> Result<Tensor<Secret>, Reason> {
    match all {
        [] => Reason::err("it has no steps"),
        [first, rest @ ..] => Ok(first.stack(&rest.iter().collect::<Vec<_>>(), axis)),
    }
}

const NOTE: &str = "usual activations; sequences of one length; no `clip`, no peepholes";

pub(super) const OPERATORS: &[Entry] = &[
    op("RNN", |at| read(at, |_| Ok(Kind::Rnn))).note(NOTE),
    op("GRU", |at| read(at, |at| Ok(Kind::Gru { linear: at.flag("linear_before_reset", false)? }))).note(NOTE),
    op("LSTM", |at| match at.inputs() > 7 {
        true => Reason::err("peepholes are not supported"),
        false => read(at, |_| Ok(Kind::Lstm)),
    })
    .note(NOTE),
];
