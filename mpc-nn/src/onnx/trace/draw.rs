//! From recorded steps to the nodes of a graph: which are needed, what their values are called, and sizes that are open.

use super::{OPEN, Recorded};
use crate::onnx::{
    array::{Array, Element},
    export,
    graph::{Dim, Input, Plan},
    node::{Attribute, Node},
    report::{Reason, Report},
};
use mpc_core::{engine::Kind, op::Step};
use std::collections::{BTreeSet, HashMap};

/// The size of an axis in both recordings.
pub(super) type Size = [usize; 2];

/// A graph that grows.
pub(super) struct Drawing<'a> {
    a: &'a Recorded,
    b: &'a Recorded,
    plan: Plan,
    names: HashMap<u64, String>,
    kinds: HashMap<u64, Element>,
    taken: BTreeSet<String>,
    /// Where the open axis is, and its size as a value once somebody asked.
    open: Option<(String, usize)>,
    batch: Option<String>,
}

/// The plan of a model that was recorded twice, with two sizes of the open axis.
pub(super) fn draw(inputs: &[Input], a: &Recorded, b: &Recorded) -> Result<Plan, Report> {
    let open = inputs.iter().find_map(|input| {
        let at = input.shape.iter().flatten().position(|dim| matches!(dim, Dim::Open(_)))?;
        Some((input.name.clone(), at))
    });
    let mut drawing = Drawing {
        a,
        b,
        plan: Plan { opsets: [export::OPSET, 1], inputs: inputs.to_vec(), ..Plan::default() },
        names: HashMap::new(),
        kinds: HashMap::new(),
        taken: a.weights.values().chain(inputs.iter().map(|input| &input.name)).cloned().collect(),
        open,
        batch: None,
    };
    for (input, &id) in inputs.iter().zip(&a.inputs) {
        drawing.names.insert(id, input.name.clone());
        drawing.kinds.insert(id, input.element);
    }
    let mut report = Report::default();
    let many = a.outputs.len() > 1;
    for id in drawing.needed() {
        let Some(step) = a.step(id) else { continue };
        let Some(other) = drawing.same(step) else {
            report.add(&*step.scope, step.op, "whether it is there depends on the size of the open axis");
            break;
        };
        if let Some(name) = a.weights.get(&id) {
            drawing.plan.weights.push((name.clone(), step.shape.dims().to_vec()));
            drawing.names.insert(id, name.clone());
            continue;
        }
        let output = a.outputs.iter().position(|&output| output == id);
        let name = drawing.fresh(&match output {
            Some(at) if many => format!("output{at}"),
            Some(_) => "output".to_owned(),
            None => step.scope.to_string(),
        });
        let kind = if step.kind == Kind::Bit { Element::Bool } else { Element::Float };
        drawing.names.insert(id, name.clone());
        drawing.kinds.insert(id, kind);
        if let Err(reason) = drawing.write(step, other, &name) {
            report.add(&*step.scope, step.op, Reason::new(format!("{reason} ({})", step.at)));
        }
    }
    report.checked()?;
    drawing.plan.outputs = a.outputs.iter().map(|id| drawing.value(*id)).collect();
    Ok(drawing.plan)
}

impl<'a> Drawing<'a> {
    /// The steps that outputs are made of, in order; of inputs and weights no more is needed.
    fn needed(&self) -> BTreeSet<u64> {
        let (mut needed, mut open) = (BTreeSet::new(), self.a.outputs.clone());
        while let Some(id) = open.pop() {
            if self.a.inputs.contains(&id) || !needed.insert(id) || self.a.weights.contains_key(&id) {
                continue;
            }
            open.extend(self.a.step(id).iter().flat_map(|step| &step.inputs));
        }
        needed
    }

