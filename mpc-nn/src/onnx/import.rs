//! From the bytes of a file to a graph and its weights.

use super::{
    array::{Array, Element, limited},
    graph::{Dim, Graph, Input},
    inline,
    model::Model,
    node::{Attribute, Node},
    ops::{self, ML},
    passes,
    proto::{
        AttributeProto, GraphProto, ModelProto, NodeProto, ValueInfoProto, attribute_proto::AttributeType,
        tensor_shape_proto::dimension, type_proto,
    },
    report::{Reason, Report},
    tensors,
    weights::Weights,
};
use prost::Message;
use std::{fs::File, io::Read, path::Path};

/// The largest file: what its format allows.
const LARGEST: u64 = 1 << 31;
/// Elements that steps on constants may make of a small file while it is read: 128 MiB. Of a large one, four times what it
/// holds.
const MADE: usize = 1 << 24;

/// Reads a model from a file, with the files beside it that hold its numbers.
///
/// # Errors
/// A [`Report`] of everything that is malformed or not supported.
pub fn read(path: impl AsRef<Path>) -> Result<(Graph, Weights), Report> {
    let path = path.as_ref();
    let failed = |error: std::io::Error| Report::file(path, error);
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Report::file(path, "it is larger than 2 GiB, the most that its format allows"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    import(&bytes, Some(folder))
}

/// Reads a model that is all in memory.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(bytes: &[u8]) -> Result<(Graph, Weights), Report> {
    import(bytes, None)
}

fn import(bytes: &[u8], folder: Option<&Path>) -> Result<(Graph, Weights), Report> {
    let file = ModelProto::decode(bytes)
        .map_err(|error| Report::of("the file", Reason(format!("it is not an ONNX model: {error}"))))?;
    let mut report = Report::default();
    let mut model = Model { opsets: opsets(&file), ..Model::default() };
    let Some(graph) = &file.graph else {
        return Err(Report::of("the file", "it is not an ONNX model: it has no graph"));
    };
    let mut nodes = Vec::new();
    if let Err(reason) = inline::functions(&file, graph, &mut nodes) {
        report.add("the file", "", reason);
    }
    constants(graph, folder, &mut model, &mut report);
    inputs(graph, &mut model, &mut report);
    model.outputs = graph.output.iter().map(|output| output.name().to_owned()).collect();
    if model.outputs.is_empty() {
        report.add("the graph", "", "it has no outputs");
    }
    for (at, node) in nodes.iter().enumerate() {
        match read_node(node, at, folder) {
            Ok(node) => model.nodes.push(node),
            Err(reason) => report.add(name_of(node, at), node.op_type(), reason),
        }
    }
    // What could not be read at all would only make more problems of what needs it.
    report.clone().checked()?;
    model.number_names();
    let held = model.constants.values().map(Array::len).sum::<usize>();
    limited(MADE.max(held.saturating_mul(4)), || {
        passes::run(&mut model, &mut report);
        passes::split(model, report)
    })
}

/// The versions of ONNX's own operators and of scikit-learn's; 0 where there is none.
fn opsets(file: &ModelProto) -> [i64; 2] {
    ["", ML].map(|domain| {
        let same = |name: &str| name == domain || (domain.is_empty() && name == "ai.onnx");
        let found = file.opset_import.iter().find(|import| same(import.domain.as_deref().unwrap_or("")));
        found.and_then(|import| import.version).unwrap_or(0)
    })
}

fn name_of(node: &NodeProto, at: usize) -> String {
    match node.name() {
        "" => format!("{}_{at}", node.op_type()),
        name => name.to_owned(),
    }
}

fn constants(graph: &GraphProto, folder: Option<&Path>, model: &mut Model, report: &mut Report) {
    for tensor in &graph.initializer {
        match tensors::read(tensor, folder) {
            Ok(array) => {
                model.constants.insert(tensor.name().to_owned(), array);
            }
            Err(reason) => report.add(tensor.name(), "", reason),
        }
    }
    for sparse in &graph.sparse_initializer {
        let name = sparse.values.as_ref().map_or("", |values| values.name());
        report.add(name, "", "sparse tensors are not supported");
    }
}

fn inputs(graph: &GraphProto, model: &mut Model, report: &mut Report) {
    for given in &graph.input {
        if model.constants.contains_key(given.name()) {
            continue;
        }
        match input(given) {
            Ok(input) => model.inputs.push(input),
            Err(reason) => report.add(given.name(), "", reason),
        }
    }
}

