//! One step after the other, whatever the values are: secret, or in the clear.

use super::{
    graph::Graph,
    node::Node,
    ops::{Inputs, Operator},
    report::{Problem, Reason},
};
use std::collections::HashMap;

impl Graph {
    /// Runs all steps on values by name, and gives the outputs. A value is dropped after its last use. `step` computes one.
    pub(super) fn run<T: Clone>(
        &self,
        mut values: HashMap<String, T>,
        mut step: impl FnMut(&Node, &dyn Operator, &Inputs<'_, T>) -> Result<Vec<T>, Reason>,
    ) -> Result<Vec<T>, Problem> {
        let mut left: HashMap<&str, usize> = HashMap::new();
        let nodes = &self.plan.nodes;
        for name in nodes.iter().flat_map(|node| &node.inputs).chain(&self.plan.outputs) {
            *left.entry(name).or_default() += 1;
        }
        for (node, operator) in nodes.iter().zip(self.operators.iter()) {
            let problem = |reason| Problem { place: node.name.clone(), operator: node.operator(), reason };
            let given: Vec<_> = node.inputs.iter().map(|name| values.get(name)).collect();
            let made = step(node, &**operator, &Inputs(&given)).map_err(problem)?;
            if made.len() < node.outputs.len() {
                return Err(problem(Reason(format!(
                    "it makes {} values, and {} are asked for",
                    made.len(),
                    node.outputs.len()
                ))));
            }
            let wanted = node.outputs.iter().zip(made).filter(|(name, _)| left.contains_key(name.as_str()));
            let made: Vec<_> = wanted.map(|(name, value)| (name.clone(), value)).collect();
            values.extend(made);
            for name in &node.inputs {
                if let Some(count) = left.get_mut(name.as_str()) {
                    *count -= 1;
                    if *count == 0 {
                        values.remove(name);
                    }
                }
            }
        }
        let missing = |name: &String| Problem {
            place: name.clone(),
            operator: String::new(),
            reason: Reason::new("nothing makes this output"),
        };
        self.plan.outputs.iter().map(|name| values.get(name).cloned().ok_or_else(|| missing(name))).collect()
    }
}
