//! Normalisations, recurrent networks and attention against f64, with two and three parties.

mod layers_common;

use layers_common::{
    Array, Check, Named, agreed,
    clear::{self, by},
    close, sample, secret,
};
use mpc_core::{Result, Secret, Session, Tensor, sim::Sim};
use mpc_nn::{Module, layers::*};
use ndarray::Axis;

/// Weights other than one and zero, so that they can be wrong.
fn scrambled<M: Module>(s: &Session, mut model: M) -> M {
    let mut seed = 40;
    model.for_each_param(|_, param| {
        seed += 1;
        let value = sample(param.shape().dims(), seed);
        param.set(secret(s, &value));
    });
    model
}

const NORM: Check = Check::new(1e-3, 4e-3);

#[test]
fn normalisations() {
    let x = sample(&[4, 3, 2], 1) * 3.0;
    NORM.rounds(16).layer(
        |s| scrambled(s, BatchNorm1d::init(s, 3)),
        &x,
        |at, x| clear::batch_norm(x, &at["weight"], &at["bias"], 1e-5),
    );
    NORM.layer(
        |s| BatchNorm1d::init(s, 3).without_affine().epsilon(0.125),
        &x,
        |_, x| clear::batch_norm(x, &by(&[3], |_| 1.0), &by(&[3], |_| 0.0), 0.125),
    );
    NORM.rounds(16).layer(
        |s| scrambled(s, LayerNorm::init(s, [3, 2])),
        &x,
        |at, x| {
            let flat =
                |x: &Array, shape: &[usize]| x.as_standard_layout().to_owned().into_shape_with_order(shape).unwrap();
            let y = clear::layer_norm(&flat(x, &[4, 6]), &flat(&at["weight"], &[6]), &flat(&at["bias"], &[6]), 1e-5);
            flat(&y, &[4, 3, 2])
        },
    );
    let x = sample(&[2, 4, 3], 2) * 3.0;
    NORM.rounds(16).layer(
        |s| scrambled(s, GroupNorm::init(s, 2, 4)),
        &x,
        |at, x| {
            let rows = x.as_standard_layout().to_owned().into_shape_with_order(vec![2, 2, 6]).unwrap();
            let plain = clear::layer_norm(&rows, &by(&[6], |_| 1.0), &by(&[6], |_| 0.0), 1e-5);
            let y = plain.into_shape_with_order(vec![2, 4, 3]).unwrap();
            y * clear::channels(&at["weight"], 3) + clear::channels(&at["bias"], 3)
        },
    );
    NORM.rounds(15).layer(
        |s| scrambled(s, RmsNorm::init(s, 3)),
        &x,
        |at, x| {
            let mut y = x.clone();
            for mut row in y.lanes_mut(Axis(2)) {
                let mean = row.iter().map(|x| x * x).sum::<f64>() / 3.0;
                row /= (mean + 1e-5).sqrt();
            }
            y * &at["weight"]
        },
    );
}

