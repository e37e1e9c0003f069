//! Whole numbers stay whole: exporters make floats of labels, bring them to another shape, and make them whole again.

use crate::onnx::{
    model::Model,
    node::{Attribute, Node},
};
use std::collections::HashMap;

/// Steps that only move elements.
const MOVES: [&str; 6] = ["Reshape", "Squeeze", "Unsqueeze", "Flatten", "Transpose", "Identity"];

/// Where a cast to whole numbers follows one to floats with nothing but moves between them, the first is one to whole numbers
/// too: nobody could tell that of a secret float.
pub(in crate::onnx) fn run(model: &mut Model) {
    let uses = model.uses();
    let made: HashMap<&str, usize> = (model.nodes.iter().enumerate())
        .flat_map(|(at, node)| node.outputs.iter().map(move |output| (output.as_str(), at)))
        .collect();
    let mut whole = Vec::new();
    for node in model.nodes.iter().filter(|node| to(node).is_some_and(|kind| !is_float(kind))) {
        let mut name = node.input(0);
        // Each move is an earlier node, so that this ends.
        let mut before = usize::MAX;
        while let Some(&at) = made.get(name).filter(|&&at| at < before && uses.get(name) == Some(&1)) {
            let step = &model.nodes[at];
            if to(step).is_some_and(is_float) {
                whole.push((at, node.attribute("to").cloned()));
            }
            if !step.domain.is_empty() || !MOVES.contains(&&step.operator[..]) {
                break;
            }
            (name, before) = (step.input(0), at);
        }
    }
    for (at, kind) in whole {
        let attributes = &mut model.nodes[at].attributes;
        if let (Some((_, old)), Some(kind)) = (attributes.iter_mut().find(|(name, _)| name == "to"), kind) {
            *old = kind;
        }
    }
}

/// What a cast makes.
fn to(node: &Node) -> Option<i64> {
    match node.attribute("to") {
        Some(Attribute::Int(kind)) if node.is("", "Cast") && *kind != 9 => Some(*kind),
        _ => None,
    }
}

fn is_float(kind: i64) -> bool {
    matches!(kind, 1 | 10 | 11 | 16)
}
