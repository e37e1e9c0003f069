//! Ensembles of trees, padded to perfect ones of one depth.

use super::{classes, steps::Steps};
use crate::onnx::{
    node::{Attribute, Attributes, Node},
    ops::OWN,
    report::Reason,
};
use std::collections::{BTreeMap, BTreeSet};

/// The most elements of the table that says which column each node looks at.
const LOOKS: usize = 1 << 26;
/// The most leaves of all trees.
const LEAVES: usize = 1 << 20;

/// A node of a tree, in the form that goes left where its column is at most the cut (or below it).
enum Kind {
    Inner { column: usize, cut: f64, left: i64, right: i64 },
    Leaf,
}

/// All trees of a file, by tree and node.
struct Forest {
    trees: BTreeMap<i64, BTreeMap<i64, Kind>>,
    roots: BTreeMap<i64, i64>,
    strict: bool,
    columns: usize,
}

fn read(at: &Attributes<'_>) -> Result<Forest, Reason> {
    let ints = |name| Ok::<_, Reason>(at.ints(name)?.unwrap_or_default());
    let (trees, nodes, columns) = (ints("nodes_treeids")?, ints("nodes_nodeids")?, ints("nodes_featureids")?);
    let (yes, no) = (ints("nodes_truenodeids")?, ints("nodes_falsenodeids")?);
    let (modes, cuts) = (at.texts("nodes_modes")?.unwrap_or_default(), at.floats("nodes_values")?.unwrap_or_default());
    at.ignore(&["nodes_hitrates", "nodes_missing_value_tracks_true"]);
    let count = trees.len();
    let lengths = [nodes.len(), columns.len(), yes.len(), no.len(), modes.len(), cuts.len()];
    if count == 0 || lengths.iter().any(|&length| length != count) {
        return Reason::err("its lists of nodes have different lengths, or are empty");
    }
    let mut forest = Forest { trees: BTreeMap::new(), roots: BTreeMap::new(), strict: false, columns: 0 };
    let mut kinds = BTreeSet::new();
    for at in 0..count {
        let column = usize::try_from(columns[at]).ok().filter(|&column| column < 1 << 20);
        let column = column.ok_or("a node looks at a column that cannot be")?;
        let (left, right, strict) = match &modes[at][..] {
            "LEAF" => (0, 0, None),
            "BRANCH_LEQ" => (yes[at], no[at], Some(false)),
            "BRANCH_LT" => (yes[at], no[at], Some(true)),
            "BRANCH_GT" => (no[at], yes[at], Some(false)),
            "BRANCH_GTE" => (no[at], yes[at], Some(true)),
            other => return Reason::err(format!("nodes of the mode {other} are not supported")),
        };
        kinds.extend(strict);
        let kind = match strict {
            None => Kind::Leaf,
            Some(_) => {
                forest.columns = forest.columns.max(column + 1);
                Kind::Inner { column, cut: cuts[at], left, right }
            }
        };
        forest.roots.entry(trees[at]).or_insert(nodes[at]);
        if forest.trees.entry(trees[at]).or_default().insert(nodes[at], kind).is_some() {
            return Reason::err("two of its nodes have one number");
        }
    }
    if kinds.len() > 1 {
        return Reason::err("its nodes compare in two ways, with and without equality");
    }
    forest.strict = kinds.contains(&true);
    Ok(forest)
}

/// A perfect tree: cuts and columns level by level, and for each leaf the node that it stands for.
struct Perfect {
    levels: Vec<Vec<(usize, f64)>>,
    leaves: Vec<i64>,
}

