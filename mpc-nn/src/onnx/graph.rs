//! The public part of a model: its steps, without its numbers.

use super::{
    array::{Array, Element, MOST, within},
    network,
    node::Node,
    ops::{self, Inputs, ML, OPSETS, OWN, Operator},
    report::{Reason, Report},
    value::{Context, Value},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt, sync::Arc};

/// The size of an axis of an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dim {
    /// Always this.
    Fixed(usize),
    /// Any, such as a batch; the name is empty where the file gives none.
    Open(String),
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(size) => write!(f, "{size}"),
            Self::Open(name) => f.write_str(if name.is_empty() { "any" } else { name }),
        }
    }
}

/// What a model takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// What its elements are.
    pub element: Element,
    /// Its axes; nothing if the file does not say.
    pub shape: Option<Vec<Dim>>,
}

impl Input {
    /// Its axes as text: `[batch, 3, 224, 224]`, or `any` if the file does not say.
    pub fn axes(&self) -> String {
        let text = |dims: &Vec<Dim>| format!("[{}]", dims.iter().map(Dim::to_string).collect::<Vec<_>>().join(", "));
        self.shape.as_ref().map_or("any".to_owned(), text)
    }

    /// Whether a tensor of a shape can be this input.
    pub fn admits(&self, shape: &[usize]) -> bool {
        let fits = |(dim, &size): (&Dim, &usize)| match dim {
            Dim::Fixed(wanted) => *wanted == size,
            Dim::Open(_) => size > 0,
        };
        self.shape.as_ref().is_none_or(|dims| dims.len() == shape.len() && dims.iter().zip(shape).all(fits))
    }
}

/// What a graph is made of, as it travels. [`Graph`] is the same, checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Plan {
    /// The versions of ONNX's own operators and of scikit-learn's.
    pub(super) opsets: [i64; 2],
    pub(super) inputs: Vec<Input>,
    pub(super) outputs: Vec<String>,
    /// Names and shapes of what the owner keeps secret.
    pub(super) weights: Vec<(String, Vec<usize>)>,
    pub(super) constants: Vec<(String, Array)>,
    /// In an order in which they can run.
    pub(super) nodes: Vec<Node>,
}

/// The public structure of a model: operators, attributes, shapes, and those constants that shapes and steps depend on. Every
/// party has it. It holds none of the [`Weights`](super::Weights).
///
/// What is decoded is checked as what is read from a file: sizes are bounded, every operator is known, and every value is
/// made before it is used.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Plan", into = "Plan")]
pub struct Graph {
    pub(super) plan: Arc<Plan>,
    pub(super) operators: Arc<[Box<dyn Operator>]>,
}

/// Limits of what is accepted from elsewhere.
const NODES: usize = 200_000;
const NAME: usize = 4096;
/// Elements of all weights together: 64 GiB of shares.
const WEIGHTS: usize = 1 << 33;

impl Graph {
    /// The graph of a plan, if everything in it is known and fits.
    pub(super) fn of(plan: Plan) -> Result<Self, Report> {
        let (graph, report) = Self::partial(plan)?;
        report.checked()?;
        Ok(graph)
    }

    /// The graph of a plan, and what does not fit in it: such a node is there and fails.
    pub(super) fn partial(plan: Plan) -> Result<(Self, Report), Report> {
        let mut report = Report::default();
        bounded(&plan, &mut report);
        report.clone().checked()?;
        let mut known: BTreeSet<&str> = BTreeSet::new();
        let given = plan.inputs.iter().map(|input| &input.name);
        let given = given.chain(plan.weights.iter().map(|weight| &weight.0)).chain(plan.constants.iter().map(|x| &x.0));
        for name in given {
            if name.is_empty() || !known.insert(name) {
                report.add(name, "", "two values have this name, or it is empty");
            }
        }
        let mut operators = Vec::with_capacity(plan.nodes.len());
        for node in &plan.nodes {
            for input in node.inputs.iter().filter(|name| !name.is_empty()) {
                if !known.contains(input.as_str()) {
                    report.add(&node.name, node.operator(), format!("nothing before it makes its input `{input}`"));
                }
            }
            for output in node.outputs.iter().filter(|name| !name.is_empty()) {
                if !known.insert(output) {
                    report.add(&node.name, node.operator(), format!("`{output}` is made twice"));
                }
            }
            match version(&plan, &node.domain).and_then(|opset| ops::build(node, opset)) {
                Ok(operator) => operators.push(operator),
                Err(reason) => {
                    report.add(&node.name, node.operator(), reason.clone());
                    operators.push(Box::new(Refused(reason)));
                }
            }
        }
        for output in plan.outputs.iter().filter(|name| !known.contains(name.as_str())) {
            report.add(output, "", "nothing makes this output");
        }
        Ok((Self { plan: Arc::new(plan), operators: operators.into() }, report))
    }

