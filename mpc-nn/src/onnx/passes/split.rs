//! What everybody sees of the constants, and what only the owner has.

use crate::onnx::{
    array::Element,
    graph::{Graph, Plan},
    import,
    model::Model,
    ops,
    report::Report,
    weights::Weights,
};
use std::collections::BTreeSet;

/// Parts a model into its graph and its weights.
///
/// Secret are the numbers that a model was trained for: floats with at least one axis. Public are whole numbers and truth
/// values (sizes, axes, indices, masks), single floats without an axis (an epsilon, the root of a size), and what an
/// operator needs to know, such as the bounds of a clip.
pub(in crate::onnx) fn split(model: Model, mut report: Report) -> Result<(Graph, Weights), Report> {
    let Model { opsets, inputs, outputs, constants, nodes, .. } = model;
    let mut known = BTreeSet::new();
    for node in &nodes {
        let opset = if node.domain == ops::ML { opsets[1] } else { opsets[0] };
        if let Ok(operator) = ops::build(node, opset) {
            known.extend(operator.public().iter().filter_map(|&at| node.inputs.get(at)));
        }
    }
    let (mut weights, mut shapes, mut public) = (Weights::new(), Vec::new(), Vec::new());
    for (name, array) in constants {
        let secret = array.element == Element::Float && array.rank() > 0 && !known.contains(&name);
        if array.values.iter().any(|x| x.is_nan()) {
            report.add(&name, "", "it holds what is not a number");
        }
        if secret {
            shapes.push((name.clone(), array.shape().to_vec()));
            weights.insert(name, array.values);
        } else {
            public.push((name, array));
        }
    }
    let (graph, own) = Graph::partial(Plan { opsets, inputs, outputs, weights: shapes, constants: public, nodes })?;
    report = report.and(own).and(tried(&graph).err().unwrap_or_default());
    report.checked()?;
    Ok((graph, weights))
}

/// Finds what does not fit, where the file says enough about the shapes of its inputs. Secret tokens are more than some
/// models can do: that public ones fit is enough.
fn tried(graph: &Graph) -> Result<(), Report> {
    let Some(shapes) = import::usual_shapes(graph.inputs()) else { return Ok(()) };
    match graph.trial(&shapes, false) {
        Ok(_) => Ok(()),
        Err(report) if !graph.inputs().iter().any(import::is_whole) => Err(report),
        Err(_) => graph.trial(&shapes, true).map(|_| ()),
    }
}
