//! The file while it is written: steps in the form of the version that is written, and numbers by name.

use super::{FORMAT, ML_OPSET, OPSET, forms, kinds, own};
use crate::onnx::{
    array::{Array, Element},
    graph::{Dim, Plan},
    node::{Attribute, Node},
    ops::{self, ML, OWN},
    proto::{
        AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
        TypeProto, ValueInfoProto, attribute_proto::AttributeType, tensor_shape_proto, tensor_shape_proto::dimension,
        type_proto,
    },
    report::{Reason, Report},
    weights::Weights,
};
use ndarray::ArrayD;
use std::collections::{BTreeSet, HashMap};

/// In the names of the steps with which the importer takes the columns that trees look at.
const TABLE: &str = "/Slice~";

/// A file that grows.
pub(super) struct File<'a> {
    pub(super) weights: &'a Weights,
    /// The version of ONNX's operators in it.
    pub(super) opset: i64,
    nodes: Vec<NodeProto>,
    numbers: Vec<TensorProto>,
    kinds: HashMap<String, Element>,
    taken: BTreeSet<String>,
    made: usize,
}

impl<'a> File<'a> {
    /// The file of a graph.
    pub(super) fn of(plan: &Plan, weights: &'a Weights, ranks: &HashMap<String, usize>) -> Result<ModelProto, Report> {
        let names = plan.nodes.iter().flat_map(|node| node.outputs.iter().chain([&node.name]));
        let mut file = Self {
            weights,
            opset: plan.opsets[0].max(OPSET),
            nodes: Vec::with_capacity(plan.nodes.len()),
            numbers: Vec::new(),
            kinds: plan.inputs.iter().map(|input| (input.name.clone(), input.element)).collect(),
            taken: names.chain(&plan.outputs).chain(plan.inputs.iter().map(|input| &input.name)).cloned().collect(),
            made: 0,
        };
        let mut report = Report::default();
        for (name, shape) in &plan.weights {
            match weights.get(name) {
                Some(values) if values.shape() != shape => {
                    report.add(name, "", format!("it has shape {:?}, and the graph has {shape:?}", values.shape()));
                }
                Some(values) if values.iter().any(|x| x.is_nan()) => {
                    report.add(name, "", "it holds what is not a number");
                }
                Some(values) => file.number(name, Element::Float, values),
                None => report.add(name, "", "the weights lack it"),
            }
        }
        report.checked()?;
        plan.constants.iter().for_each(|(name, array)| file.number(name, array.element, &array.values));
        let mut report = Report::default();
        for node in &plan.nodes {
            let written = match &node.domain[..] {
                "" => forms::write(&mut file, node.clone(), plan.opsets[0]),
                OWN => own::write(&mut file, node.clone()),
                _ => file.push(node.clone()),
            };
            if let Err(reason) = written {
                report.add(&node.name, node.operator(), reason);
            }
        }
        report.checked()?;
        Ok(file.finish(plan, ranks))
    }

