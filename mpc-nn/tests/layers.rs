//! Layers agree with the same in f64, and their gradients with finite differences; with two and three parties.

mod layers_common;

use layers_common::{
    Array, Check, Named,
    clear::{self, by, of},
    sample,
};
use mpc_core::{Conv, Pool, Public};
use mpc_nn::{Layer, Linear, Module, Param, layers::*, sequential};
use ndarray::{Axis, IxDyn};

const PRODUCT: Check = Check::new(1e-4, 2e-4).rounds(2);

fn lifted(x: &Array) -> Array {
    x.clone().insert_axis(Axis(2))
}

fn flat(at: &[usize], dims: &[usize]) -> usize {
    at.iter().zip(dims).fold(0, |sum, (at, size)| sum * size + at)
}

#[test]
fn linear() {
    let clear = |at: &Named, x: &Array| clear::linear(x, &at["weight"], at.get("bias"));
    PRODUCT.layer(|s| Linear::init(s, 3, 4), &sample(&[2, 3], 1), clear);
    PRODUCT.layer(|s| Linear::init(s, 3, 4).without_bias(), &sample(&[2, 2, 3], 2), clear);
}

#[test]
fn convolutions() {
    let options = Conv::default().stride(2).padding(1).groups(2);
    PRODUCT.layer(
        |s| Conv2d::init(s, 4, 6, [3, 2], options),
        &sample(&[2, 4, 5, 4], 3),
        |at, x| clear::conv2d(x, &at["weight"], at.get("bias"), 2, 1, 2),
    );
    PRODUCT.layer(
        |s| Conv1d::init(s, 2, 3, 3, Conv::default().stride(2)),
        &sample(&[2, 2, 7], 4),
        |at, x| {
            let y = clear::conv2d(
                &by(&[2, 2, 7, 1], |i| x[[i[0], i[1], i[2]]]),
                &at["weight"].clone().insert_axis(Axis(3)),
                at.get("bias"),
                2,
                0,
                1,
            );
            y.index_axis(Axis(3), 0).to_owned()
        },
    );
    PRODUCT.layer(
        |s| ConvTranspose2d::init(s, 2, 3, [3, 2], Conv::default().stride(2).padding(1)),
        &sample(&[2, 2, 3, 3], 5),
        |at, x| clear::conv_transpose2d(x, &at["weight"], &at["bias"], 2, 1),
    );
}

#[test]
fn pools() {
    let x = sample(&[2, 2, 4, 6], 6);
    let windows = |x: &Array, k: usize, l: usize, f: fn(f64, f64) -> f64, start: f64| {
        let &[n, c, h, w] = x.shape() else { panic!() };
        by(&[n, c, h / k, w / l], |at| {
            (0..k * l).map(|e| x[[at[0], at[1], at[2] * k + e / l, at[3] * l + e % l]]).fold(start, f)
        })
    };
    let (exact, mean) = (Check::new(1e-9, 1e-4), Check::new(1e-4, 1e-4).rounds(1));
    let max = |x: &Array, k, l| windows(x, k, l, f64::max, f64::MIN);
    let average = |x: &Array, k, l| windows(x, k, l, |a, b| a + b, 0.0) / (k * l) as f64;
    exact.layer(|_| MaxPool2d(Pool::new(2)), &x, |_, x| max(x, 2, 2));
    mean.layer(|_| AvgPool2d(Pool::new(2)), &x, |_, x| average(x, 2, 2));
    mean.layer(|_| AdaptiveAvgPool2d([2, 3]), &x, |_, x| average(x, 2, 2));
    mean.layer(|_| GlobalAvgPool, &x, |_, x| average(x, 4, 6));
    exact.layer(|_| GlobalMaxPool, &x, |_, x| max(x, 4, 6));
    exact.layer(|_| AdaptiveMaxPool2d([2, 3]), &x, |_, x| max(x, 2, 2));
    // A last window of one column, and means over what is inside only.
    let narrow = |x: &Array, f: fn(f64, f64) -> f64| {
        by(&[2, 2, 2, 2], |at| {
            let columns = [0..4, 4..6][at[3]].clone();
            let rows = 2 * at[2]..2 * at[2] + 2;
            rows.flat_map(|row| columns.clone().map(move |column| (row, column)))
                .map(|(row, column)| x[[at[0], at[1], row, column]])
                .reduce(f)
                .unwrap()
        })
    };
    let wide = Pool { kernel: [2, 4], stride: [2, 4], ..Pool::new(2) }.partial();
    exact.layer(|_| MaxPool2d(wide), &x, |_, x| narrow(x, f64::max));
    let counted = |x: &Array| by(&[2, 2, 2, 2], |at| narrow(x, |a, b| a + b)[at] / [8.0, 4.0][at[3]]);
    mean.layer(|_| AvgPool2d(wide.without_padding()), &x, |_, x| counted(x));
    let x = sample(&[2, 2, 6], 7);
    let signal = |y: Array| y.index_axis(Axis(2), 0).to_owned();
    exact.layer(|_| AdaptiveMaxPool1d(2), &x, |_, x| signal(max(&lifted(x), 1, 3)));
    exact.layer(|_| MaxPool1d(Pool::new(3)), &x, |_, x| signal(max(&lifted(x), 1, 3)));
    mean.layer(|_| AvgPool1d(Pool::new(3)), &x, |_, x| signal(average(&lifted(x), 1, 3)));
    mean.layer(|_| AdaptiveAvgPool1d(2), &x, |_, x| signal(average(&lifted(x), 1, 3)));
}

