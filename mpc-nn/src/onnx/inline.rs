//! Functions of a file, put in the place where they are called.

use super::{
    proto::{AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto},
    report::Reason,
};
use std::collections::HashMap;

/// The most steps that a file may unfold to.
const MOST: usize = 200_000;
/// How deep functions may call functions.
const DEPTH: usize = 32;

/// The nodes of a graph, with those of the file's own functions in the place of their calls.
pub(super) fn functions(file: &ModelProto, graph: &GraphProto, out: &mut Vec<NodeProto>) -> Result<(), Reason> {
    let key = |domain: &str, name: &str| (domain.to_owned(), name.to_owned());
    let known: HashMap<_, _> = file.functions.iter().map(|f| (key(f.domain(), f.name()), f)).collect();
    if known.is_empty() {
        out.extend(graph.node.iter().cloned());
        return Ok(());
    }
    let mut calls = 0;
    unfold(&known, &graph.node, out, &mut calls, 0)
}

type Known<'a> = HashMap<(String, String), &'a FunctionProto>;

fn unfold(
    known: &Known<'_>,
    nodes: &[NodeProto],
    out: &mut Vec<NodeProto>,
    calls: &mut usize,
    depth: usize,
) -> Result<(), Reason> {
    for node in nodes {
        let Some(function) = known.get(&(node.domain().to_owned(), node.op_type().to_owned())) else {
            out.push(node.clone());
            if out.len() > MOST {
                return Reason::err(format!("its functions unfold to more than {MOST} steps"));
            }
            continue;
        };
        *calls += 1;
        if depth == DEPTH || *calls > MOST {
            return Reason::err("its functions call each other without end, or nearly");
        }
        let body = called(function, node, *calls);
        unfold(known, &body, out, calls, depth + 1)?;
    }
    Ok(())
}

/// The body of a function, for one call of it.
fn called(function: &FunctionProto, call: &NodeProto, number: usize) -> Vec<NodeProto> {
    let mut names: HashMap<&str, String> = HashMap::new();
    let pairs = |formal: &'_ [String], actual: &[String]| -> Vec<(usize, String)> {
        formal.iter().enumerate().map(|(at, _)| (at, actual.get(at).cloned().unwrap_or_default())).collect()
    };
    for (at, actual) in pairs(&function.input, &call.input) {
        names.insert(&function.input[at], actual);
    }
    for (at, actual) in pairs(&function.output, &call.output) {
        names.entry(&function.output[at]).or_insert(actual);
    }
    let stem = if call.name().is_empty() { function.name() } else { call.name() };
    let local = |name: &String| match names.get(name.as_str()) {
        _ if name.is_empty() => String::new(),
        // An output that nobody asks for still has a name inside.
        Some(actual) if !actual.is_empty() || function.input.contains(name) => actual.clone(),
        _ => format!("{stem}#{number}/{name}"),
    };
    let body = function.node.iter().map(|node| {
        let mut node = node.clone();
        node.input = node.input.iter().map(local).collect();
        node.output = node.output.iter().map(local).collect();
        node.name = Some(format!("{stem}/{}", if node.name().is_empty() { node.op_type() } else { node.name() }));
        node.attribute = node.attribute.iter().filter_map(|given| actual(function, call, given)).collect();
        node
    });
    body.collect()
}

/// An attribute of a node in a function: its own, or that of the call which it refers to, or the function's default.
fn actual(function: &FunctionProto, call: &NodeProto, given: &AttributeProto) -> Option<AttributeProto> {
    let Some(of) = given.ref_attr_name.as_deref().filter(|name| !name.is_empty()) else { return Some(given.clone()) };
    let named = |all: &[AttributeProto]| all.iter().find(|attribute| attribute.name() == of).cloned();
    let found = named(&call.attribute).or_else(|| named(&function.attribute_proto))?;
    Some(AttributeProto { name: given.name.clone(), ref_attr_name: None, ..found })
}
