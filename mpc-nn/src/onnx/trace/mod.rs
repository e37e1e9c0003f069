//! A model that is written in this crate as a graph: its `forward` is recorded once, in a session that only counts, and what
//! its steps mean is written down in ONNX's operators.

mod draw;
mod write;

use super::{
    array::Element,
    graph::{Dim, Graph, Input},
    report::{Reason, Report},
};
use crate::{Layer, Module};
use mpc_core::{
    Secret, Session, Shape, Tensor,
    op::{Handle, Step},
    sim::Sim,
};
use std::collections::BTreeMap;

/// What is recorded for an open axis: twice, so that what depends on its size can be told from what does not.
pub(super) const OPEN: [usize; 2] = [2, 3];

impl Input {
    /// Floats `[batch, ..sample]` for any batch.
    pub fn floats(name: impl Into<String>, sample: &[usize]) -> Self {
        let open = Dim::Open("batch".to_owned());
        let shape = std::iter::once(open).chain(sample.iter().copied().map(Dim::Fixed)).collect();
        Self { name: name.into(), element: Element::Float, shape: Some(shape) }
    }

    /// Whole numbers `[batch, ..sample]` for any batch, such as tokens.
    pub fn whole(name: impl Into<String>, sample: &[usize]) -> Self {
        Self { element: Element::Int, ..Self::floats(name, sample) }
    }
}

/// The graph of a layer, or of a model that is one: its input is `[batch, ..sample]` for any batch.
///
/// ```
/// use mpc_nn::{layers::*, onnx, sequential};
///
/// let graph = onnx::trace_layer(&[6], |s| sequential![Linear::init(s, 6, 4), Relu, Linear::init(s, 4, 2)])?;
/// assert_eq!(graph.nodes().len(), 3);
/// # Ok::<(), onnx::Report>(())
/// ```
///
/// # Errors
/// As [`trace`].
pub fn trace_layer<L: Layer>(sample: &[usize], build: impl Fn(&Session) -> L) -> Result<Graph, Report> {
    trace(&[Input::floats("input", sample)], build, |layer, x| vec![layer.forward(&x[0])])
}

/// The graph of a model whose `forward` takes and makes several tensors. With the model's state, as it was revealed to its
/// owner or saved, it is written as an ONNX file: [`Graph::write`].
///
/// `build` makes the model as any party would, and `forward` calls it on the inputs. Both run in sessions that only count:
/// nothing is drawn, computed or sent, and no value is in the graph. The model is in the mode of prediction. Names of weights
/// are those of its state; public numbers of the program (a mask, an epsilon) are constants of the graph, for everybody to see.
///
/// One axis of the inputs may be open, in all of them; it has the sizes 2 and 3 while the model is recorded.
///
/// # Errors
/// A [`Report`] of every step that has no form in ONNX (windows, diagonals, random numbers), or that depends on
/// the size of the open axis in a way that a graph cannot say; and of the first mistake in `forward`.
pub fn trace<M: Module>(
    inputs: &[Input],
    build: impl Fn(&Session) -> M,
    forward: impl Fn(&M, &[Tensor<Secret>]) -> Vec<Tensor<Secret>>,
) -> Result<Graph, Report> {
    let mut names: Vec<&String> = Vec::new();
    for input in inputs {
        let Some(shape) = &input.shape else {
            return Err(Report::of(&input.name, "an input needs a shape"));
        };
        names.extend(shape.iter().filter_map(|dim| if let Dim::Open(name) = dim { Some(name) } else { None }));
    }
    names.sort_unstable();
    names.dedup();
    if names.len() > 1 {
        let reason = format!("its open axes have {} names; one axis may be open, such as the batch", names.len());
        return Err(Report::of("the inputs", reason));
    }
    let [a, b] = [recorded(inputs, OPEN[0], &build, &forward)?, recorded(inputs, OPEN[1], &build, &forward)?];
    Graph::of(draw::draw(inputs, &a, &b)?)
}

/// A model that was recorded, with numbers in the place of values.
pub(super) struct Recorded {
    /// In order.
    pub(super) steps: Vec<Step>,
    pub(super) inputs: Vec<u64>,
    pub(super) outputs: Vec<u64>,
    /// By number, with their names.
    pub(super) weights: BTreeMap<u64, String>,
}

impl Recorded {
    pub(super) fn step(&self, id: u64) -> Option<&Step> {
        self.steps.binary_search_by_key(&id, |step| step.id).ok().map(|at| &self.steps[at])
    }
}

fn recorded<M: Module>(
    inputs: &[Input],
    open: usize,
    build: impl Fn(&Session) -> M,
    forward: impl Fn(&M, &[Tensor<Secret>]) -> Vec<Tensor<Secret>>,
) -> Result<Recorded, Report> {
    let mut found = None;
    let mut mistake = None;
    let counted = Sim::new(2).explain(async |s: Session| {
        s.runtime().trace();
        let mut model = build(&s);
        model.eval();
        let given: Vec<Tensor<Secret>> = inputs.iter().map(|input| given(&s, input, open)).collect();
        let made = s.no_grad(|| forward(&model, &given));
        let steps = s.runtime().traced();
        let id = |x: &Tensor<Secret>| x.handle().id();
        mistake = made.iter().find_map(|y| y.handle().error().map(ToString::to_string));
        // The first name of weights that are shared counts.
        let weights = model.state().into_iter().rev().filter_map(|(name, x)| Some((id(&x)?, name))).collect();
        let (inputs, outputs) = (given.iter().filter_map(id).collect(), made.iter().filter_map(id).collect());
        found = Some(Recorded { steps, inputs, outputs, weights });
        Ok(())
    });
    let failed = |error: String| Report::of("the model", Reason::new(error));
    match (counted, mistake, found) {
        (Err(error), ..) => Err(failed(error.to_string())),
        (_, Some(mistake), _) => Err(failed(mistake)),
        (_, _, Some(recorded)) if !recorded.outputs.is_empty() => Ok(recorded),
        _ => Err(failed("it makes nothing".to_owned())),
    }
}

/// An input without values.
fn given(s: &Session, input: &Input, open: usize) -> Tensor<Secret> {
    let size = |dim: &Dim| if let Dim::Fixed(size) = dim { *size } else { open };
    let shape: Vec<usize> = input.shape.iter().flatten().map(size).collect();
    Handle::private(s.runtime(), (0, ""), Shape::from(&shape[..]), None).share().into()
}