#[test]
fn activations() {
    let x = sample(&[3, 4], 8) * 3.0;
    fn check<L: Layer + Copy + Sync>(x: &Array, layer: L, clear: impl Fn(f64) -> f64) {
        Check::new(1e-4, 5e-4).layer(|_| layer, x, |_, x| x.mapv(&clear));
    }
    check(&x, Relu, |x| x.max(0.0));
    check(&x, Relu6, |x| x.clamp(0.0, 6.0));
    check(&x, LeakyRelu(0.25), |x| if x < 0.0 { 0.25 * x } else { x });
    check(&x, Elu(1.0), |x| if x < 0.0 { x.exp_m1() } else { x });
    check(&x, Selu, |x| 1.0507009873554805 * if x < 0.0 { 1.6732632423543772 * x.exp_m1() } else { x });
    check(&x, Hardtanh, |x| x.clamp(-1.0, 1.0));
    check(&x, Gelu, clear::gelu);
    check(&x, GeluTanh, |x| {
        0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x)).tanh())
    });
    check(&x, Silu, |x| x * clear::sigmoid(x));
    check(&x, Sigmoid, clear::sigmoid);
    check(&x, Tanh, f64::tanh);
    check(&x, Softplus, |x| x.exp().ln_1p());
    Check::new(1e-4, 2e-4).rounds(4 * 2 + 14).layer(|_| Softmax(1), &x, |_, x| clear::softmax(x));
    Check::new(2e-4, 2e-4).rounds(4 * 2 + 10).layer(|_| LogSoftmax(1), &x, |_, x| clear::log_softmax(x));
}

#[test]
fn rounds_of_layers_without_parameters() {
    type Build = fn() -> Box<dyn Layer>;
    let layers: [(Build, u64); 16] = [
        (|| Box::new(Relu), 4),
        (|| Box::new(Elu(1.0)), 8),
        (|| Box::new(Selu), 10),
        (|| Box::new(Hardtanh), 4),
        (|| Box::new(Dropout::new(0.5)), 1),
        (|| Box::new(Dropout::new(0.25)), 2),
        (|| Box::new(MaxPool1d(Pool::new(2))), 4),
        (|| Box::new(MaxPool2d(Pool::new(2))), 8),
        (|| Box::new(MaxPool2d(Pool::new(3).stride(2).padding(1))), 16),
        (|| Box::new(AdaptiveMaxPool2d([1, 1])), 16),
        (|| Box::new(Gelu), 4),
        (|| Box::new(GeluTanh), 4),
        (|| Box::new(Silu), 4),
        (|| Box::new(Sigmoid), 4),
        (|| Box::new(Tanh), 4),
        (|| Box::new(Softplus), 4),
    ];
    let mut wrong = Vec::new();
    for (layer, rounds) in layers {
        let found = mpc_core::sim::Sim::new(2).explain(async |s| {
            let y = layer().forward(&layers_common::secret(&s, &sample(&[2, 4, 4], 1)));
            s.runtime().compute(&[y.handle()]);
            Ok(())
        });
        let found = found.unwrap().total.rounds;
        if found != rounds {
            wrong.push((format!("{:?}", layer()), found, rounds));
        }
    }
    assert!(wrong.is_empty(), "layer, rounds found, rounds documented: {wrong:?}");
}