    /// What the model takes.
    pub fn inputs(&self) -> &[Input] {
        &self.plan.inputs
    }

    /// The names of what the model makes.
    pub fn outputs(&self) -> &[String] {
        &self.plan.outputs
    }

    /// The steps, in an order in which they can run.
    pub fn nodes(&self) -> &[Node] {
        &self.plan.nodes
    }

    /// Names and shapes of the weights, which only the owner has.
    pub fn weights(&self) -> impl ExactSizeIterator<Item = (&str, &[usize])> {
        self.plan.weights.iter().map(|(name, shape)| (name.as_str(), shape.as_slice()))
    }

    /// The constants that everybody sees: sizes, axes, single numbers, and what an operator needs to know. The structure and
    /// these are all that a graph tells of a model.
    pub fn constants(&self) -> impl ExactSizeIterator<Item = (&str, &Array)> {
        self.plan.constants.iter().map(|(name, array)| (name.as_str(), array))
    }
}

/// In the place of an operator that is not supported.
struct Refused(Reason);

impl Operator for Refused {
    fn clear(&self, _: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        Err(self.0.clone())
    }

    fn secret(&self, _: &Context<'_>, _: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        Err(self.0.clone())
    }
}

/// The version of a domain.
fn version(plan: &Plan, domain: &str) -> Result<i64, Reason> {
    let [own, ml] = plan.opsets;
    match domain {
        "" if (OPSETS[0]..=OPSETS[1]).contains(&own) => Ok(own),
        "" => {
            let [low, high] = OPSETS;
            Reason::err(format!("it is of version {own} of ONNX's operators; versions {low} to {high} are supported"))
        }
        ML => Ok(ml),
        OWN => Ok(1),
        other => Reason::err(format!("operators of the domain `{other}` are not supported")),
    }
}

/// Whether sizes and counts are such that nothing is allocated without measure.
fn bounded(plan: &Plan, report: &mut Report) {
    let names = plan.nodes.iter().map(|node| node.inputs.len() + node.outputs.len() + node.attributes.len());
    if plan.nodes.len() > NODES || names.sum::<usize>() > 16 * NODES || plan.outputs.len() > NODES {
        report.add("the graph", "", format!("it has more than {NODES} nodes, or more names than they need"));
    }
    let all = plan.nodes.iter().flat_map(|node| node.outputs.iter().chain([&node.name]));
    for name in all.chain(&plan.outputs).chain(plan.inputs.iter().map(|input| &input.name)) {
        if name.len() > NAME {
            report.add(name.clone(), "", format!("a name is longer than {NAME} bytes"));
        }
    }
    let mut sum = 0usize;
    for (name, shape) in &plan.weights {
        match within(shape, network::MOST) {
            Ok(count) => sum = sum.saturating_add(count),
            Err(reason) => report.add(name, "", reason),
        }
    }
    let constants: usize = plan.constants.iter().map(|(_, array)| array.len()).sum();
    if sum > WEIGHTS || constants > MOST {
        report.add("the graph", "", "its weights or its constants are too many");
    }
    for input in &plan.inputs {
        let fixed = |dim: &Dim| if let Dim::Fixed(size) = dim { *size } else { 1 };
        if let Some(dims) = &input.shape
            && let Err(reason) = within(&dims.iter().map(fixed).collect::<Vec<_>>(), network::MOST)
        {
            report.add(&input.name, "", reason);
        }
    }
}

impl TryFrom<Plan> for Graph {
    type Error = Report;

    fn try_from(plan: Plan) -> Result<Self, Report> {
        Self::of(plan)
    }
}

impl From<Graph> for Plan {
    fn from(graph: Graph) -> Self {
        Arc::unwrap_or_clone(graph.plan)
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { inputs, outputs, weights, nodes, .. } = &*self.plan;
        write!(f, "Graph of {} nodes and {} weights: {inputs:?} -> {outputs:?}", nodes.len(), weights.len())
    }
}

impl PartialEq for Graph {
    fn eq(&self, other: &Self) -> bool {
        self.plan == other.plan
    }
}
