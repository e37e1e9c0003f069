//! The model in the clear, on 64-bit floats: what the shares are compared with.

use super::{
    array::Array,
    graph::Graph,
    node::Node,
    report::{Reason, Report},
    weights::Weights,
};
use ndarray::ArrayD;
use std::{collections::HashMap, sync::Arc};

impl Graph {
    /// The outputs on floats, at whoever has the weights and the inputs. Whole numbers and truth values come and go as
    /// floats.
    ///
    /// # Errors
    /// A [`Report`] that names the node, if shapes or weights do not fit.
    pub fn clear(&self, weights: &Weights, inputs: &[ArrayD<f64>]) -> Result<Vec<ArrayD<f64>>, Report> {
        self.clear_watched(weights, inputs, |_, _| {})
    }

    /// As [`Self::clear`]; `watch` sees what each node makes.
    ///
    /// # Errors
    /// As [`Self::clear`].
    pub fn clear_watched(
        &self,
        weights: &Weights,
        inputs: &[ArrayD<f64>],
        mut watch: impl FnMut(&Node, &[Array]),
    ) -> Result<Vec<ArrayD<f64>>, Report> {
        let values = self.clear_values(weights, inputs)?;
        let outputs = self.run(values, |node, operator, x: &super::ops::Inputs<'_, Arc<Array>>| {
            let given: Vec<Option<&Array>> = x.0.iter().map(|value| value.map(|value| &**value)).collect();
            let made = operator.clear(&super::ops::Inputs(&given))?;
            watch(node, &made);
            Ok(made.into_iter().map(Arc::new).collect())
        });
        match outputs {
            Ok(outputs) => Ok(outputs.into_iter().map(|x| Arc::unwrap_or_clone(x).values).collect()),
            Err(problem) => Err(problem.into()),
        }
    }

    fn clear_values(&self, weights: &Weights, inputs: &[ArrayD<f64>]) -> Result<HashMap<String, Arc<Array>>, Report> {
        let mut report = Report::default();
        let mut values = HashMap::new();
        if inputs.len() != self.plan.inputs.len() {
            let reason = format!("it takes {} inputs, not {}", self.plan.inputs.len(), inputs.len());
            report.add("the model", "", reason);
        }
        for (input, given) in self.plan.inputs.iter().zip(inputs) {
            if !input.admits(given.shape()) {
                report.add(&input.name, "", misfit(input, given.shape()));
            }
            values.insert(input.name.clone(), Arc::new(Array { element: input.element, values: given.clone() }));
        }
        for (name, shape) in &self.plan.weights {
            match weights.get(name) {
                Some(weight) if weight.shape() == shape => {
                    values.insert(name.clone(), Arc::new(Array::float(weight.clone())));
                }
                _ => report.add(name, "", "the weights lack it, or have it in another shape"),
            }
        }
        for (name, constant) in &self.plan.constants {
            values.insert(name.clone(), Arc::new(constant.clone()));
        }
        report.checked()?;
        Ok(values)
    }
}

/// Why a tensor cannot be an input.
pub(super) fn misfit(input: &super::graph::Input, shape: &[usize]) -> Reason {
    let dim = |dim: &super::graph::Dim| match dim {
        super::graph::Dim::Fixed(size) => size.to_string(),
        super::graph::Dim::Open(name) if name.is_empty() => "any".to_owned(),
        super::graph::Dim::Open(name) => name.clone(),
    };
    let dims: Vec<_> = input.shape.iter().flatten().map(dim).collect();
    Reason(format!("it has shape {shape:?}, and the model takes [{}]", dims.join(", ")))
}
