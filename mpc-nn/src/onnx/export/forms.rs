//! Steps of older versions in the form of the one that is written: what was an attribute became an input, mostly.

use super::file::File;
use crate::onnx::{
    array::{Array, Element},
    node::{Attribute, Node},
    report::Reason,
};
use ndarray::{ArrayD, IxDyn};

/// Writes a step of ONNX's own operators, read in a version of them.
pub(super) fn write(file: &mut File<'_>, mut node: Node, version: i64) -> Result<(), Reason> {
    let stem = node.name.clone();
    match &node.operator[..] {
        "Clip" if version < 11 => {
            for (at, name) in [(1, "min"), (2, "max")] {
                let bound = match take(&mut node, name) {
                    Some(Attribute::Float(bound)) => file.float(&stem, f64::from(bound)),
                    _ => String::new(),
                };
                set(&mut node, at, bound);
            }
        }
        "ReduceSum" if version < 13 => moved(file, &mut node, "axes", 1),
        "Squeeze" | "Unsqueeze" if version < 13 => moved(file, &mut node, "axes", 1),
        name if version < 18 && name.starts_with("Reduce") => moved(file, &mut node, "axes", 1),
        "Slice" if version < 10 => {
            moved(file, &mut node, "starts", 1);
            moved(file, &mut node, "ends", 2);
            moved(file, &mut node, "axes", 3);
        }
        "Split" => {
            if version < 13 {
                moved(file, &mut node, "split", 1);
            }
            if version < 18 && node.input(1).is_empty() {
                take(&mut node, "num_outputs");
                let pieces = node.outputs.len() as i64;
                node = node.with("num_outputs", Attribute::Int(pieces));
            }
        }
        "Pad" if version < 11 => {
            moved(file, &mut node, "pads", 1);
            if let Some(Attribute::Float(value)) = take(&mut node, "value") {
                let value = file.float(&stem, f64::from(value));
                set(&mut node, 2, value);
            }
        }
        "TopK" if version < 10 => {
            let Some(Attribute::Int(count)) = take(&mut node, "k") else {
                return Reason::err("its attribute `k` is missing");
            };
            let count = file.ints(&stem, [count]);
            set(&mut node, 1, count);
        }
        "Dropout" if version < 12 => {
            take(&mut node, "ratio");
        }
        "Gemm" => {
            take(&mut node, "broadcast");
        }
        "Scatter" => node.operator = "ScatterElements".to_owned(),
        "Resize" | "Upsample" if version < 11 => resize(file, &mut node),
        "Softmax" | "LogSoftmax" | "Hardmax" if version < 13 => return flat(file, node),
        "GroupNormalization" if version < 21 => {
            return Reason::err("its form of before version 21, with one scale for each group, is not written");
        }
        // The lengths of sequences are the only numbers of 32 bits that are asked for.
        "RNN" | "GRU" | "LSTM" if !node.input(4).is_empty() => {
            return Reason::err("sequences of given lengths are not written");
        }
        _ => {}
    }
    file.push(node)
}

fn take(node: &mut Node, name: &str) -> Option<Attribute> {
    let at = node.attributes.iter().position(|(other, _)| other == name)?;
    Some(node.attributes.remove(at).1)
}

fn set(node: &mut Node, at: usize, name: String) {
    if node.inputs.len() <= at {
        node.inputs.resize(at + 1, String::new());
    }
    node.inputs[at] = name;
}

/// An attribute of whole numbers becomes an input.
fn moved(file: &mut File<'_>, node: &mut Node, name: &str, at: usize) {
    if let Some(Attribute::Ints(values)) = take(node, name) {
        let input = file.ints(&node.name, values);
        set(node, at, input);
    }
}

/// Before version 11 pixels are where their corners say, and rounded down.
fn resize(file: &mut File<'_>, node: &mut Node) {
    let scales = match take(node, "scales") {
        Some(Attribute::Floats(scales)) => {
            let values: Vec<f64> = scales.into_iter().map(f64::from).collect();
            let values = ArrayD::from_shape_vec(IxDyn(&[values.len()]), values).unwrap_or_default();
            file.constant(&node.name, &Array { element: Element::Float, values })
        }
        _ => node.input(1).to_owned(),
    };
    node.operator = "Resize".to_owned();
    node.inputs.truncate(1);
    set(node, 2, scales);
    if let Some((_, Attribute::Text(mode))) = node.attributes.iter_mut().find(|(name, _)| name == "mode")
        && mode == "bilinear"
    {
        *mode = "linear".to_owned();
    }
    for (name, value) in [("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor")] {
        take(node, name);
        node.attributes.push((name.to_owned(), Attribute::Text(value.to_owned())));
    }
}

/// Before version 13 all axes from one on are one.
fn flat(file: &mut File<'_>, mut node: Node) -> Result<(), Reason> {
    let axis = match take(&mut node, "axis") {
        Some(Attribute::Int(axis)) => axis,
        _ => 1,
    };
    if axis == -1 {
        return file.push(node.with("axis", Attribute::Int(-1)));
    }
    let (stem, x) = (node.name.clone(), node.input(0).to_owned());
    let shape = file.op(&stem, "Shape", &[&x], &[])?;
    let rows = file.op(&stem, "Flatten", &[&x], &[("axis", Attribute::Int(axis))])?;
    let y = file.op(&stem, &node.operator, &[&rows], &[("axis", Attribute::Int(1))])?;
    file.push(Node { operator: "Reshape".to_owned(), inputs: vec![y, shape], ..node })
}
