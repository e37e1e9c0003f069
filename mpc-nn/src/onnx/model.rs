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
    /// The number of the last name that was made up.
    pub(super) made: usize,
}

impl Model {
    /// Makes sure that names which are made up are none of the file's, which may have been written by this crate.
    pub(super) fn number_names(&mut self) {
        let nodes = self.nodes.iter().flat_map(|node| node.inputs.iter().chain(&node.outputs).chain([&node.name]));
        let given = self.inputs.iter().map(|input| &input.name);
        let numbers = nodes.chain(self.constants.keys()).chain(given).chain(&self.outputs).filter_map(|name| {
            // A number that nobody counts to is no name of ours.
            name.rsplit_once('~')?.1.parse::<usize>().ok().filter(|&number| number < 1 << 40)
        });
        self.made = numbers.max().unwrap_or(0);
    }

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
        // Where chains end, each link looked at once.
        let mut ends: HashMap<&String, &String> = HashMap::with_capacity(renamed.len());
        for start in renamed.keys() {
            let (mut chain, mut name) = (Vec::new(), start);
            while let Some(next) = renamed.get(name).filter(|_| !ends.contains_key(name)) {
                // The start stands for its end until that is known, which also breaks circles.
                ends.insert(name, start);
                chain.push(name);
                name = next;
            }
            let end = ends.get(name).copied().unwrap_or(name);
            ends.extend(chain.into_iter().map(|link| (link, end)));
        }
        for name in self.nodes.iter_mut().flat_map(|node| &mut node.inputs).chain(&mut self.outputs) {
            if let Some(end) = ends.get(name) {
                name.clone_from(end);
            }
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