#[test]
fn embeddings() {
    // The gradient of an index is none, so x is a table that the index is added to as zero.
    let zero = Array::zeros(IxDyn(&[1, 2]));
    let rows = |table: &Array, indices: &[usize]| table.select(Axis(0), indices);
    let index = |x: &mpc_core::Tensor<mpc_core::Secret>, of: &[f64], shape: &[usize]| {
        let s = x.handle().runtime().clone();
        let public = mpc_core::Tensor::<Public>::from(mpc_core::op::Handle::public(&s, shape.into(), of));
        public.share()
    };
    Check::new(1e-9, 1e-9).rounds(5).run(
        |s| Embedding::init(s, 20, 2),
        |table, x| table.forward(&index(x, &[3.0, 0.0, 19.0, 3.0], &[2, 2])) + x,
        &zero,
        |at, x| rows(&at["weight"], &[3, 0, 19, 3]).into_shape_with_order(IxDyn(&[2, 2, 2])).unwrap() + x,
    );
    Check::new(1e-9, 1e-9).rounds(0).run(
        |s| Embedding::init(s, 20, 2),
        |table, x| table.of_public(&[3, 0, 19, 3], [2, 2]) + x,
        &zero,
        |at, x| rows(&at["weight"], &[3, 0, 19, 3]).into_shape_with_order(IxDyn(&[2, 2, 2])).unwrap() + x,
    );
    let one_hot = by(&[2, 3], |at| f64::from(u8::from(at[1] == 2 * at[0])));
    Check::new(1e-9, 1e-4).rounds(2).run(
        |s| Embedding::init(s, 3, 2),
        |table, x| table.of_one_hot(x),
        &one_hot,
        |at, x| clear::linear(x, &at["weight"].t().to_owned().as_standard_layout().to_owned(), None),
    );
    let bags = |table: &Array| by(&[2, 2], |at| (0..2).map(|e| table[[[[3, 3], [1, 4]][at[0]][e], at[1]]]).sum());
    for (bag, factor, tolerance) in [(Bag::Sum, 1.0, 1e-9), (Bag::Mean, 0.5, 2e-5)] {
        let (check, mean) = (Check::new(tolerance, tolerance), u64::from(bag == Bag::Mean));
        check.rounds(4 + mean).run(
            |s| EmbeddingBag::init(s, 5, 2, bag),
            |table, x| table.forward(&index(x, &[3.0, 3.0, 1.0, 4.0], &[2, 2])) + x,
            &zero,
            |at, x| bags(&at["weight"]) * factor + x,
        );
        check.rounds(mean).run(
            |s| EmbeddingBag::init(s, 5, 2, bag),
            |table, x| table.of_public(&[3, 3, 1, 4], 2) + x,
            &zero,
            |at, x| bags(&at["weight"]) * factor + x,
        );
    }
}

#[test]
fn one_after_the_other_and_around() {
    let x = sample(&[2, 3], 9);
    Check::new(1e-4, 3e-4).rounds(2 + 3 + 2).layer(
        |s| sequential![Linear::init(s, 3, 4), Relu, Map::new("twice", |x| x * 2.0), Linear::init(s, 4, 2)],
        &x,
        |at, x| {
            let y = clear::linear(x, of(at, "0", "weight"), Some(of(at, "0", "bias"))).mapv(|x| 2.0 * x.max(0.0));
            clear::linear(&y, of(at, "3", "weight"), Some(of(at, "3", "bias")))
        },
    );
    Check::new(1e-4, 3e-4).rounds(2).layer(
        |s| Residual::new(Linear::init(s, 3, 3)),
        &x,
        |at, x| clear::linear(x, &at["body.weight"], Some(&at["body.bias"])) + x,
    );
    Check::new(1e-4, 3e-4).rounds(2).layer(
        |s| Residual::new(Linear::init(s, 3, 2)).with_shortcut(Linear::init(s, 3, 2).without_bias()),
        &x,
        |at, x| {
            clear::linear(x, &at["body.weight"], Some(&at["body.bias"]))
                + clear::linear(x, &at["shortcut.weight"], None)
        },
    );
    let x = sample(&[2, 2, 3], 10);
    Check::new(1e-9, 1e-9).rounds(0).layer(
        |_| Flatten,
        &x,
        |_, x| by(&[2, 6], |at| x.as_slice().unwrap()[flat(at, &[2, 6])]),
    );
}

#[test]
fn dropout_is_for_training() {
    let seen = mpc_core::sim::Sim::new(2).run(async |s| {
        let x = s.public([2000], &[1.0; 2000]).share();
        let mut model = sequential![Dropout::new(0.25)];
        let trained = model.forward(&x).reveal().await?;
        model.eval();
        let predicted = model.forward(&x).reveal().await?;
        model.train();
        let again = model.forward(&x).reveal().await?;
        Ok((trained, predicted, again))
    });
    let (trained, predicted, again) = layers_common::agreed(seen);
    for x in [&trained, &again] {
        let dropped = x.iter().filter(|x| **x == 0.0).count();
        assert!((400..600).contains(&dropped), "{dropped} of 2000");
        assert!(x.iter().all(|&x| x == 0.0 || (x - 4.0 / 3.0).abs() < 1e-4));
    }
    assert_ne!(trained, again);
    assert!(predicted.iter().all(|&x| x == 1.0));
}

