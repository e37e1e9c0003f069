//! Writing steps into a model, one after the other.

use crate::onnx::{
    array::{Array, Element},
    model::Model,
    node::{Attribute, Node},
    ops::OWN,
};
use ndarray::{ArrayD, IxDyn};

/// Steps that take the place of one, under names that begin with its name.
pub(super) struct Steps<'a> {
    pub(super) model: &'a mut Model,
    pub(super) nodes: Vec<Node>,
    stem: String,
}

impl<'a> Steps<'a> {
    pub(super) fn new(model: &'a mut Model, stem: &str) -> Self {
        Self { model, nodes: Vec::new(), stem: stem.to_owned() }
    }

    /// A step with one output, which is named.
    pub(super) fn op(&mut self, operator: &str, inputs: &[&str], attributes: &[(&str, i64)]) -> String {
        let name = self.model.fresh(&format!("{}/{operator}", self.stem));
        let mut node = Node::new(name.clone(), OWN, operator, inputs, &[&name]);
        for &(attribute, value) in attributes {
            node = node.with(attribute, Attribute::Int(value));
        }
        self.nodes.push(node);
        name
    }

    /// A step that makes a value that has a name already.
    pub(super) fn named(&mut self, operator: &str, inputs: &[&str], output: &str) {
        let name = self.model.fresh(&format!("{}/{operator}", self.stem));
        self.nodes.push(Node::new(name, OWN, operator, inputs, &[output]));
    }

    /// Elements of another kind, under a name that the model has.
    pub(super) fn cast(&mut self, x: &str, to: i64, output: &str) {
        let name = self.model.fresh(&format!("{}/Cast", self.stem));
        self.nodes.push(Node::new(name, OWN, "Cast", &[x], &[output]).with("to", Attribute::Int(to)));
    }

    /// Numbers of the owner.
    pub(super) fn weight(&mut self, stem: &str, shape: &[usize], values: Vec<f64>) -> String {
        // The caller has counted them.
        let values = ArrayD::from_shape_vec(IxDyn(shape), values).unwrap_or_default();
        self.model.constant(&format!("{}/{stem}", self.stem), Array::float(values))
    }

    /// A public number.
    pub(super) fn number(&mut self, value: f64) -> String {
        self.model.constant(&self.stem.clone(), Array::scalar(Element::Float, value))
    }

    /// Public whole numbers.
    pub(super) fn ints(&mut self, values: impl IntoIterator<Item = i64>) -> String {
        self.model.constant(&self.stem.clone(), Array::ints(values))
    }
}
