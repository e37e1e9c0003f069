//! Tiny models of each family train on shares as they do in f64: the loss of every step agrees.

mod layers_common;

use layers_common::{Array, Named, agreed, clear, differences, sample, secret};
use mpc_core::{Conv, Pool, Secret, Session, Tensor, sim::Sim};
use mpc_nn::{Layer, Linear, Module, layers::*, loss, optim::Sgd, sequential};
use ndarray::Axis;

/// The losses of some steps of gradient descent on a mean squared error, and what f64 gets from the same first weights.
fn train<M: Module>(
    name: &str,
    build: impl Fn(&Session) -> M + Sync,
    forward: impl Fn(&M, &Tensor<Secret>) -> Tensor<Secret> + Sync,
    x: &Array,
    target: &Array,
    lr: f64,
    clear: impl Fn(&Named, &Array) -> Array,
) {
    const STEPS: usize = 13;
    // The same first weights at every run: from some others the loss falls too little to tell much.
    let (first, losses) = agreed(Sim::new(2).seed(1).run(async |s: Session| {
        let mut model = build(&s);
        let (x, target) = (secret(&s, x), secret(&s, target));
        let (mut first, mut losses, mut sgd) = (Named::new(), Vec::new(), Sgd::new(lr));
        for (name, param) in model.parameters() {
            first.insert(name, param.reveal().await?);
        }
        for _ in 0..STEPS {
            let loss = loss::mse(&forward(&model, &x), &target);
            sgd.step(&s, &mut model, &loss.backward());
            losses.push(loss.reveal().item().await?);
        }
        Ok((first, losses))
    }));
    let of = |at: &Named| (clear(at, x) - target).mapv(|e| e * e).mean().unwrap();
    let mut at = first;
    for (step, found) in losses.iter().enumerate() {
        let expected = of(&at);
        assert!((found - expected).abs() < 3e-3, "{name}, step {step}: {found} is not {expected}");
        let gradients = differences(&at, of);
        at.iter_mut().for_each(|(name, value)| value.scaled_add(-lr, &gradients[name]));
    }
    assert!(losses[STEPS - 1] < 0.8 * losses[0], "{name}: {losses:?}");
}

#[test]
fn a_convolutional_network_with_batch_normalisation() {
    train(
        "conv",
        |s| {
            sequential![
                Conv2d::init(s, 1, 2, [3, 3], Conv::default().padding(1)).without_bias(),
                BatchNorm2d::init(s, 2),
                Relu,
                MaxPool2d(Pool::new(2)),
                Flatten,
                Linear::init(s, 8, 2),
            ]
        },
        |model, x| model.forward(x),
        &sample(&[4, 1, 4, 4], 1),
        &sample(&[4, 2], 2),
        0.1,
        |at, x| {
            let y = clear::conv2d(x, &at["0.weight"], None, 1, 1, 1);
            let y = clear::batch_norm(&y, &at["1.weight"], &at["1.bias"], 1e-5).mapv(|x| x.max(0.0));
            let pooled = clear::by(&[4, 8], |i| {
                let (c, row, column) = (i[1] / 4, i[1] / 2 % 2 * 2, i[1] % 2 * 2);
                (0..4).map(|e| y[[i[0], c, row + e / 2, column + e % 2]]).fold(f64::MIN, f64::max)
            });
            clear::linear(&pooled, &at["5.weight"], Some(&at["5.bias"]))
        },
    );
}

#[test]
fn a_recurrent_network() {
    train(
        "lstm",
        |s| (Lstm::init(s, Stack::new(2, 3)), Linear::init(s, 3, 1)),
        |(lstm, head), x| head.forward(&lstm.last(x)),
        &sample(&[4, 3, 2], 3),
        &sample(&[4, 1], 4),
        0.5,
        |at, x| {
            let y = clear::recurrent("lstm", at, "0", x, 1, false).index_axis(Axis(1), 2).to_owned();
            clear::linear(&y, &at["1.weight"], Some(&at["1.bias"]))
        },
    );
}

#[test]
fn a_transformer() {
    train(
        "transformer",
        |s| {
            let encoder = TransformerEncoder::new([TransformerEncoderLayer::init(s, 4, 2, 4).norm_first()]);
            (encoder, Linear::init(s, 4, 1))
        },
        |(encoder, head), x| head.forward(&encoder.forward(x)),
        &sample(&[2, 3, 4], 5),
        &sample(&[2, 3, 1], 6),
        0.1,
        |at, x| {
            let y = clear::encoder_layer(at, "0.layers.0", x, 2, true, false);
            clear::linear(&y, &at["1.weight"], Some(&at["1.bias"]))
        },
    );
}
