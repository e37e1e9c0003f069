//! Steps on constants alone are computed while the model is read; steps that do nothing disappear.

use crate::onnx::{
    array::{Array, spend},
    model::Model,
    node::{Attribute, Node},
    ops::{self, Inputs, ML, OWN},
};
use std::collections::HashMap;

pub(in crate::onnx) fn run(model: &mut Model) {
    let mut renamed: HashMap<String, String> = HashMap::new();
    let mut kept = Vec::with_capacity(model.nodes.len());
    for mut node in std::mem::take(&mut model.nodes) {
        for input in &mut node.inputs {
            while let Some(next) = renamed.get(input) {
                input.clone_from(next);
            }
        }
        if does_nothing(model, &node)
            && let ([input, ..], [output, rest @ ..]) = (&node.inputs[..], &node.outputs[..])
            && rest.iter().all(String::is_empty)
            && input != output
        {
            renamed.insert(output.clone(), input.clone());
            continue;
        }
        let constant = node.inputs.iter().all(|name| name.is_empty() || model.constants.contains_key(name));
        let plain = matches!(&node.domain[..], "" | OWN | ML);
        if constant
            && plain
            && let Some(made) = folded(model, &node)
        {
            spend(made.iter().map(Array::len).sum());
            model.constants.extend(node.outputs.into_iter().zip(made).filter(|(name, _)| !name.is_empty()));
            continue;
        }
        kept.push(node);
    }
    model.nodes = kept;
    model.rename(&renamed);
}

/// What a node on constants makes; nothing if it cannot be computed, which is reported later.
fn folded(model: &Model, node: &Node) -> Option<Vec<Array>> {
    let opset = if node.domain == ML { model.opsets[1] } else { model.opsets[0] };
    let operator = ops::build(node, opset).ok()?;
    let given: Vec<_> = node.inputs.iter().map(|name| model.constants.get(name)).collect();
    operator.clear(&Inputs(&given)).ok().filter(|made| made.len() >= node.outputs.len())
}

/// Whether the first output is the first input.
fn does_nothing(model: &Model, node: &Node) -> bool {
    let input = node.inputs.first();
    match (&node.domain[..], &node.operator[..]) {
        ("" | OWN, "Identity" | "Dropout") => true,
        // Among kinds of floats.
        ("", "Cast") => {
            let float = |kind: &Attribute| matches!(kind, Attribute::Int(1 | 10 | 11 | 16));
            node.attribute("to").is_some_and(float) && input.is_some_and(|name| is_float(model, name))
        }
        _ => false,
    }
}

/// Whether a value is an input of floats.
fn is_float(model: &Model, name: &str) -> bool {
    let float = crate::onnx::Element::Float;
    model.inputs.iter().any(|input| input.name == name && input.element == float)
}