impl Forest {
    fn depth(&self) -> Result<usize, Reason> {
        let mut deepest = 0;
        for (tree, nodes) in &self.trees {
            // The nodes of a level; a node that is met twice is a loop, or no tree.
            let (mut level, mut seen, mut depth) = (vec![self.roots[tree]], 0, 0);
            loop {
                seen += level.len();
                if seen > nodes.len() {
                    return Reason::err("its nodes are no trees");
                }
                let mut next = Vec::new();
                for id in &level {
                    match nodes.get(id).ok_or("a node has a child that is not there")? {
                        Kind::Inner { left, right, .. } => next.extend([*left, *right]),
                        Kind::Leaf => {}
                    }
                }
                if next.is_empty() {
                    break;
                }
                (level, depth) = (next, depth + 1);
            }
            deepest = deepest.max(depth);
        }
        let leaves =
            u32::try_from(deepest).ok().and_then(|depth| self.trees.len().checked_mul(1usize.checked_shl(depth)?));
        match leaves.filter(|&leaves| leaves <= LEAVES && leaves.saturating_mul(self.columns) <= LOOKS) {
            Some(_) => Ok(deepest),
            None => Reason::err(format!(
                "{} trees of depth {deepest} are too many once they are padded to that depth: train with a smaller \
                 `max_depth`, or with fewer trees",
                self.trees.len()
            )),
        }
    }

    /// Below a leaf all nodes look at the first column, and all leaves say what it says.
    fn perfect(&self, tree: i64, depth: usize) -> Perfect {
        let nodes = &self.trees[&tree];
        let (mut levels, mut level) = (Vec::with_capacity(depth), vec![self.roots[&tree]]);
        for _ in 0..depth {
            let mut cuts = Vec::with_capacity(level.len());
            let mut next = Vec::with_capacity(2 * level.len());
            for &id in &level {
                match nodes.get(&id) {
                    Some(&Kind::Inner { column, cut, left, right }) => {
                        cuts.push((column, cut));
                        next.extend([left, right]);
                    }
                    _ => {
                        cuts.push((0, 0.0));
                        next.extend([id, id]);
                    }
                }
            }
            levels.push(cuts);
            level = next;
        }
        Perfect { levels, leaves: level }
    }
}

/// What leaves say, by tree and node: outputs and numbers.
type Said = BTreeMap<(i64, i64), Vec<(usize, f64)>>;

/// The sum over the trees, `[n, outputs]`; `scale` for an average.
fn ensemble(
    steps: &mut Steps<'_>,
    forest: &Forest,
    input: &str,
    said: &Said,
    outputs: usize,
    scale: f64,
) -> Result<String, Reason> {
    let (depth, trees) = (forest.depth()?, forest.trees.len());
    let columns = forest.columns.max(1);
    let (nodes, leaves) = (trees * ((1 << depth) - 1), trees << depth);
    if leaves.saturating_mul(outputs) > LOOKS {
        return Reason::err("its leaves say too much");
    }
    let perfect: Vec<_> = forest.trees.keys().map(|&tree| (tree, forest.perfect(tree, depth))).collect();
    let (mut looks, mut cuts, mut values) =
        (vec![0.0; columns * nodes], Vec::with_capacity(nodes), vec![0.0; leaves * outputs]);
    for level in 0..depth {
        for &(column, cut) in perfect.iter().flat_map(|(_, tree)| &tree.levels[level]) {
            looks[column * nodes + cuts.len()] = 1.0;
            cuts.push(cut);
        }
    }
    let ends = perfect.iter().flat_map(|(tree, perfect)| perfect.leaves.iter().map(move |leaf| (*tree, *leaf)));
    for (at, leaf) in ends.enumerate() {
        for &(output, value) in said.get(&leaf).into_iter().flatten() {
            values[at * outputs + output] += value * scale;
        }
    }
    let looks = steps.weight("looks_at", &[columns, nodes], looks);
    let cuts = steps.weight("cuts", &[nodes], cuts);
    let values = steps.weight("leaves", &[leaves, outputs], values);
    // Columns that no tree looks at are left out.
    let (zero, end, axis) = (steps.ints([0]), steps.ints([columns as i64]), steps.ints([1]));
    let table = steps.op("Slice", &[input, &zero, &end, &axis], &[]);
    let name = steps.model.fresh("trees");
    let node = Node::new(name.clone(), OWN, "Trees", &[&table, &looks, &cuts, &values], &[&name])
        .with("trees", Attribute::Int(trees as i64))
        .with("depth", Attribute::Int(depth as i64))
        .with("strict", Attribute::Int(i64::from(forest.strict)));
    steps.nodes.push(node);
    Ok(name)
}

