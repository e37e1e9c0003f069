//! What the elements of each value are, as far as the file must say it: of its outputs, and where two kinds would meet.

use crate::onnx::{
    array::Element,
    node::{Attribute, Node},
    ops,
};
use std::collections::HashMap;

/// Notes the kinds of what a step makes.
pub(super) fn note(node: &Node, kinds: &mut HashMap<String, Element>) {
    let of = |at: usize| kinds.get(node.input(at)).copied().unwrap_or(Element::Float);
    let named = |name: &str| match node.attribute(name) {
        Some(Attribute::Int(kind)) => ops::element(*kind).ok(),
        Some(Attribute::Tensor(array)) => Some(array.element),
        _ => None,
    };
    let first = match &node.operator[..] {
        "Equal" | "Less" | "Greater" | "GreaterOrEqual" | "LessOrEqual" | "And" | "Or" | "Xor" | "Not" | "IsNaN"
        | "IsInf" => Element::Bool,
        "ArgMax" | "ArgMin" | "Shape" | "Size" | "NonZero" => Element::Int,
        "Cast" => named("to").unwrap_or(Element::Float),
        "EyeLike" => named("dtype").unwrap_or(of(0)),
        "ConstantOfShape" => named("value").unwrap_or(Element::Float),
        "Constant" => match node.attributes.first() {
            Some((_, Attribute::Int(_) | Attribute::Ints(_))) => Element::Int,
            _ => named("value").unwrap_or(Element::Float),
        },
        "CastLike" | "Where" => of(1),
        "OneHot" => of(2),
        "TreeEnsembleRegressor" => Element::Float,
        _ => of(0),
    };
    for (at, name) in node.outputs.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        let kind = match (&node.operator[..], at) {
            ("TopK", 1) => Element::Int,
            ("Dropout", 1) => Element::Bool,
            _ => first,
        };
        kinds.insert(name.clone(), kind);
    }
}