#[test]
fn batch_norm_predicts_with_what_it_has_seen() {
    let batches = [sample(&[4, 3, 2, 2], 3) * 2.0, sample(&[4, 3, 2, 2], 4) + 1.0];
    for parties in [2, 3] {
        type Seen = (Array, Vec<Array>, Array, u64, u64, Array);
        let run = async |s: Session| -> Result<Seen> {
            let mut norm = scrambled(&s, BatchNorm2d::init(&s, 3).momentum(0.25));
            for batch in &batches {
                s.no_grad(|| norm.forward(&secret(&s, batch)));
            }
            norm.eval();
            let x = secret(&s, &batches[0]);
            let y = s.no_grad(|| norm.forward(&x));
            s.runtime().compute(&[y.handle()]);
            let before = s.traffic().total.rounds;
            let again = s.no_grad(|| norm.forward(&secret(&s, &batches[1])));
            s.runtime().compute(&[again.handle()]);
            let cached = s.traffic().total.rounds - before;
            // With a tape, the cached scale is not good enough: it leads to no parameter.
            let taped = norm.forward(&x).sum().backward().of(&**norm.weight.as_ref().unwrap());
            let gradient = taped.reveal().await?;
            // Another parameter, another scale.
            norm.weight = Some(mpc_nn::Param::new(mpc_nn::init::zeros(&s, 3)));
            let constant = norm.forward(&x).reveal().await?;
            let mut kept = vec![norm.running_mean.get().reveal().await?, norm.running_var.get().reveal().await?];
            kept.push(norm.bias.as_ref().unwrap().reveal().await?);
            kept.push(constant);
            Ok((y.reveal().await?, kept, again.reveal().await?, cached, 0, gradient))
        };
        let (y, kept, _, cached, _, gradient) = agreed(Sim::new(parties).run(run));
        let (mut mean, mut var) = (by(&[3], |_| 0.0), by(&[3], |_| 1.0));
        for batch in &batches {
            for channel in 0..3 {
                let values = batch.index_axis(Axis(1), channel);
                let own = values.mean().unwrap();
                let squares = values.iter().map(|x| (x - own) * (x - own)).sum::<f64>();
                mean[[channel]] += 0.25 * (own - mean[[channel]]);
                var[[channel]] += 0.25 * (squares / 15.0 - var[[channel]]);
            }
        }
        close("running mean", &kept[0], &mean, 1e-4);
        close("running variance", &kept[1], &var, 1e-4);
        let (weight, bias) = (sample(&[3], 41), sample(&[3], 42));
        let plain = (&batches[0] - clear::channels(&mean, 4)) / clear::channels(&var, 4).mapv(|v| (v + 1e-5).sqrt());
        close("prediction", &y, &(&plain * clear::channels(&weight, 4) + clear::channels(&bias, 4)), 1e-3);
        close("gradient", &gradient, &by(&[3], |at| plain.index_axis(Axis(1), at[0]).sum()), 2e-3);
        close("constant", &kept[3], &(plain * 0.0 + clear::channels(&kept[2], 4)), 1e-4);
        assert_eq!(cached, 2, "scale and shift are made once");
    }
}

const STEPS: Check = Check::new(5e-4, 3e-3);

fn outputs(kind: &'static str, layers: usize, both: bool) -> impl Fn(&Named, &Array) -> Array {
    move |at, x| clear::recurrent(kind, at, "", x, layers, both)
}

#[test]
fn recurrent_networks() {
    let (x, one, two) = (sample(&[2, 3, 2], 5), Stack::new(2, 3), Stack::new(2, 2).layers(2));
    // Two rounds for the inputs' part; the first step has no product with a state.
    STEPS.rounds(2 + 3 * 6 - 2).layer(|s| Rnn::init(s, one), &x, outputs("rnn", 1, false));
    STEPS.rounds(2 + 3 * 14 - 2).layer(|s| Gru::init(s, one), &x, outputs("gru", 1, false));
    STEPS.rounds(2 + 3 * 14 - 2).layer(|s| Lstm::init(s, one), &x, outputs("lstm", 1, false));
    // A step of the second layer waits for the first layer's, whose next step runs beside it.
    STEPS.rounds(2 + 4 * 14 - 2).layer(|s| Lstm::init(s, two), &x, outputs("lstm", 2, false));
    STEPS.layer(|s| Gru::init(s, two), &x, outputs("gru", 2, false));
    STEPS.rounds(2 + 3 * 14 - 2).layer(|s| Lstm::init(s, one.bidirectional()), &x, outputs("lstm", 1, true));
    STEPS.layer(|s| Gru::init(s, two.bidirectional()), &x, outputs("gru", 2, true));
}

