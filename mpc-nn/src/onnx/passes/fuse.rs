//! Steps that exporters write one by one, as the one step that they are: cheaper on shares, and more precise.

use crate::onnx::{
    model::Model,
    node::{Attribute, Node},
    ops::OWN,
};
use std::collections::HashMap;

/// Tries every pattern at every node. A pattern ends at the node, and what is before it is left for [`Model::prune`]: where
/// somebody else needs it, it stays.
pub(in crate::onnx) fn run(model: &mut Model) {
    let outputs = model.nodes.iter().enumerate().flat_map(|(at, node)| node.outputs.iter().map(move |name| (name, at)));
    let makers: HashMap<String, usize> = outputs.map(|(name, at)| (name.clone(), at)).collect();
    for at in 0..model.nodes.len() {
        let view = View { model, makers: &makers };
        let found = PATTERNS.iter().find_map(|pattern| pattern(&view, &model.nodes[at]));
        if let Some(fused) = found {
            // It makes the same values: the makers are still right.
            let node = &mut model.nodes[at];
            let (name, outputs) = (std::mem::take(&mut node.name), std::mem::take(&mut node.outputs));
            *node = Node { name, outputs, ..fused };
        }
    }
}

/// A model seen from its values.
struct View<'a> {
    model: &'a Model,
    /// Which node makes a value.
    makers: &'a HashMap<String, usize>,
}

type Pattern = fn(&View<'_>, &Node) -> Option<Node>;

const PATTERNS: &[Pattern] = &[gelu, layer_norm, silu, hard_swish];

impl<'a> View<'a> {
    fn of(&self, value: &str) -> Option<&'a Node> {
        self.makers.get(value).map(|&at| &self.model.nodes[at])
    }

    /// The node that makes a value, if it is of an operator.
    fn maker(&self, value: &str, operator: &str) -> Option<&'a Node> {
        self.of(value).filter(|node| node.is("", operator))
    }

    /// The single number that a value is.
    fn number(&self, value: &str) -> Option<f64> {
        self.model.constants.get(value)?.only()
    }

    /// Both inputs of a node, in both orders.
    fn sides<'n>(&self, node: &'n Node) -> Vec<[&'n str; 2]> {
        match &node.inputs[..] {
            [a, b] => vec![[a, b], [b, a]],
            _ => Vec::new(),
        }
    }

    /// What is multiplied with a number, or divided by its inverse.
    fn scaled<'n>(&self, node: &'n Node, by: f64) -> Option<&'n str>
    where
        'a: 'n,
    {
        let near = |x: f64, y: f64| (x / y - 1.0).abs() < 1e-4;
        if node.is("", "Mul") {
            return self
                .sides(node)
                .into_iter()
                .find(|[_, c]| self.number(c).is_some_and(|c| near(c, by)))
                .map(|[x, _]| x);
        }
        match &node.inputs[..] {
            [x, c] if node.is("", "Div") && self.number(c).is_some_and(|c| near(c, 1.0 / by)) => Some(x),
            _ => None,
        }
    }

    fn scaled_value(&self, value: &str, by: f64) -> Option<&'a str> {
        self.of(value).and_then(|node| self.scaled(node, by))
    }

    /// What a number is added to.
    fn plus(&self, value: &str, number: f64) -> Option<&'a str> {
        let node = self.maker(value, "Add")?;
        self.sides(node).into_iter().find(|[_, c]| self.number(c) == Some(number)).map(|[x, _]| x)
    }
}

/// `x (1 + erf(x / sqrt 2)) / 2`, with the half at any place.
fn gelu(view: &View<'_>, node: &Node) -> Option<Node> {
    let half = |value: &str| -> Option<&str> { view.scaled_value(value, 0.5) };
    // 1 + erf(x / sqrt 2) of this x?
    let grown = |value: &str, x: &str| {
        let erf = view.plus(value, 1.0).and_then(|value| view.maker(value, "Erf"));
        let inside = erf.and_then(|erf| view.scaled_value(erf.input(0), std::f64::consts::FRAC_1_SQRT_2));
        inside == Some(x)
    };
    let product = |node: &Node, halved: bool| -> Option<String> {
        view.sides(node).into_iter().find_map(|[a, b]| {
            let whole = halved && grown(b, a);
            let left = half(a).is_some_and(|x| grown(b, x));
            let right = half(b).is_some_and(|b| grown(b, a));
            match (whole, left, right) {
                (true, ..) | (.., true) => Some(a.to_owned()),
                (_, true, _) => half(a).map(str::to_owned),
                _ => None,
            }
        })
    };
    let of = |x: String| Node::new("", OWN, "Gelu", &[&x], &[]);
    if node.is("", "Mul")
        && let Some(x) = product(node, false)
    {
        return Some(of(x));
    }
    let before = view.scaled(node, 0.5).and_then(|value| view.maker(value, "Mul"))?;
    product(before, true).map(of)
}

