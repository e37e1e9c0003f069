//! Steps that only this crate has, in steps of ONNX. The importer makes the same of them again.

use super::file::File;
use crate::onnx::{
    array::{Array, Element},
    node::{Attribute, Node},
    ops::ML,
    report::Reason,
};
use ndarray::{ArrayD, Ix1, Ix2, IxDyn};

/// Writes a step of the importer's domain: one of ONNX's in its newest form, or one that ONNX lacks.
pub(super) fn write(file: &mut File<'_>, mut node: Node) -> Result<(), Reason> {
    node.domain = String::new();
    match &node.operator[..] {
        "Affine" => affine(file, node),
        "Trees" => trees(file, &node),
        "Swish" => swish(file, node),
        "LayerNormalization" if node.inputs.len() == 1 => layer_norm(file, node),
        _ => {
            alike(file, &mut node)?;
            file.push(node)
        }
    }
}

/// scikit-learn's steps take numbers of any kind together with floats; those of ONNX want one kind.
fn alike(file: &mut File<'_>, node: &mut Node) -> Result<(), Reason> {
    let together = ["Add", "Sub", "Mul", "Div", "Equal", "Greater", "Concat", "Gemm", "MatMul", "Sum"];
    let floats = node.inputs.iter().any(|name| file.kind(name) == Element::Float);
    if !together.contains(&&node.operator[..]) || !floats {
        return Ok(());
    }
    for input in &mut node.inputs {
        if !input.is_empty() && file.kind(input) != Element::Float {
            *input = file.op(&node.name, "Cast", &[&*input], &[("to", Attribute::Int(1))])?;
        }
    }
    Ok(())
}

/// What is left of a batch normalisation: one by the statistics of a standard normal.
fn affine(file: &mut File<'_>, node: Node) -> Result<(), Reason> {
    let Some(channels) = file.weights.get(node.input(1)).map(ArrayD::len) else {
        return Reason::err("its scale is no weight");
    };
    let mut of = |value: f64| {
        let values = ArrayD::from_elem(IxDyn(&[channels]), value);
        file.constant(&node.name, &Array { element: Element::Float, values })
    };
    let statistics = [of(0.0), of(1.0)];
    let inputs = node.inputs.iter().cloned().chain(statistics).collect();
    let node = Node { operator: "BatchNormalization".to_owned(), inputs, ..node };
    file.push_unchecked(node.with("epsilon", Attribute::Float(0.0)));
    Ok(())
}

fn swish(file: &mut File<'_>, node: Node) -> Result<(), Reason> {
    let x = node.input(0).to_owned();
    let gate = file.op(&node.name, "Sigmoid", &[&x], &[])?;
    file.push(Node { operator: "Mul".to_owned(), inputs: vec![x, gate], ..node })
}

/// Over the last axis, without scale and offset.
fn layer_norm(file: &mut File<'_>, node: Node) -> Result<(), Reason> {
    let epsilon = match node.attribute("epsilon") {
        Some(Attribute::Float(epsilon)) => f64::from(*epsilon),
        _ => 1e-5,
    };
    let (stem, x) = (node.name.clone(), node.input(0).to_owned());
    let axis = file.ints(&stem, [-1]);
    let mean = file.op(&stem, "ReduceMean", &[&x, &axis], &[])?;
    let distance = file.op(&stem, "Sub", &[&x, &mean], &[])?;
    let square = file.op(&stem, "Mul", &[&distance, &distance], &[])?;
    let variance = file.op(&stem, "ReduceMean", &[&square, &axis], &[])?;
    let epsilon = file.float(&stem, epsilon);
    let sum = file.op(&stem, "Add", &[&variance, &epsilon], &[])?;
    let root = file.op(&stem, "Sqrt", &[&sum], &[])?;
    file.push(Node { operator: "Div".to_owned(), inputs: vec![distance, root], attributes: Vec::new(), ..node })
}

/// The lists of scikit-learn's operator.
#[derive(Default)]
struct Lists {
    trees: Vec<i64>,
    nodes: Vec<i64>,
    columns: Vec<i64>,
    modes: Vec<String>,
    cuts: Vec<f32>,
    yes: Vec<i64>,
    no: Vec<i64>,
    target_trees: Vec<i64>,
    target_nodes: Vec<i64>,
    target_ids: Vec<i64>,
    target_weights: Vec<f32>,
}

/// Perfect trees of one depth.
struct Forest<'a> {
    trees: usize,
    depth: usize,
    /// The column of each node, in the order of the cuts.
    columns: Vec<i64>,
    cuts: ndarray::ArrayView1<'a, f64>,
    leaves: ndarray::ArrayView2<'a, f64>,
    mode: &'static str,
}

