//! A model as its file has it, on the way to a graph: constants are not yet told apart from weights.

use super::{array::Array, graph::Input, node::Node};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The steps of a file, and its numbers by name.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) opsets: [i64; 2],
    pub(super) inputs: Vec<Input>,
    pub(super) outputs: Vec<String>,
    pub(super) constants: BTreeMap<String, Array>,
    pub(super) nodes: Vec<Node>,
    /// How many names were made up.
    pub(super) made: usize,
}

impl Model {
    /// A name that nothing has.
    pub(super) fn fresh(&mut self, stem: &str) -> String {
        self.made += 1;
        format!("{stem}~{}", self.made)
    }

    /// A constant under a new name.
    pub(super) fn constant(&mut self, stem: &str, array: Array) -> String {
        let name = self.fresh(stem);
        self.constants.insert(name.clone(), array);
        name
    }

    /// How often each value is used, the outputs included.
    pub(super) fn uses(&self) -> HashMap<String, usize> {
        let mut uses = HashMap::new();
        for name in self.nodes.iter().flat_map(|node| &node.inputs).chain(&self.outputs) {
            *uses.entry(name.clone()).or_insert(0) += 1;
        }
        uses
    }

    /// Uses of a value become uses of another.
    pub(super) fn rename(&mut self, renamed: &HashMap<String, String>) {
        let last = |name: &String| {
            let mut name = name;
            // Chains are as long as they were made.
            for _ in 0..=renamed.len() {
                match renamed.get(name) {
                    Some(next) => name = next,
                    None => break,
                }
            }
            name.clone()
        };
        for name in self.nodes.iter_mut().flat_map(|node| &mut node.inputs).chain(&mut self.outputs) {
            *name = last(name);
        }
    }

    /// Gives outputs the names of the file again, where steps between them and what they show have disappeared. One that
    /// shows an input or a constant, or shares its value with another output, keeps the name of that.
    pub(super) fn name_outputs(&mut self, named: &[String]) {
        let made: BTreeSet<&String> = self.nodes.iter().flat_map(|node| &node.outputs).collect();
        let taken = |name: &String| {
            made.contains(name)
                || self.constants.contains_key(name)
                || self.inputs.iter().any(|input| input.name == *name)
        };
        let mut renamed = HashMap::new();
        for (output, name) in self.outputs.iter().zip(named) {
            if output != name && made.contains(output) && !taken(name) {
                renamed.entry(output.clone()).or_insert_with(|| name.clone());
            }
        }
        let nodes = self.nodes.iter_mut().flat_map(|node| node.inputs.iter_mut().chain(&mut node.outputs));
        for name in nodes.chain(&mut self.outputs) {
            if let Some(own) = renamed.get(name) {
                name.clone_from(own);
            }
        }
    }

    /// Drops steps and constants that no output needs.
    pub(super) fn prune(&mut self) {
        let mut needed: BTreeSet<String> = self.outputs.iter().cloned().collect();
        let mut kept: Vec<Node> = Vec::with_capacity(self.nodes.len());
        for node in std::mem::take(&mut self.nodes).into_iter().rev() {
            if node.outputs.iter().any(|name| needed.contains(name)) {
                needed.extend(node.inputs.iter().cloned());
                kept.push(node);
            }
        }
        kept.reverse();
        self.nodes = kept;
        self.constants.retain(|name, _| needed.contains(name));
    }
}