#[test]
fn recurrent_networks_go_on_where_they_were() {
    let x = sample(&[2, 4, 2], 6);
    let seen = Sim::new(2).run(async |s: Session| {
        let (lstm, x) = (Lstm::init(&s, Stack::new(2, 3).layers(2)), secret(&s, &x));
        let (all, _) = lstm.run(&x, None);
        let (_, state) = lstm.run(&x.slice(1, 0..2), None);
        let (rest, _) = lstm.run(&x.slice(1, 2..4), Some(&state));
        let backwards = Gru::init(&s, Stack::new(2, 3).bidirectional());
        let (both, last) = (backwards.forward(&x), backwards.last(&x));
        let found = all.slice(1, 2..4).reveal().await?;
        let ends = both.slice(1, 3..4).slice(2, 0..3).concat(&both.slice(1, 0..1).slice(2, 3..6), 2).squeeze(1);
        Ok((
            found,
            rest.reveal().await?,
            ends.reveal().await?,
            last.reveal().await?,
            all.index(1, 3).reveal().await?,
            lstm.last(&x).reveal().await?,
        ))
    });
    let (all, rest, ends, last, end, own) = agreed(seen);
    close("second half", &rest, &all, 2e-4);
    close("both ends", &last, &ends, 2e-4);
    close("the end", &own, &end, 2e-4);
}

#[test]
fn attention() {
    let x = sample(&[2, 3, 4], 7);
    let check = Check::new(5e-4, 3e-3);
    check.rounds(4 * 2 + 23).layer(
        |s| scrambled(s, MultiheadAttention::init(s, 4, 2)),
        &x,
        |at, x| clear::attention(at, "", x, x, 2, None),
    );
    let mask = by(&[3, 3], |at| if at[1] > at[0] { -1e9 } else { 0.0 });
    check.run(
        |s| scrambled(s, MultiheadAttention::init(s, 4, 2)),
        |layer, x| {
            let mask = mpc_core::op::Handle::public(
                x.handle().runtime(),
                [3, 3].into(),
                &[0.0, -4096.0, -4096.0, 0.0, 0.0, -4096.0, 0.0, 0.0, 0.0],
            );
            layer.masked(x, &Tensor::<Secret>::from(mask.share()))
        },
        &x,
        |at, x| clear::attention(at, "", x, x, 2, Some(&mask)),
    );
    check.run(
        |s| scrambled(s, MultiheadAttention::init(s, 4, 2)),
        |layer, x| layer.cross::<Secret>(&x.slice(1, 0..2), x, None),
        &x,
        |at, x| clear::attention(at, "", &x.slice_axis(Axis(1), (0..2).into()).to_owned(), x, 2, None),
    );
}

#[test]
fn a_causal_mask_hides_what_comes_later() {
    let x = sample(&[1, 3, 4], 8);
    let mut other = x.clone();
    other.index_axis_mut(Axis(1), 2).mapv_inplace(|x| 1.0 - x);
    let (before, after) = agreed(Sim::new(2).run(async |s: Session| {
        let layer = TransformerEncoderLayer::init(&s, 4, 2, 3);
        let mask = causal_mask(&s, 3);
        let before = layer.masked(&secret(&s, &x), &mask).reveal().await?;
        Ok((before, layer.masked(&secret(&s, &other), &mask).reveal().await?))
    }));
    let first = |y: &Array| y.slice_axis(Axis(1), (0..2).into()).to_owned();
    close("earlier steps", &first(&after), &first(&before), 2e-4);
    let last = |y: &Array| y.index_axis(Axis(1), 2).to_owned();
    assert!((last(&after) - last(&before)).iter().any(|d| d.abs() > 1e-2));
}

#[test]
fn encoder_layers() {
    let x = sample(&[2, 2, 4], 9);
    let check = Check::new(2e-3, 1e-2);
    check.rounds(4 + 63).layer(
        |s| TransformerEncoderLayer::init(s, 4, 2, 3),
        &x,
        |at, x| clear::encoder_layer(at, "", x, 2, false, false),
    );
    check.rounds(4 + 63).layer(
        |s| TransformerEncoderLayer::init(s, 4, 2, 3).norm_first(),
        &x,
        |at, x| clear::encoder_layer(at, "", x, 2, true, false),
    );
    check.layer(
        |s| {
            let layer = TransformerEncoderLayer::init(s, 4, 2, 3).norm_first().relu();
            TransformerEncoder::new([layer]).norm(LayerNorm::init(s, 4))
        },
        &x,
        |at, x| {
            let y = clear::encoder_layer(at, "layers.0", x, 2, true, true);
            clear::layer_norm(&y, &at["norm.weight"], &at["norm.bias"], 1e-5)
        },
    );
}