/// `(x - mean) / sqrt(mean((x - mean)^2) + epsilon)` over the last axis. Scale and offset, if any, stay steps of their own.
fn layer_norm(view: &View<'_>, node: &Node) -> Option<Node> {
    let [distance, deviation] = &node.inputs[..] else { return None };
    if !node.is("", "Div") {
        return None;
    }
    let root = view.maker(deviation, "Sqrt")?;
    let sum = view.maker(root.input(0), "Add")?;
    let (variance, epsilon) = view.sides(sum).into_iter().find_map(|[x, c]| Some((x, view.number(c)?)))?;
    let variance = view.maker(variance, "ReduceMean").filter(|node| over_last(view, node))?;
    let square = view.of(variance.input(0))?;
    let squared = match &square.inputs[..] {
        [x, p] if square.is("", "Pow") && view.number(p) == Some(2.0) => x,
        [a, b] if square.is("", "Mul") && a == b => a,
        _ => return None,
    };
    // Some exporters write the distance twice.
    let mean_of = |value: &str| {
        let [x, mean] = &view.maker(value, "Sub")?.inputs[..] else { return None };
        let mean = view.maker(mean, "ReduceMean").filter(|node| over_last(view, node))?;
        (mean.input(0) == x).then(|| x.clone())
    };
    let x = mean_of(distance)?;
    if mean_of(squared)? != x || !(0.0..1.0).contains(&epsilon) {
        return None;
    }
    let node = Node::new("", OWN, "LayerNormalization", &[&x], &[]);
    Some(node.with("epsilon", Attribute::Float(epsilon as f32)))
}

/// Whether a reduction is over the last axis, which it keeps.
fn over_last(view: &View<'_>, node: &Node) -> bool {
    let named = match (node.attribute("axes"), node.inputs.get(1)) {
        (Some(Attribute::Ints(axes)), _) => axes.clone(),
        (_, Some(axes)) => view.model.constants.get(axes).map(|axes| axes.whole()).unwrap_or_default(),
        _ => Vec::new(),
    };
    named == [-1] && !matches!(node.attribute("keepdims"), Some(Attribute::Int(0)))
}

/// `x sigmoid(x)`.
fn silu(view: &View<'_>, node: &Node) -> Option<Node> {
    let gated = |[x, gate]: [&str; 2]| (view.maker(gate, "Sigmoid")?.input(0) == x).then(|| x.to_owned());
    let x = view.sides(node).into_iter().filter(|_| node.is("", "Mul")).find_map(gated)?;
    Some(Node::new("", OWN, "Swish", &[&x], &[]))
}

/// `x clip(x + 3, 0, 6) / 6`, or `x hard_sigmoid(x)` with the slope of a hard swish.
fn hard_swish(view: &View<'_>, node: &Node) -> Option<Node> {
    let of = |x: &str| Node::new("", OWN, "HardSwish", &[x], &[]);
    let slope =
        |node: &Node| matches!(node.attribute("alpha"), Some(Attribute::Float(a)) if (a - 1.0 / 6.0).abs() < 1e-6);
    let clipped = |[x, gate]: [&str; 2]| {
        let clip = view.maker(gate, "Clip")?;
        let bounds = (view.number(clip.inputs.get(1)?)?, view.number(clip.inputs.get(2)?)?);
        (bounds == (0.0, 6.0) && view.plus(clip.input(0), 3.0) == Some(x)).then(|| x.to_owned())
    };
    if node.is("", "Mul") {
        let gated = |[x, gate]: [&str; 2]| {
            let gate = view.maker(gate, "HardSigmoid").filter(|gate| slope(gate))?;
            (gate.input(0) == x).then(|| x.to_owned())
        };
        if let Some(x) = view.sides(node).into_iter().find_map(gated) {
            return Some(of(&x));
        }
    }
    let before = view.scaled(node, 1.0 / 6.0).and_then(|value| view.maker(value, "Mul"))?;
    view.sides(before).into_iter().find_map(clipped).map(|x| of(&x))
}
