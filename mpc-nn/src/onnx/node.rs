//! A step of a graph as its file says it, and the reader of its attributes.

use super::{array::Array, report::Reason};
use serde::{Deserialize, Serialize};
use std::{cell::RefCell, collections::BTreeSet};

/// One step: an operator on values by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Its name, unique in the graph.
    pub name: String,
    /// The domain of the operator: empty for ONNX's own.
    pub domain: String,
    /// The operator.
    pub operator: String,
    /// What it takes; an empty name where an optional input is left out.
    pub inputs: Vec<String>,
    /// What it makes; an empty name where nobody asks.
    pub outputs: Vec<String>,
    /// How it does it.
    pub attributes: Vec<(String, Attribute)>,
}

impl Node {
    pub(super) fn new(
        name: impl Into<String>,
        domain: &str,
        operator: &str,
        inputs: &[&str],
        outputs: &[&str],
    ) -> Self {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self {
            name: name.into(),
            domain: domain.to_owned(),
            operator: operator.to_owned(),
            inputs: names(inputs),
            outputs: names(outputs),
            attributes: Vec::new(),
        }
    }

    #[must_use]
    pub(super) fn with(mut self, name: &str, value: Attribute) -> Self {
        self.attributes.push((name.to_owned(), value));
        self
    }

    /// The name of an input; empty if there is none.
    pub(super) fn input(&self, at: usize) -> &str {
        self.inputs.get(at).map_or("", String::as_str)
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// The operator with its domain, for messages.
    pub(super) fn operator(&self) -> String {
        if self.domain.is_empty() { self.operator.clone() } else { format!("{}.{}", self.domain, self.operator) }
    }

    pub(super) fn is(&self, domain: &str, operator: &str) -> bool {
        self.domain == domain && self.operator == operator
    }
}

/// What an attribute holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Attribute {
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f32),
    /// A word.
    Text(String),
    /// Whole numbers.
    Ints(Vec<i64>),
    /// Numbers.
    Floats(Vec<f32>),
    /// Words.
    Texts(Vec<String>),
    /// A tensor.
    Tensor(Array),
}

/// Reads the attributes of a node, and knows which were read.
pub(super) struct Attributes<'a> {
    node: &'a Node,
    /// The version of the node's domain.
    pub(super) opset: i64,
    read: RefCell<BTreeSet<&'static str>>,
}

macro_rules! getter {
    ($(#[$doc:meta])* $name:ident, $variant:ident, $type:ty, $what:literal, |$value:ident| $get:expr) => {
        $(#[$doc])*
        pub(super) fn $name(&self, name: &'static str) -> Result<Option<$type>, Reason> {
            match self.raw(name) {
                None => Ok(None),
                Some(Attribute::$variant($value)) => Ok(Some($get)),
                Some(_) => Reason::err(format!(concat!("its attribute `{}` is not ", $what), name)),
            }
        }
    };
}

impl<'a> Attributes<'a> {
    pub(super) fn new(node: &'a Node, opset: i64) -> Self {
        Self { node, opset, read: RefCell::default() }
    }

    pub(super) fn raw(&self, name: &'static str) -> Option<&'a Attribute> {
        self.read.borrow_mut().insert(name);
        self.node.attribute(name)
    }

    getter!(int_if, Int, i64, "a whole number", |value| *value);
    getter!(float_if, Float, f64, "a number", |value| f64::from(*value));
    getter!(text_if, Text, &'a str, "a word", |value| value.as_str());
    getter!(ints, Ints, Vec<i64>, "a list of whole numbers", |value| value.clone());
    getter!(floats, Floats, Vec<f64>, "a list of numbers", |value| value.iter().map(|&x| f64::from(x)).collect());
    getter!(texts, Texts, Vec<String>, "a list of words", |value| value.clone());
    getter!(tensor, Tensor, &'a Array, "a tensor", |value| value);

    pub(super) fn int(&self, name: &'static str, default: i64) -> Result<i64, Reason> {
        Ok(self.int_if(name)?.unwrap_or(default))
    }

    pub(super) fn flag(&self, name: &'static str, default: bool) -> Result<bool, Reason> {
        Ok(self.int(name, i64::from(default))? != 0)
    }

    pub(super) fn float(&self, name: &'static str, default: f64) -> Result<f64, Reason> {
        Ok(self.float_if(name)?.unwrap_or(default))
    }

    pub(super) fn text(&self, name: &'static str, default: &'a str) -> Result<&'a str, Reason> {
        Ok(self.text_if(name)?.unwrap_or(default))
    }

    /// Sizes, each at least `least`.
    pub(super) fn sizes(&self, name: &'static str, least: usize) -> Result<Option<Vec<usize>>, Reason> {
        let Some(all) = self.ints(name)? else { return Ok(None) };
        let size = |x: i64| usize::try_from(x).ok().filter(|&x| (least..1 << 31).contains(&x));
        let sizes = all.into_iter().map(size).collect::<Option<Vec<_>>>();
        sizes.map(Some).ok_or_else(|| Reason(format!("its attribute `{name}` has a size out of range")))
    }

    /// Marks an attribute that changes nothing here.
    pub(super) fn ignore(&self, names: &[&'static str]) {
        names.iter().for_each(|&name| {
            self.read.borrow_mut().insert(name);
        });
    }

    /// Refuses any other value than the one that is supported.
    pub(super) fn only(&self, name: &'static str, value: i64) -> Result<(), Reason> {
        match self.int(name, value)? {
            found if found == value => Ok(()),
            found => Reason::err(format!("`{name} = {found}` is not supported, only {value}")),
        }
    }

    /// How many outputs are asked for.
    pub(super) fn outputs(&self) -> usize {
        self.node.outputs.iter().rposition(|name| !name.is_empty()).map_or(0, |at| at + 1)
    }

    pub(super) fn inputs(&self) -> usize {
        self.node.inputs.len()
    }

    /// The attributes that nobody read: of a newer version, or of an older one where they are inputs now.
    pub(super) fn unread(&self) -> Vec<&'a str> {
        let read = self.read.borrow();
        self.node.attributes.iter().map(|(name, _)| name.as_str()).filter(|name| !read.contains(name)).collect()
    }
}
