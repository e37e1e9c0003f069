//! A batch normalisation by known statistics is `x * scale + shift` along the channels. After a convolution or a matrix
//! product it is folded into its weights: no rounds, and nothing to rescale.

use crate::onnx::{
    array::{Array, Element},
    model::Model,
    node::{Attribute, Node},
    ops::OWN,
};
use ndarray::{ArrayD, Axis, IxDyn};
use std::collections::HashMap;

pub(in crate::onnx) fn run(model: &mut Model) {
    let uses = model.uses();
    let mut renamed = HashMap::new();
    let nodes = std::mem::take(&mut model.nodes);
    // Where each value is made, among what is kept.
    let mut kept: Vec<Node> = Vec::with_capacity(nodes.len());
    let mut makers: HashMap<String, usize> = HashMap::new();
    for mut node in nodes {
        for input in &mut node.inputs {
            if let Some(next) = renamed.get(input) {
                input.clone_from(next);
            }
        }
        if let Some((scale, shift)) = statistics(model, &node) {
            let (input, output) = (node.inputs[0].clone(), node.outputs[0].clone());
            let before = makers.get(&input).copied().filter(|_| uses.get(&input) == Some(&1));
            if let Some(before) = before
                && into(model, &mut kept[before], &scale, &shift)
            {
                renamed.insert(output, input);
                continue;
            }
            let [scale, shift] = [("scale", scale), ("shift", shift)]
                .map(|(stem, values)| model.constant(&format!("{}/{stem}", node.name), vector(values)));
            node = Node::new(node.name, OWN, "Affine", &[&input, &scale, &shift], &[&output]);
        }
        makers.extend(node.outputs.iter().map(|name| (name.clone(), kept.len())));
        kept.push(node);
    }
    model.nodes = kept;
    model.rename(&renamed);
}

fn vector(values: Vec<f64>) -> Array {
    Array {
        element: Element::Float,
        values: ArrayD::from_shape_vec(IxDyn(&[values.len()]), values).unwrap_or_default(),
    }
}

/// Scale and shift of a batch normalisation whose four vectors are known.
fn statistics(model: &Model, node: &Node) -> Option<(Vec<f64>, Vec<f64>)> {
    let training = matches!(node.attribute("training_mode"), Some(Attribute::Int(1)));
    let more = node.outputs.iter().skip(1).any(|name| !name.is_empty());
    if !node.is("", "BatchNormalization") || training || more || node.outputs.is_empty() {
        return None;
    }
    let epsilon = match node.attribute("epsilon") {
        Some(Attribute::Float(epsilon)) => f64::from(*epsilon),
        _ => 1e-5,
    };
    let [_, gamma, beta, mean, variance] = &node.inputs[..] else { return None };
    let vector = |name: &String| model.constants.get(name).filter(|array| array.rank() == 1).map(Array::to_vec);
    let (gamma, beta, mean, variance) = (vector(gamma)?, vector(beta)?, vector(mean)?, vector(variance)?);
    if [&beta, &mean, &variance].iter().any(|other| other.len() != gamma.len()) {
        return None;
    }
    let scale: Vec<f64> =
        gamma.iter().zip(&variance).map(|(gamma, variance)| gamma / (variance + epsilon).sqrt()).collect();
    let shift = beta.iter().zip(&mean).zip(&scale).map(|((beta, mean), scale)| beta - mean * scale).collect();
    Some((scale, shift))
}

/// Folds scale and shift into the weights of a node, if it is one that has any.
fn into(model: &mut Model, node: &mut Node, scale: &[f64], shift: &[f64]) -> bool {
    // The axis of the weight along which the channels of the result lie.
    let channels = match &node.operator[..] {
        "Conv" => 0,
        "ConvTranspose" if !matches!(node.attribute("group"), Some(Attribute::Int(groups)) if *groups != 1) => 1,
        "Gemm" if matches!(node.attribute("transB"), Some(Attribute::Int(1))) => 0,
        "Gemm" => 1,
        _ => return false,
    };
    let unit = |name: &str| !matches!(node.attribute(name), Some(Attribute::Float(x)) if *x != 1.0);
    if !node.domain.is_empty() || !unit("alpha") || !unit("beta") || node.inputs.len() < 2 {
        return false;
    }
    let constant = |name: &str| model.constants.get(name);
    let Some(weight) = constant(&node.inputs[1]) else { return false };
    let bias = match node.inputs.get(2).filter(|name| !name.is_empty()) {
        None => vec![0.0; scale.len()],
        Some(name) => match constant(name) {
            Some(bias) if bias.shape() == [scale.len()] => bias.to_vec(),
            _ => return false,
        },
    };
    if weight.shape().get(channels) != Some(&scale.len()) {
        return false;
    }
    let mut values = weight.values.clone();
    for (mut part, scale) in values.axis_iter_mut(Axis(channels)).zip(scale) {
        part *= *scale;
    }
    let bias = bias.iter().zip(scale).zip(shift).map(|((bias, scale), shift)| bias * scale + shift).collect();
    let stems = [node.inputs[1].clone(), format!("{}/bias", node.name)];
    let weight = model.constant(&stems[0], Array::float(values));
    let bias = model.constant(&stems[1], vector(bias));
    node.inputs.resize(3, String::new());
    (node.inputs[1], node.inputs[2]) = (weight, bias);
    true
}