/// Reads what leaves say, from the four lists with this prefix.
fn said(
    at: &Attributes<'_>,
    [trees, nodes, ids, weights]: [&'static str; 4],
    outputs: usize,
) -> Result<(Said, BTreeSet<usize>, bool), Reason> {
    let ints = |name| Ok::<_, Reason>(at.ints(name)?.unwrap_or_default());
    let (trees, nodes, ids) = (ints(trees)?, ints(nodes)?, ints(ids)?);
    let weights = at.floats(weights)?.unwrap_or_default();
    if nodes.len() != trees.len() || ids.len() != trees.len() || weights.len() != trees.len() {
        return Reason::err("its lists of leaves have different lengths");
    }
    let (mut all, mut seen) = (Said::new(), BTreeSet::new());
    for at in 0..trees.len() {
        let id = usize::try_from(ids[at])
            .ok()
            .filter(|&id| id < outputs)
            .ok_or("a leaf names an output that is not there")?;
        seen.insert(id);
        all.entry((trees[at], nodes[at])).or_default().push((id, weights[at]));
    }
    Ok((all, seen, weights.iter().all(|&weight| weight >= 0.0)))
}

fn based(steps: &mut Steps<'_>, at: &Attributes<'_>, sum: String, outputs: usize) -> Result<String, Reason> {
    let base = at.floats("base_values")?.unwrap_or_default();
    if base.is_empty() {
        return Ok(sum);
    }
    if base.len() != outputs {
        return Reason::err("it has not one base value for each output");
    }
    let base = steps.weight("base_values", &[outputs], base);
    Ok(steps.op("Add", &[&sum, &base], &[]))
}

pub(super) fn regressor(steps: &mut Steps<'_>, at: &Attributes<'_>, input: &str, output: &str) -> Result<(), Reason> {
    let outputs = classes::count(at.int("n_targets", 1)?)?;
    let forest = read(at)?;
    let lists = ["target_treeids", "target_nodeids", "target_ids", "target_weights"];
    let (said, ..) = said(at, lists, outputs)?;
    let scale = match at.text("aggregate_function", "SUM")? {
        "SUM" => 1.0,
        "AVERAGE" => 1.0 / forest.trees.len() as f64,
        other => return Reason::err(format!("`aggregate_function = {other}` is not supported")),
    };
    let sum = ensemble(steps, &forest, input, &said, outputs, scale)?;
    let sum = based(steps, at, sum, outputs)?;
    match at.text("post_transform", "NONE")? {
        "NONE" => steps.named("Identity", &[&sum], output),
        "LOGISTIC" => steps.named("Sigmoid", &[&sum], output),
        "SOFTMAX" => steps.named("Softmax", &[&sum], output),
        other => return Reason::err(format!("`post_transform = {other}` is not supported")),
    }
    Ok(())
}

pub(super) fn classifier(
    steps: &mut Steps<'_>,
    at: &Attributes<'_>,
    input: &str,
    outputs: &[String],
) -> Result<(), Reason> {
    let labels = classes::labels(at, "classlabels_strings", "classlabels_int64s")?;
    let forest = read(at)?;
    let lists = ["class_treeids", "class_nodeids", "class_ids", "class_weights"];
    let (said, seen, positive) = said(at, lists, labels.len())?;
    // Two classes of which the leaves speak of one: its score decides.
    let two = labels.len() == 2 && seen.len() == 1;
    let columns = if two { 1 } else { labels.len() };
    let said = match two {
        false => said,
        true => said
            .into_iter()
            .map(|(leaf, all)| (leaf, all.into_iter().map(|(_, weight)| (0, weight)).collect()))
            .collect(),
    };
    let sum = ensemble(steps, &forest, input, &said, columns, 1.0)?;
    let sum = based(steps, at, sum, columns)?;
    let post = at.text("post_transform", "NONE")?;
    classes::finish(steps, &sum, columns, &labels, post, two && positive && post == "NONE", outputs)
}