    /// A name that nothing has.
    pub(super) fn fresh(&mut self, stem: &str) -> String {
        loop {
            self.made += 1;
            let name = format!("{stem}~{}", self.made);
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }

    /// Numbers by name.
    fn number(&mut self, name: &str, element: Element, values: &ArrayD<f64>) {
        self.taken.insert(name.to_owned());
        self.kinds.insert(name.to_owned(), element);
        self.numbers.push(tensor(name, element, values));
    }

    /// Public numbers under a new name.
    pub(super) fn constant(&mut self, stem: &str, array: &Array) -> String {
        let name = self.fresh(stem);
        self.number(&name, array.element, &array.values);
        name
    }

    /// Whole numbers along one axis.
    pub(super) fn ints(&mut self, stem: &str, values: impl IntoIterator<Item = i64>) -> String {
        self.constant(stem, &Array::ints(values))
    }

    /// A float without an axis.
    pub(super) fn float(&mut self, stem: &str, value: f64) -> String {
        self.constant(stem, &Array::scalar(Element::Float, value))
    }

    /// What the elements of a value are; floats, if nothing said so.
    pub(super) fn kind(&self, name: &str) -> Element {
        self.kinds.get(name).copied().unwrap_or(Element::Float)
    }

    /// What the importer took the first columns of for trees, if this is them.
    pub(super) fn whole_table<'n>(&'n self, name: &'n str) -> &'n str {
        let made = self.nodes.iter().rev().find(|node| node.output.iter().any(|output| output == name));
        let slice = made.filter(|node| node.op_type() == "Slice" && node.name().contains(TABLE));
        slice.and_then(|node| node.input.first()).map_or(name, String::as_str)
    }

    /// A step with one new output, which is named.
    pub(super) fn op(
        &mut self,
        stem: &str,
        operator: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute)],
    ) -> Result<String, Reason> {
        let name = self.fresh(stem);
        let mut node = Node::new(name.clone(), "", operator, inputs, &[&name]);
        node.attributes.extend(attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        self.push(node)?;
        Ok(name)
    }

    /// A step that is in the form of the version that is written.
    pub(super) fn push(&mut self, mut node: Node) -> Result<(), Reason> {
        // Elements are of one width each, whatever they were.
        for (name, value) in &mut node.attributes {
            if let ("to" | "dtype", Attribute::Int(kind)) = (&name[..], &mut *value) {
                *kind = number_of(ops::element(*kind)?);
            }
        }
        if node.domain.is_empty() {
            ops::build(&node, self.opset)?;
        }
        self.push_unchecked(node);
        Ok(())
    }

    /// As [`Self::push`], for an operator that this crate reads and does not run.
    pub(super) fn push_unchecked(&mut self, mut node: Node) {
        while node.inputs.last().is_some_and(String::is_empty) {
            node.inputs.pop();
        }
        kinds::note(&node, &mut self.kinds);
        self.nodes.push(proto(&node));
    }

    fn finish(mut self, plan: &Plan, ranks: &HashMap<String, usize>) -> ModelProto {
        let made: BTreeSet<&String> = self.nodes.iter().flat_map(|node| &node.output).collect();
        let shown: Vec<bool> = plan.outputs.iter().map(|name| !made.contains(name)).collect();
        let mut outputs: Vec<String> = Vec::with_capacity(plan.outputs.len());
        for (name, shown) in plan.outputs.iter().zip(shown) {
            // What is no result of a step, or stands there twice, needs a name of its own.
            let own = match shown || outputs.contains(name) {
                true => self.op(name, "Identity", &[name], &[]).unwrap_or_default(),
                false => name.clone(),
            };
            outputs.push(own);
        }
        let mut used: BTreeSet<String> = outputs.iter().cloned().collect();
        let mut kept = Vec::with_capacity(self.nodes.len());
        for node in self.nodes.drain(..).rev().collect::<Vec<_>>() {
            if node.output.iter().any(|name| used.contains(name)) {
                used.extend(node.input.iter().cloned());
                kept.push(node);
            }
        }
        kept.reverse();
        self.nodes = kept;
        self.numbers.retain(|tensor| tensor.name.as_ref().is_some_and(|name| used.contains(name)));
        let ml = self.nodes.iter().any(|node| node.domain.as_deref() == Some(ML));
        let versions = [("", self.opset)].into_iter().chain(ml.then_some((ML, ML_OPSET)));
        let open = |name: &String| ranks.get(name).map(|&rank| vec![Dim::Open(String::new()); rank]);
        let shapes: Vec<_> = plan.outputs.iter().map(open).collect();
        let made = outputs.iter().zip(&shapes);
        let graph = GraphProto {
            name: Some("graph".to_owned()),
            input: plan.inputs.iter().map(|input| info((&input.name, input.element, input.shape.as_deref()))).collect(),
            output: made.map(|(name, shape)| info((name, self.kind(name), shape.as_deref()))).collect(),
            node: self.nodes,
            initializer: self.numbers,
            ..GraphProto::default()
        };
        ModelProto {
            ir_version: Some(FORMAT),
            opset_import: versions
                .map(|(domain, version)| OperatorSetIdProto { domain: Some(domain.to_owned()), version: Some(version) })
                .collect(),
            producer_name: Some(env!("CARGO_PKG_NAME").to_owned()),
            producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            graph: Some(graph),
            ..ModelProto::default()
        }
    }
}