#[test]
fn mistakes_are_errors_where_they_are_made() {
    let seen = mpc_core::sim::Sim::new(2).run(async |s| {
        let x = s.public([2, 3], &[0.5; 6]).share();
        let said = |y: mpc_core::Tensor<mpc_core::Secret>| y.handle().error().expect("a mistake").to_string();
        Ok(vec![
            said(Linear::init(&s, 4, 2).forward(&x)),
            said(BatchNorm1d::init(&s, 4).forward(&x)),
            said(BatchNorm1d::init(&s, 3).forward(&x.rows(0..1))),
            said(LayerNorm::init(&s, 4).forward(&x)),
            said(RmsNorm::init(&s, 4).forward(&x)),
            said(GroupNorm::init(&s, 2, 3).forward(&x)),
            said(Lstm::init(&s, Stack::new(3, 2)).forward(&x)),
            said(MultiheadAttention::init(&s, 3, 2).forward(&x.reshape([1, 2, 3]))),
        ])
    });
    let said = layers_common::agreed(seen);
    for (said, part) in
        said.iter().zip(["[2, 3]", "[n, 4, ..]", "`eval`", "[4]", "[4]", "2 equal groups", "steps", "divides 3"])
    {
        assert!(said.contains(part) && said.contains("layers.rs"), "{said}");
    }
}

#[test]
fn parameters_have_the_names_of_pytorch() {
    let seen = mpc_core::sim::Sim::new(2).run(async |s| {
        let names = |model: &dyn Module| model.parameters().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        let lstm = Lstm::init(&s, Stack::new(3, 2).bidirectional());
        let norm = BatchNorm2d::init(&s, 2);
        let encoder = TransformerEncoder::new([TransformerEncoderLayer::init(&s, 4, 2, 3)]);
        let kept: Vec<_> = norm.buffers().into_iter().map(|(name, _)| name).collect();
        let replaced = Linear { weight: Param::new(mpc_nn::init::zeros(&s, [2, 2])), bias: None };
        Ok((names(&lstm), names(&norm), kept, names(&encoder), names(&replaced)))
    });
    let (lstm, norm, kept, encoder, replaced) = layers_common::agreed(seen);
    assert_eq!(lstm[..5], ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l0_reverse"]);
    assert_eq!((norm, kept), (vec!["weight".into(), "bias".into()], vec!["running_mean".into(), "running_var".into()]));
    assert_eq!(
        encoder[..3],
        ["layers.0.self_attn.in_proj_weight", "layers.0.self_attn.in_proj_bias", "layers.0.self_attn.out_proj.weight"]
    );
    assert_eq!(encoder[4..6], ["layers.0.linear1.weight", "layers.0.linear1.bias"]);
    assert_eq!(replaced, ["weight"]);
}

/// Forward opens x and the weight and rescales y; backward opens the gradient of y alone, and rescales the two it makes.
#[test]
fn backward_opens_neither_input_nor_weight_again() {
    fn check(
        x: [usize; 4],
        outputs: [usize; 4],
        weights: u64,
        layer: impl Fn(&mpc_core::Session) -> Box<dyn Layer> + Sync,
    ) {
        let fits = |dims: &[usize; 4]| if dims[3] == 0 { dims[..2].to_vec() } else { dims.to_vec() };
        let (x, outputs) = (fits(&x), fits(&outputs));
        let [nx, ny] = [&x, &outputs].map(|dims| dims.iter().product::<usize>() as u64);
        let seen = mpc_core::sim::Sim::new(2).run(async |s| {
            let layer = layer(&s);
            let x = layers_common::secret(&s, &sample(&x, 1)).requires_grad();
            let slope = layers_common::secret(&s, &sample(&outputs, 2));
            let params = layer.parameters();
            let weight = params[0].1.clone();
            let ready: Vec<_> =
                params.iter().map(|(_, param)| param.handle()).chain([x.handle(), slope.handle()]).collect();
            s.runtime().compute(&ready);
            let start = s.traffic().total;
            let y = layer.forward(&x);
            s.runtime().compute(&[y.handle()]);
            let forward = s.traffic().total;
            let gradients = (&y * &slope).sum().backward();
            let slopes = [gradients.of(&x), gradients.of(&*weight)];
            s.runtime().compute(&[slopes[0].handle(), slopes[1].handle()]);
            let backward = s.traffic().total;
            Ok((forward.sent - start.sent, backward.sent - forward.sent, backward.rounds - forward.rounds))
        });
        let expected = (8 * (nx + weights) + ny / 8, 8 * ny + (nx + weights) / 8, 2);
        assert_eq!(layers_common::agreed(seen), expected);
    }
    check([64, 16, 0, 0], [64, 8, 0, 0], 8 * 16, |s| Box::new(Linear::init(s, 16, 8)));
    let strides = Conv::default().stride(4);
    check([8, 2, 8, 8], [8, 4, 2, 2], 4 * 2 * 16, move |s| Box::new(Conv2d::init(s, 2, 4, [4, 4], strides)));
}
