//! Ensembles of decision trees, all of one depth: every node of every tree is decided at once, and every leaf tells by its
//! path whether it is the one. Which column a node looks at, where it cuts and what a leaf says are secret; public is how
//! many trees there are, and their depth.

use super::{Entry, Inputs, ML, Operator, matmul, one, op};
use crate::onnx::{
    array::{Array, Element},
    report::Reason,
    value::{Context, Value},
};
use mpc_core::{Bit, Secret, Tensor, engine::Comparison};

/// Inputs: x `[n, columns]`; which column each node looks at, `[columns, trees * (2^depth - 1)]`, level by level and in a level
/// tree by tree; where it cuts, of the same length; what leaves say, `[trees * 2^depth, outputs]`. Output: `[n, outputs]`,
/// the sum over the trees. A row goes left where its column is at most the cut, or with `strict` below it.
struct Trees {
    trees: usize,
    depth: usize,
    strict: bool,
}

impl Trees {
    /// Rows and outputs.
    fn sizes(&self, shapes: [&[usize]; 4]) -> Result<[usize; 2], Reason> {
        let (nodes, leaves) = (self.trees * ((1 << self.depth) - 1), self.trees << self.depth);
        match shapes {
            [&[rows, columns], &[from, all], &[cuts], &[ends, outputs]]
                if from == columns && all == nodes && cuts == nodes && ends == leaves =>
            {
                Ok([rows, outputs])
            }
            [x, ..] => Reason::err(format!("a table of shape {x:?} does not fit the trees")),
        }
    }
}

impl Operator for Trees {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let all = [x.need(0)?, x.need(1)?, x.need(2)?, x.need(3)?];
        let [rows, outputs] = self.sizes(all.map(Array::shape))?;
        let [_, looks, cuts, leaves] = all;
        let seen = matmul::matmul(all[0], looks)?;
        let mut values = vec![0.0; rows * outputs];
        for row in 0..rows {
            for tree in 0..self.trees {
                // From the root down: nodes of a level are numbered from the left.
                let (mut at, mut before) = (0, 0);
                for level in 0..self.depth {
                    let node = before + (tree << level) + at;
                    let (seen, cut) = (seen.values[[row, node]], cuts.values[[node]]);
                    let left = if self.strict { seen < cut } else { seen <= cut };
                    at = 2 * at + usize::from(!left);
                    before += self.trees << level;
                }
                for output in 0..outputs {
                    values[row * outputs + output] += leaves.values[[(tree << self.depth) + at, output]];
                }
            }
        }
        Ok(vec![Array::new(Element::Float, &[rows, outputs], values)?])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let given = [x.need(0)?, x.need(1)?, x.need(2)?, x.need(3)?];
        let shapes = given.map(Value::shape);
        let [rows, _] = self.sizes([&shapes[0], &shapes[1], &shapes[2], &shapes[3]])?;
        let [table, looks, cuts, leaves] = given.map(|value| cx.secret(value));
        let (trees, depth) = (self.trees, self.depth);
        if depth == 0 {
            // Leaves alone: the same for every row.
            let zero = table.slice(1, 0..1) * 0.0;
            return one(zero + leaves.sum_axes(&[0]));
        }
        let seen = table.matmul(&looks);
        let right: Tensor<Secret, Bit> = match self.strict {
            true => seen.handle().compare(Comparison::NotLess, cuts.handle()).into(),
            false => seen.gt(&cuts),
        };
        let mut before = 0;
        let mut paths: Option<Tensor<Secret, Bit>> = None;
        for level in 0..depth {
            let nodes = trees << level;
            let right = right.slice(1, before..before + nodes);
            before += nodes;
            // For each leaf, whether this level sends a row towards it.
            let (left, right) = (!&right, right);
            let sides = left.unsqueeze(2).concat(&right.unsqueeze(2), 2);
            let (below, sides) = (1 << (depth - level - 1), sides.unsqueeze(3));
            let towards = sides.expand([rows, nodes, 2, below]).reshape([rows, trees << depth, 1]);
            paths = Some(match paths {
                None => towards,
                Some(paths) => paths.concat(&towards, 2),
            });
        }
        let Some(paths) = paths else { return Reason::err("trees without levels") };
        one(paths.all(2).number().matmul(&leaves))
    }

    fn multiplies(&self) -> &[(usize, usize)] {
        &[(1, 2), (3, 2)]
    }
}

/// What `passes/sklearn.rs` turns into other operators; whatever is left of it was refused there.
const fn of(name: &'static str, note: &'static str) -> Entry {
    Entry { domain: ML, since: 1, ..op(name, |_| Reason::err("this form of it is not supported")) }.note(note)
}

pub(super) const OPERATORS: &[Entry] = &[
    op("Trees", |at| {
        let size = |name| Ok::<_, Reason>(usize::try_from(at.int(name, 0)?).unwrap_or(usize::MAX));
        let (trees, depth) = (size("trees")?, size("depth")?);
        if trees == 0 || depth > 24 || trees > 1 << 24 >> depth {
            return Reason::err("the number of its trees or their depth is out of range");
        }
        Ok(Box::new(Trees { trees, depth, strict: at.flag("strict", false)? }))
    })
    .own(),
    of("TreeEnsembleRegressor", "`<=`, `<`, `>` or `>=` at all nodes; sums and averages; padded to one depth"),
    of("TreeEnsembleClassifier", "as the regressor; labels that are words are numbered"),
    of("LinearRegressor", "no `post_transform`"),
    of("LinearClassifier", "labels that are words are numbered"),
    of("SVMRegressor", "all kernels"),
    of(
        "SVMClassifier",
        "all kernels; probabilities of two classes, decisions of more; labels that are words are numbered",
    ),
    of("Scaler", ""),
    of("Normalizer", ""),
    of("ZipMap", "the table of probabilities instead"),
    of("Imputer", "a secret is never NaN or infinite"),
    of("OneHotEncoder", "categories that are whole numbers; what is none of them is zeros"),
    of("Binarizer", ""),
    of("FeatureVectorizer", ""),
];