impl Forest<'_> {
    /// Writes the node at a place of a level and those below it, numbered as they come, and gives its number.
    fn grow(&self, lists: &mut Lists, next: &mut i64, tree: usize, level: usize, at: usize) -> i64 {
        let below = self.depth - level;
        let ends = (tree << self.depth) + (at << below)..(tree << self.depth) + ((at + 1) << below);
        let first = self.leaves.row(ends.start);
        let same = ends.clone().all(|leaf| self.leaves.row(leaf) == first);
        let (number, place) = (*next, lists.nodes.len());
        *next += 1;
        lists.trees.push(tree as i64);
        lists.nodes.push(number);
        lists.yes.push(0);
        lists.no.push(0);
        if same {
            // Padding, or a cut that decides nothing.
            lists.columns.push(0);
            lists.modes.push("LEAF".to_owned());
            lists.cuts.push(0.0);
            for (output, &value) in first.iter().enumerate() {
                lists.target_trees.push(tree as i64);
                lists.target_nodes.push(number);
                lists.target_ids.push(output as i64);
                lists.target_weights.push(value as f32);
            }
            return number;
        }
        let node = self.trees * ((1 << level) - 1) + (tree << level) + at;
        lists.columns.push(self.columns[node]);
        lists.modes.push(self.mode.to_owned());
        lists.cuts.push(self.cuts[node] as f32);
        lists.yes[place] = self.grow(lists, next, tree, level + 1, 2 * at);
        lists.no[place] = self.grow(lists, next, tree, level + 1, 2 * at + 1);
        number
    }
}

fn trees(file: &mut File<'_>, node: &Node) -> Result<(), Reason> {
    let size = |name: &str| match node.attribute(name) {
        Some(Attribute::Int(x)) => usize::try_from(*x).unwrap_or(0),
        _ => 0,
    };
    let (trees, depth, strict) = (size("trees"), size("depth"), size("strict") != 0);
    let weights = file.weights;
    let all = [1, 2, 3].map(|at| weights.get(node.input(at)));
    let [Some(looks), Some(cuts), Some(leaves)] = all else {
        return Reason::err("its columns, cuts and leaves are no weights");
    };
    let misfit = |_| Reason::new("its columns, cuts and leaves do not fit");
    let looks = looks.view().into_dimensionality::<Ix2>().map_err(misfit)?;
    let cuts = cuts.view().into_dimensionality::<Ix1>().map_err(misfit)?;
    let leaves = leaves.view().into_dimensionality::<Ix2>().map_err(misfit)?;
    let nodes = trees * ((1 << depth) - 1);
    if looks.ncols() != nodes || cuts.len() != nodes || leaves.nrows() != trees << depth {
        return Reason::err("its columns, cuts and leaves do not fit");
    }
    let mut columns = Vec::with_capacity(nodes);
    for look in looks.columns() {
        let ones: Vec<usize> = look.iter().enumerate().filter(|(_, x)| **x != 0.0).map(|(at, _)| at).collect();
        match ones[..] {
            [column] if look[column] == 1.0 => columns.push(column as i64),
            _ => return Reason::err("a node does not look at one column, so that ONNX has no such tree"),
        }
    }
    let forest = Forest { trees, depth, columns, cuts, leaves, mode: if strict { "BRANCH_LT" } else { "BRANCH_LEQ" } };
    let (mut lists, outputs) = (Lists::default(), forest.leaves.ncols());
    for tree in 0..trees {
        forest.grow(&mut lists, &mut 0, tree, 0, 0);
    }
    // The importer takes the columns that are looked at, and so does this operator.
    let table = file.whole_table(node.input(0)).to_owned();
    let table = match file.kind(&table) {
        Element::Float => table,
        _ => file.op(&node.name, "Cast", &[&table], &[("to", Attribute::Int(1))])?,
    };
    let attributes = [
        ("nodes_treeids", Attribute::Ints(lists.trees)),
        ("nodes_nodeids", Attribute::Ints(lists.nodes)),
        ("nodes_featureids", Attribute::Ints(lists.columns)),
        ("nodes_modes", Attribute::Texts(lists.modes)),
        ("nodes_values", Attribute::Floats(lists.cuts)),
        ("nodes_truenodeids", Attribute::Ints(lists.yes)),
        ("nodes_falsenodeids", Attribute::Ints(lists.no)),
        ("target_treeids", Attribute::Ints(lists.target_trees)),
        ("target_nodeids", Attribute::Ints(lists.target_nodes)),
        ("target_ids", Attribute::Ints(lists.target_ids)),
        ("target_weights", Attribute::Floats(lists.target_weights)),
        ("n_targets", Attribute::Int(outputs as i64)),
        ("aggregate_function", Attribute::Text("SUM".to_owned())),
        ("post_transform", Attribute::Text("NONE".to_owned())),
    ];
    let output = node.outputs.first().map_or("", String::as_str);
    let mut written = Node::new(node.name.clone(), ML, "TreeEnsembleRegressor", &[&table], &[output]);
    written.attributes.extend(attributes.map(|(name, value)| (name.to_owned(), value)));
    file.push(written)
}