/// The number of a kind in ONNX's list of types.
fn number_of(element: Element) -> i64 {
    match element {
        Element::Float => 1,
        Element::Int => 7,
        Element::Bool => 9,
    }
}

fn type_of(element: Element) -> i32 {
    number_of(element) as i32
}

fn tensor(name: &str, element: Element, values: &ArrayD<f64>) -> TensorProto {
    let mut bytes = Vec::with_capacity(values.len() * 8);
    for &x in values {
        match element {
            Element::Float => bytes.extend((x as f32).to_le_bytes()),
            Element::Int => bytes.extend((x as i64).to_le_bytes()),
            Element::Bool => bytes.push(u8::from(x != 0.0)),
        }
    }
    TensorProto {
        name: Some(name.to_owned()),
        dims: values.shape().iter().map(|&size| size as i64).collect(),
        data_type: Some(type_of(element)),
        raw_data: Some(bytes),
        ..TensorProto::default()
    }
}

fn info((name, element, shape): (&String, Element, Option<&[Dim]>)) -> ValueInfoProto {
    let dim = |dim: &Dim| tensor_shape_proto::Dimension {
        value: match dim {
            Dim::Fixed(size) => Some(dimension::Value::DimValue(*size as i64)),
            Dim::Open(name) if name.is_empty() => None,
            Dim::Open(name) => Some(dimension::Value::DimParam(name.clone())),
        },
        ..tensor_shape_proto::Dimension::default()
    };
    let shape = shape.map(|dims| TensorShapeProto { dim: dims.iter().map(dim).collect() });
    let tensor = type_proto::Tensor { elem_type: Some(type_of(element)), shape };
    let kind = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: Some(name.clone()), r#type: Some(kind), ..ValueInfoProto::default() }
}

fn proto(node: &Node) -> NodeProto {
    NodeProto {
        name: Some(node.name.clone()),
        op_type: Some(node.operator.clone()),
        domain: Some(node.domain.clone()).filter(|domain| !domain.is_empty()),
        input: node.inputs.clone(),
        output: node.outputs.clone(),
        attribute: node.attributes.iter().map(|(name, value)| attribute(name, value)).collect(),
        ..NodeProto::default()
    }
}

fn attribute(name: &str, value: &Attribute) -> AttributeProto {
    let mut proto = AttributeProto { name: Some(name.to_owned()), ..AttributeProto::default() };
    let kind = match value.clone() {
        Attribute::Int(x) => {
            proto.i = Some(x);
            AttributeType::Int
        }
        Attribute::Float(x) => {
            proto.f = Some(x);
            AttributeType::Float
        }
        Attribute::Text(text) => {
            proto.s = Some(text.into_bytes());
            AttributeType::String
        }
        Attribute::Ints(all) => {
            proto.ints = all;
            AttributeType::Ints
        }
        Attribute::Floats(all) => {
            proto.floats = all;
            AttributeType::Floats
        }
        Attribute::Texts(all) => {
            proto.strings = all.into_iter().map(String::into_bytes).collect();
            AttributeType::Strings
        }
        Attribute::Tensor(array) => {
            proto.t = Some(tensor("", array.element, &array.values));
            AttributeType::Tensor
        }
    };
    proto.r#type = Some(kind as i32);
    proto
}
