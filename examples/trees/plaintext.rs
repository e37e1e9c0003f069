//! Gradient boosting in the clear: how the lab gets its trees, and what they say of a row.

use ndarray::{Array1, Array2, ArrayView1};

/// Nodes that decide, in three levels: those below node i are 2 i + 1 and 2 i + 2.
pub(crate) const INNER: usize = 7;
pub(crate) const LEAVES: usize = 8;

/// How far each tree moves the logits.
const RATE: f64 = 0.3;
/// Keeps leaves of few rows small.
const SMOOTHING: f64 = 1.0;

/// A tree: a row goes right at a node if its value in that node's column is above the cut.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) column: [usize; INNER],
    pub(crate) cut: [f64; INNER],
    pub(crate) leaf: [f64; LEAVES],
}

impl Tree {
    /// What the tree adds to the logit of a row.
    pub(crate) fn value(&self, row: ArrayView1<f64>) -> f64 {
        let mut node = 0;
        while node < INNER {
            node = 2 * node + if row[self.column[node]] > self.cut[node] { 2 } else { 1 };
        }
        self.leaf[node - INNER]
    }
}

/// The logits of rows.
pub(crate) fn logits(trees: &[Tree], x: &Array2<f64>) -> Vec<f64> {
    x.rows().into_iter().map(|row| trees.iter().map(|tree| tree.value(row)).sum()).collect()
}

/// Trees one after another, each on what the ones before it leave of the gradient of the cross-entropy.
pub(crate) fn train(x: &Array2<f64>, y: &Array1<f64>, count: usize) -> Vec<Tree> {
    let mut trees: Vec<Tree> = Vec::new();
    for _ in 0..count {
        let chances = logits(&trees, x).into_iter().map(|logit| 1.0 / (1.0 + (-logit).exp()));
        let rows = chances.zip(y).map(|(p, y)| Slope { gradient: y - p, curvature: p * (1.0 - p) }).collect();
        let mut grower =
            Grower { x, slopes: rows, tree: Tree { column: [0; INNER], cut: [0.0; INNER], leaf: [0.0; LEAVES] } };
        grower.grow(0, (0..x.nrows()).collect());
        trees.push(grower.tree);
    }
    trees
}

/// First and second derivative of the likelihood by the logit, of a row or summed over rows.
#[derive(Clone, Copy, Default)]
struct Slope {
    gradient: f64,
    curvature: f64,
}

impl Slope {
    fn plus(self, other: Self) -> Self {
        Self { gradient: self.gradient + other.gradient, curvature: self.curvature + other.curvature }
    }

    fn minus(self, other: Self) -> Self {
        Self { gradient: self.gradient - other.gradient, curvature: self.curvature - other.curvature }
    }

    /// How much a leaf of these rows gains.
    fn gain(self) -> f64 {
        self.gradient * self.gradient / (self.curvature + SMOOTHING)
    }
}

struct Grower<'a> {
    x: &'a Array2<f64>,
    slopes: Vec<Slope>,
    tree: Tree,
}

impl Grower<'_> {
    fn grow(&mut self, node: usize, rows: Vec<usize>) {
        let total = self.total(&rows);
        if node >= INNER {
            self.tree.leaf[node - INNER] = RATE * total.gradient / (total.curvature + SMOOTHING);
            return;
        }
        (self.tree.column[node], self.tree.cut[node]) = self.best_cut(&rows, total);
        let (column, cut) = (self.tree.column[node], self.tree.cut[node]);
        let (right, left) = rows.into_iter().partition(|&row| self.x[[row, column]] > cut);
        self.grow(2 * node + 1, left);
        self.grow(2 * node + 2, right);
    }

    fn total(&self, rows: &[usize]) -> Slope {
        rows.iter().fold(Slope::default(), |sum, &row| sum.plus(self.slopes[row]))
    }

    /// The column and the cut, halfway between two rows, that gain most.
    fn best_cut(&self, rows: &[usize], total: Slope) -> (usize, f64) {
        let (mut best, mut place) = (0.0, (0, 0.0));
        for column in 0..self.x.ncols() {
            let mut sorted: Vec<usize> = rows.to_vec();
            sorted.sort_by(|&a, &b| self.x[[a, column]].total_cmp(&self.x[[b, column]]));
            let mut left = Slope::default();
            for pair in sorted.windows(2) {
                left = left.plus(self.slopes[pair[0]]);
                let (below, above) = (self.x[[pair[0], column]], self.x[[pair[1], column]]);
                let gain = left.gain() + total.minus(left).gain() - total.gain();
                // Closer values are the same in fixed point.
                if above - below > 1e-3 && gain > best {
                    (best, place) = (gain, (column, (below + above) / 2.0));
                }
            }
        }
        place
    }
}