fn input(given: &ValueInfoProto) -> Result<Input, Reason> {
    let kind = given.r#type.as_ref().and_then(|kind| kind.value.as_ref());
    let Some(type_proto::Value::TensorType(tensor)) = kind else {
        return Reason::err("an input is not a tensor");
    };
    let dim = |dim: &super::proto::tensor_shape_proto::Dimension| match &dim.value {
        Some(dimension::Value::DimValue(size)) if *size > 0 => match usize::try_from(*size) {
            Ok(size) => Dim::Fixed(size),
            Err(_) => Dim::Open(String::new()),
        },
        Some(dimension::Value::DimParam(name)) => Dim::Open(name.clone()),
        _ => Dim::Open(String::new()),
    };
    let shape = tensor.shape.as_ref().map(|shape| shape.dim.iter().map(dim).collect());
    let element = ops::element(i64::from(tensor.elem_type.unwrap_or(0)))?;
    Ok(Input { name: given.name().to_owned(), element, shape })
}

fn read_node(node: &NodeProto, at: usize, folder: Option<&Path>) -> Result<Node, Reason> {
    if node.overload.as_deref().is_some_and(|overload| !overload.is_empty()) {
        return Reason::err("overloaded functions are not supported");
    }
    let domain = match node.domain.as_deref().unwrap_or("") {
        "ai.onnx" => "",
        domain => domain,
    };
    if domain == ops::OWN {
        return Reason::err("this domain is the importer's own");
    }
    let attribute = |given: &AttributeProto| Ok((given.name().to_owned(), read_attribute(given, folder)?));
    Ok(Node {
        name: name_of(node, at),
        domain: domain.to_owned(),
        operator: node.op_type().to_owned(),
        inputs: node.input.clone(),
        outputs: node.output.clone(),
        attributes: node.attribute.iter().map(attribute).collect::<Result<_, Reason>>()?,
    })
}

fn text(bytes: &[u8]) -> Result<String, Reason> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "a word is not UTF-8".into())
}

fn read_attribute(given: &AttributeProto, folder: Option<&Path>) -> Result<Attribute, Reason> {
    let placed = |reason: Reason| Reason(format!("its attribute `{}`: {reason}", given.name()));
    let kind = match given.r#type() {
        AttributeType::Undefined => guessed(given),
        kind => kind,
    };
    match kind {
        AttributeType::Float => Ok(Attribute::Float(given.f.unwrap_or(0.0))),
        AttributeType::Int => Ok(Attribute::Int(given.i.unwrap_or(0))),
        AttributeType::String => text(given.s.as_deref().unwrap_or(&[])).map(Attribute::Text).map_err(placed),
        AttributeType::Floats => Ok(Attribute::Floats(given.floats.clone())),
        AttributeType::Ints => Ok(Attribute::Ints(given.ints.clone())),
        AttributeType::Strings => {
            let all = given.strings.iter().map(|bytes| text(bytes)).collect::<Result<_, _>>();
            all.map(Attribute::Texts).map_err(placed)
        }
        AttributeType::Tensor => match &given.t {
            Some(tensor) => tensors::read(tensor, folder).map(Attribute::Tensor).map_err(placed),
            None => Err(placed("it is empty".into())),
        },
        AttributeType::Graph | AttributeType::Graphs => Err(placed(
            "steps within steps (branches and loops) are not supported: export the model with its branches decided and its loops unrolled".into(),
        )),
        _ => Err(placed("its type is not supported".into())),
    }
}

/// The type of an attribute that names none, as old files do.
fn guessed(given: &AttributeProto) -> AttributeType {
    match given {
        AttributeProto { f: Some(_), .. } => AttributeType::Float,
        AttributeProto { i: Some(_), .. } => AttributeType::Int,
        AttributeProto { s: Some(_), .. } => AttributeType::String,
        AttributeProto { t: Some(_), .. } => AttributeType::Tensor,
        AttributeProto { g: Some(_), .. } => AttributeType::Graph,
        _ if !given.floats.is_empty() => AttributeType::Floats,
        _ if !given.strings.is_empty() => AttributeType::Strings,
        _ => AttributeType::Ints,
    }
}

/// For the trial of a graph that was just read: shapes of its inputs, if they are known but for the batch.
pub(super) fn usual_shapes(inputs: &[Input]) -> Option<Vec<Vec<usize>>> {
    let size = |(axis, dim): (usize, &Dim)| match dim {
        Dim::Fixed(size) => Some(*size),
        Dim::Open(_) => (axis == 0).then_some(1),
    };
    let shape = |input: &Input| input.shape.as_ref()?.iter().enumerate().map(size).collect();
    inputs.iter().map(shape).collect()
}

/// Whether an input is of whole numbers or truth values.
pub(super) fn is_whole(input: &Input) -> bool {
    input.element != Element::Float
}
