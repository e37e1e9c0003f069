//! Three gardens cluster their irises together, by Lloyd's algorithm, and none shows the others a flower.
//!
//! Each garden holds 50 of the 150 flowers of Fisher's data, four measurements of each. They share them and move three
//! centres for a public number of turns. All learn the final centres. Each garden alone learns in which cluster its own
//! flowers are. Nobody learns the clusters' sizes on the way, nor any centre but the last.
//!
//! `cargo run --release --example kmeans` runs all gardens on this machine.

mod plaintext;
#[path = "../common/report.rs"]
mod report;

use launch::clap;
use mpc::prelude::*;
use ndarray::{Array1, Array2, Ix1, Ix2};
use plaintext::{CLUSTERS, FLOWERS, start};

parties! { compute Kyoto, Kew, Berlin; }

#[derive(clap::Args)]
struct Flags {
    /// How often the centres move
    #[arg(long, default_value_t = 8)]
    turns: usize,
}

/// The squares of the distances of points `[n, d]` to centres `[k, d]`, without that of the point to the origin, which is
/// the same for all centres: `[n, k]`.
fn distances(points: &Tensor<Secret>, centres: &Tensor<Secret>) -> Tensor<Secret> {
    centres.norm_squared_axes(&[1]) - points.matmul(&centres.t()) * 2.0
}

/// One turn: every centre moves to the mean of the points that are nearest to it.
#[secure_model]
fn moved(points: &Tensor<Secret>, centres: Tensor<Secret>) -> Tensor<Secret> {
    let nearest = distances(points, &centres).argmin_one_hot(1).number();
    let sizes = nearest.sum_axes(&[0]).unsqueeze(1);
    let means = nearest.t().matmul(points) * sizes.clamp(1.0, 150.0).reciprocal();
    // A centre that no point is nearest to stays where it is.
    if sizes > 0.5 { means } else { centres }
}

/// What a garden learns: the centres, and the clusters of its own flowers.
async fn cluster(s: &Session, turns: usize) -> mpc::Result<(Array2<f64>, Array1<f64>)> {
    // For the example every process carries the whole table; each garden feeds in its own flowers only.
    let flowers = |garden: usize| plaintext::garden(garden);
    let points = s.input::<Kyoto>([FLOWERS, 4], || flowers(0)).share();
    let points = points.concat(&s.input::<Kew>([FLOWERS, 4], || flowers(1)), 0);
    let points = points.concat(&s.input::<Berlin>([FLOWERS, 4], || flowers(2)), 0);

    let mut centres = s.public([CLUSTERS, 4], &start()).share();
    for _ in 0..turns {
        centres = moved(&points, centres);
    }

    let clusters = distances(&points, &centres).argmin(1);
    let own = |garden: usize| clusters.rows(garden * FLOWERS..(garden + 1) * FLOWERS);
    let (first, second, third) = (own(0).reveal_to::<Kyoto>(), own(1).reveal_to::<Kew>(), own(2).reveal_to::<Berlin>());
    let centres = centres.reveal().await?.into_dimensionality::<Ix2>().map_err(mpc::Error::program)?;
    // Of these three only one is for this garden.
    let own = [first.await?, second.await?, third.await?].into_iter().flatten().next().unwrap_or_default();
    Ok((centres, own.into_dimensionality::<Ix1>().map_err(mpc::Error::program)?))
}

/// k-means on the flowers of three gardens that do not show them to each other.
#[mpc::main]
async fn main(s: Session, flags: Flags) -> mpc::Result<()> {
    let (centres, own) = cluster(&s, flags.turns).await?;
    let garden = s.names().iter().position(|name| name == s.name()).unwrap_or_default();
    let (clear, clusters) = plaintext::cluster(flags.turns);
    let clusters = &clusters[garden * FLOWERS..][..FLOWERS];

    let mut rows = Vec::new();
    for (found, clear) in centres.rows().into_iter().zip(clear.rows()) {
        rows.push(("a centre", format!("{found:.3}")));
        rows.push(("  in the clear", format!("{clear:.3}")));
    }
    let agree = own.iter().zip(clusters).filter(|(found, clear)| found.round() == **clear as f64).count();
    rows.push(("own flowers in the same cluster", format!("{agree} of {FLOWERS}")));
    report::print(&s, &rows);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_centres_are_those_in_the_clear() {
        let (clear, clusters) = plaintext::cluster(4);
        for (garden, seen) in
            mpc::sim::Sim::new(3).seed(1).run(async |s: Session| cluster(&s, 4).await).into_iter().enumerate()
        {
            let (centres, own) = seen.unwrap();
            assert!(centres.iter().zip(&clear).all(|(found, clear)| (found - clear).abs() < 0.02), "{centres} {clear}");
            let expected = &clusters[garden * FLOWERS..][..FLOWERS];
            assert!(
                own.iter().zip(expected).all(|(found, clear)| found.round() == *clear as f64),
                "{own} {expected:?}"
            );
        }
    }
}
