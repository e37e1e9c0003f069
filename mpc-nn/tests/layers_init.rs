//! Random first values have the distributions that they promise, and come from all parties.

mod layers_common;

use layers_common::{Alice, Array, agreed};
use mpc_core::{Secret, Session, Tensor, sim::Sim};
use mpc_nn::init;

/// Mean, variance, least and largest of a draw.
fn moments(draw: impl Fn(&Session) -> Tensor<Secret> + Sync) -> [f64; 4] {
    let x: Array = agreed(Sim::new(2).seed(5).run(async |s: Session| draw(&s).reveal().await));
    let mean = x.mean().unwrap();
    let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / x.len() as f64;
    [mean, variance, x.iter().copied().fold(f64::MAX, f64::min), x.iter().copied().fold(f64::MIN, f64::max)]
}

/// The fan in is 20 * 9 and the fan out 10 * 9.
const WEIGHT: [usize; 4] = [10, 20, 3, 3];

#[track_caller]
fn uniform(bound: f64, [mean, variance, least, largest]: [f64; 4]) {
    assert!(mean.abs() < 0.08 * bound, "{mean}");
    assert!((variance / (bound * bound / 3.0) - 1.0).abs() < 0.1, "{variance} for a bound of {bound}");
    assert!(least >= -bound - 1e-4 && largest <= bound + 1e-4, "{least} to {largest} beyond {bound}");
    assert!(least < -0.95 * bound && largest > 0.95 * bound, "{least} to {largest} within {bound}");
}

#[track_caller]
fn normal(deviation: f64, [mean, variance, least, largest]: [f64; 4]) {
    assert!(mean.abs() < 0.1 * deviation, "{mean}");
    assert!((variance / (deviation * deviation) - 1.0).abs() < 0.15, "{variance} for a deviation of {deviation}");
    assert!(least < -2.5 * deviation && largest > 2.5 * deviation, "{least} to {largest}");
}

#[test]
fn uniform_distributions() {
    uniform(0.25, moments(|s| init::uniform(s, WEIGHT, -0.25, 0.25)));
    uniform((6.0f64 / 270.0).sqrt() * 2.0, moments(|s| init::xavier_uniform(s, WEIGHT, 2.0)));
    uniform((6.0f64 / 180.0).sqrt(), moments(|s| init::kaiming_uniform(s, WEIGHT)));
    uniform(0.5, moments(|s| init::by_fan(s, WEIGHT, 4)));
}

#[test]
fn normal_distributions() {
    normal(0.5, moments(|s| init::normal(s, WEIGHT, 3.0, 0.5) - 3.0));
    normal((2.0f64 / 270.0).sqrt() * 2.0, moments(|s| init::xavier_normal(s, WEIGHT, 2.0)));
    normal((2.0f64 / 180.0).sqrt(), moments(|s| init::kaiming_normal(s, WEIGHT)));
}

#[test]
fn constants_and_values_of_an_owner() {
    let seen = agreed(Sim::new(3).run(async |s: Session| {
        let owned = init::of_owner::<Alice>(&s, [2], || vec![1.5, -2.0]);
        Ok([
            init::zeros(&s, 2).reveal().await?,
            init::ones(&s, 2).reveal().await?,
            init::constant(&s, 2, 0.5).reveal().await?,
            owned.reveal().await?,
        ])
    }));
    let expected = [[0.0, 0.0], [1.0, 1.0], [0.5, 0.5], [1.5, -2.0]];
    assert!(seen.iter().zip(expected).all(|(x, e)| x.iter().copied().eq(e)), "{seen:?}");
}

#[test]
fn another_party_gives_other_weights() {
    let draw = |seed| {
        let sim = Sim::new(2).seed(1).own_seed(1, seed);
        agreed(sim.run(async |s: Session| mpc_nn::Linear::init(&s, 4, 4).weight.reveal().await))
    };
    assert_ne!(draw(2), draw(3));
    assert_eq!(draw(2), draw(2));
}

#[test]
fn what_is_replaced_is_not_drawn() {
    let rounds = |bias: bool| {
        let cost = Sim::new(2).explain(async |s: Session| {
            let mut layer = mpc_nn::Linear::init(&s, 4, 4);
            layer.weight = mpc_nn::Param::new(init::zeros(&s, [4, 4]));
            if !bias {
                layer = layer.without_bias();
            }
            layer.forward(&init::ones(&s, [1, 4])).reveal().await.map(|_| ())
        });
        cost.unwrap().total.dealt
    };
    // Drawing the bias of four numbers costs the dealer more than nothing.
    assert!(rounds(true) > rounds(false));
}
