//! The flowers, and the same algorithm in the clear.

use ndarray::{Array2, Axis, s};

/// scikit-learn's copy of Fisher's irises; `examples/data/NOTICE.md` says where it comes from.
const CSV: &str = include_str!("../data/iris.csv");

pub(crate) const CLUSTERS: usize = 3;
/// How many flowers a garden has.
pub(crate) const FLOWERS: usize = 50;

/// All flowers, garden by garden: every third line of the file belongs to the same garden.
fn table() -> Array2<f64> {
    let lines: Vec<&str> = CSV.lines().skip(1).collect();
    let order = (0..3).flat_map(|garden| (0..FLOWERS).map(move |at| 3 * at + garden));
    let values = order.flat_map(|at| lines[at].split(',').take(4)).map(|cell| cell.parse().unwrap_or(f64::NAN));
    Array2::from_shape_vec((3 * FLOWERS, 4), values.collect()).unwrap_or_default()
}

/// The flowers of one garden.
pub(crate) fn garden(garden: usize) -> Array2<f64> {
    table().slice(s![garden * FLOWERS..(garden + 1) * FLOWERS, ..]).to_owned()
}

/// Where the centres start, which everybody may know: no flower's place.
pub(crate) fn start() -> [f64; 4 * CLUSTERS] {
    [5.0, 3.0, 1.5, 0.5, 6.0, 3.0, 4.5, 1.5, 7.0, 3.0, 6.0, 2.0]
}

/// The centres after some turns, and the cluster of every flower.
pub(crate) fn cluster(turns: usize) -> (Array2<f64>, Vec<usize>) {
    let points = table();
    let mut centres = Array2::from_shape_vec((CLUSTERS, 4), start().to_vec()).unwrap_or_default();
    let nearest = |centres: &Array2<f64>| -> Vec<usize> {
        let to = |at: usize, k: usize| (&points.row(at) - &centres.row(k)).mapv(|d| d * d).sum();
        let nearest = |at: usize| (0..CLUSTERS).min_by(|&a, &b| to(at, a).total_cmp(&to(at, b))).unwrap_or(0);
        (0..points.nrows()).map(nearest).collect()
    };
    for _ in 0..turns {
        let clusters = nearest(&centres);
        for k in 0..CLUSTERS {
            let own: Vec<usize> = (0..points.nrows()).filter(|&at| clusters[at] == k).collect();
            if let Some(mean) = points.select(Axis(0), &own).mean_axis(Axis(0)) {
                centres.row_mut(k).assign(&mean);
            }
        }
    }
    let clusters = nearest(&centres);
    (centres, clusters)
}
