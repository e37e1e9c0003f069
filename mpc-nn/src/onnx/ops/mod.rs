//! The operators: one family a file. Each computes in the clear on 64-bit floats, and on shares; neither uses the other.

mod activation;
mod arithmetic;
mod attention;
mod cast;
mod choose;
mod compare;
mod conv;
mod einsum;
mod gather;
mod make;
mod matmul;
mod norm;
mod pick;
mod pool;
mod recurrent;
mod reduce;
mod resize;
mod scatter;
mod shape;
mod slice;
mod softmax;
mod sort;
mod trees;
mod window;

pub(super) use cast::element;

use super::{
    array::Array,
    node::{Attributes, Node},
    report::Reason,
    value::{Context, Value},
};
use std::fmt;

/// The domain of operators that only this crate's importer makes.
pub(super) const OWN: &str = "mpc";
/// The domain of scikit-learn's operators.
pub(super) const ML: &str = "ai.onnx.ml";

/// The oldest and the newest version of ONNX's own operators.
pub(super) const OPSETS: [i64; 2] = [7, 28];
/// The same of scikit-learn's.
pub(super) const ML_OPSETS: [i64; 2] = [1, 5];

/// One operator with its attributes.
pub(super) trait Operator: Send + Sync {
    /// The outputs, on floats.
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason>;

    /// The outputs, where at least one input is secret.
    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason>;

    /// Which inputs everybody must know: sizes, axes, bounds.
    fn public(&self) -> &[usize] {
        &[]
    }

    /// Which inputs it multiplies as they are, and nothing else, if they have so many axes.
    fn multiplies(&self) -> &[(usize, usize)] {
        &[]
    }
}

/// What a node takes; an optional input may be left out.
pub(super) struct Inputs<'a, T>(pub(super) &'a [Option<&'a T>]);

impl<'a, T> Inputs<'a, T> {
    pub(super) fn get(&self, at: usize) -> Option<&'a T> {
        self.0.get(at).copied().flatten()
    }

    pub(super) fn need(&self, at: usize) -> Result<&'a T, Reason> {
        self.get(at).ok_or_else(|| Reason(format!("its input {} is missing", at + 1)))
    }

    /// All, if none is left out.
    pub(super) fn all(&self) -> Result<Vec<&'a T>, Reason> {
        if self.0.is_empty() {
            return Reason::err("it has no inputs");
        }
        (0..self.0.len()).map(|at| self.need(at)).collect()
    }
}

impl<'a> Inputs<'a, Value> {
    /// An input that everybody must know.
    pub(super) fn known(&self, at: usize) -> Result<&'a Array, Reason> {
        match self.need(at)?.known() {
            Some(array) => Ok(array),
            None => Reason::err(format!("its input {} must be public, and is secret", at + 1)),
        }
    }

    pub(super) fn known_if(&self, at: usize) -> Result<Option<&'a Array>, Reason> {
        if self.get(at).is_some() { self.known(at).map(Some) } else { Ok(None) }
    }
}

/// Makes an operator of its attributes.
type Build = fn(&Attributes<'_>) -> Result<Box<dyn Operator>, Reason>;

/// A line of the table of operators.
pub(super) struct Entry {
    pub(super) domain: &'static str,
    pub(super) name: &'static str,
    /// The version of the domain that it came with, or the oldest that is read.
    pub(super) since: i64,
    /// The last version that has it, where that is not the newest.
    pub(super) until: Option<i64>,
    /// What is not supported, or to be known.
    pub(super) note: &'static str,
    pub(super) build: Build,
}

/// An operator of ONNX's own domain that is as old as what is read.
const fn op(name: &'static str, build: Build) -> Entry {
    Entry { domain: "", name, since: OPSETS[0], until: None, note: "", build }
}

impl Entry {
    const fn since(mut self, since: i64) -> Self {
        self.since = since;
        self
    }

    const fn until(mut self, until: i64) -> Self {
        self.until = Some(until);
        self
    }

    const fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }

    const fn own(mut self) -> Self {
        (self.domain, self.since) = (OWN, 1);
        self
    }
}

/// All operators, family by family.
pub(super) const FAMILIES: &[(&str, &[Entry])] = &[
    ("arithmetic", arithmetic::OPERATORS),
    ("activations and functions", activation::OPERATORS),
    ("comparisons and logic", compare::OPERATORS),
    ("choices", choose::OPERATORS),
    ("products", matmul::OPERATORS),
    ("sums of products", einsum::OPERATORS),
    ("convolutions", conv::OPERATORS),
    ("pooling", pool::OPERATORS),
    ("normalisations", norm::OPERATORS),
    ("softmax", softmax::OPERATORS),
    ("attention", attention::OPERATORS),
    ("recurrent networks", recurrent::OPERATORS),
    ("reductions", reduce::OPERATORS),
    ("sorting", sort::OPERATORS),
    ("shapes", shape::OPERATORS),
    ("slices", slice::OPERATORS),
    ("rearrangements", pick::OPERATORS),
    ("picks by index", gather::OPERATORS),
    ("scatters", scatter::OPERATORS),
    ("images", resize::OPERATORS),
    ("types", cast::OPERATORS),
    ("constants", make::OPERATORS),
    ("scikit-learn", trees::OPERATORS),
];

pub(super) fn entries() -> impl Iterator<Item = &'static Entry> {
    FAMILIES.iter().flat_map(|(_, family)| family.iter())
}

/// The operator of a node, in a version of its domain.
pub(super) fn build(node: &Node, opset: i64) -> Result<Box<dyn Operator>, Reason> {
    let named = |domain: &str| entries().find(move |entry| entry.domain == domain && entry.name == node.operator);
    // What the importer makes itself is in the form of the newest version.
    let (entry, opset) = match named(&node.domain) {
        None if node.domain == OWN => (named(""), OPSETS[1]),
        entry => (entry, opset),
    };
    let Some(entry) = entry else {
        return Reason::err("this operator is not supported; docs/onnx.md lists those that are");
    };
    if opset < entry.since || entry.until.is_some_and(|until| opset > until) {
        return Reason::err(format!("version {opset} of its domain has no such operator"));
    }
    let attributes = Attributes::new(node, opset);
    let operator = (entry.build)(&attributes)?;
    match attributes.unread()[..] {
        [] => Ok(operator),
        ref unread => Reason::err(format!("it has attributes that are not known here: {}", unread.join(", "))),
    }
}

impl fmt::Debug for dyn Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Operator")
    }
}

/// The single output of a function on shares.
fn one(value: impl Into<Value>) -> Result<Vec<Value>, Reason> {
    Ok(vec![value.into()])
}