    /// The same step in the other recording.
    fn same(&self, step: &Step) -> Option<&'a Step> {
        let kind = |step: &Step| step.meaning.as_ref().map(std::mem::discriminant);
        let alike = |other: &&Step| other.op == step.op && other.inputs == step.inputs && kind(other) == kind(step);
        self.b.step(step.id).filter(alike)
    }

    fn fresh(&mut self, stem: &str) -> String {
        let mut name = stem.to_owned();
        let mut number = 1;
        while !self.taken.insert(name.clone()) {
            number += 1;
            name = format!("{stem}_{number}");
        }
        name
    }

    /// The name of a value.
    pub(super) fn value(&self, id: u64) -> String {
        self.names.get(&id).cloned().unwrap_or_default()
    }

    /// A value goes by another name.
    pub(super) fn rename(&mut self, id: u64, name: String) {
        self.names.insert(id, name);
    }

    /// A value is another one.
    pub(super) fn alias(&mut self, id: u64, of: u64) {
        let (name, kind) = (self.value(of), self.kind(of));
        self.names.insert(id, name);
        self.kinds.insert(id, kind);
    }

    pub(super) fn kind(&self, id: u64) -> Element {
        self.kinds.get(&id).copied().unwrap_or(Element::Float)
    }

    /// Elements of a value are of another kind than a step's usually are.
    pub(super) fn set_kind(&mut self, id: u64, kind: Element) {
        self.kinds.insert(id, kind);
    }

    /// A value with elements of a kind.
    pub(super) fn as_kind(&mut self, id: u64, kind: Element) -> String {
        let name = self.value(id);
        if self.kind(id) == kind {
            return name;
        }
        let to = Attribute::Int(if kind == Element::Int { 7 } else { 1 });
        self.op("Cast", &[&name], &[("to", to)])
    }

    /// The sizes of a value's axes.
    pub(super) fn sizes(&self, id: u64) -> Vec<Size> {
        let of = |recorded: &Recorded| recorded.step(id).map(|step| step.shape.dims().to_vec()).unwrap_or_default();
        of(self.a).into_iter().zip(of(self.b)).map(Into::into).collect()
    }

    /// A step that makes a value that has a name.
    pub(super) fn named(&mut self, output: &str, operator: &str, inputs: &[&str], attributes: &[(&str, Attribute)]) {
        let mut node = Node::new(output, "", operator, inputs, &[output]);
        node.attributes.extend(attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        self.plan.nodes.push(node);
    }

    /// A step with one new output, which is named.
    pub(super) fn op(&mut self, operator: &str, inputs: &[&str], attributes: &[(&str, Attribute)]) -> String {
        let stem = inputs.first().copied().unwrap_or_default().to_owned();
        let name = self.fresh(&format!("{stem}/{operator}"));
        self.named(&name, operator, inputs, attributes);
        name
    }

    /// Public numbers.
    pub(super) fn constant(&mut self, array: Array) -> String {
        if let Some((name, _)) = self.plan.constants.iter().find(|(_, known)| *known == array) {
            return name.clone();
        }
        let name = self.fresh("constant");
        self.plan.constants.push((name.clone(), array));
        name
    }

    pub(super) fn number(&mut self, value: f64) -> String {
        self.constant(Array::scalar(Element::Float, value))
    }

    pub(super) fn ints(&mut self, values: impl IntoIterator<Item = i64>) -> String {
        self.constant(Array::ints(values))
    }

    /// Sizes as a value; `None` is that of the open axis.
    pub(super) fn shape(&mut self, sizes: &[Option<usize>]) -> String {
        if sizes.iter().all(Option::is_some) {
            return self.ints(sizes.iter().flatten().map(|&size| size as i64));
        }
        let batch = self.batch();
        let parts: Vec<String> = sizes
            .iter()
            .map(|size| match size {
                Some(size) => self.ints([*size as i64]),
                None => batch.clone(),
            })
            .collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        self.op("Concat", &parts, &[("axis", Attribute::Int(0))])
    }

    /// The size of the open axis, as a list of one.
    fn batch(&mut self) -> String {
        if let Some(batch) = &self.batch {
            return batch.clone();
        }
        let (input, at) = self.open.clone().unwrap_or_default();
        let range = [("start", Attribute::Int(at as i64)), ("end", Attribute::Int(at as i64 + 1))];
        let batch = self.op("Shape", &[&input], &range);
        self.batch = Some(batch.clone());
        batch
    }
}

/// A size for [`Drawing::shape`].
pub(super) fn known([a, b]: Size) -> Result<Option<usize>, Reason> {
    match [a, b] {
        OPEN => Ok(None),
        [a, b] if a == b => Ok(Some(a)),
        _ => Reason::err("a size is computed of that of the open axis"),
    }
}
