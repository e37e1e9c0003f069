//! Models that are written in this crate as ONNX files: what they make on shares is what the file makes in the clear, once it
//! is read again. What ONNX Runtime makes of the files is checked by `examples/data/onnx_written.py`.

use mpc_core::{Conv, Party, Pool, Result, Secret, Session, Tensor, sim::Sim};
use mpc_nn::{
    Layer, Linear, Module, Param, Visitor, VisitorMut,
    layers::*,
    onnx::{self, Element, Graph, Input, Weights},
    sequential,
};
use ndarray::ArrayD;
use std::path::PathBuf;

#[derive(Clone, Copy)]
struct Owner;

impl Party for Owner {
    const INDEX: usize = 0;
    const NAME: &'static str = "party0";
}

/// Numbers that look random, between -1 and 1.
fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|at| (at as f64 * 12.9898).sin() * 43758.5453 % 1.0).collect()
}

/// What a model makes of some inputs on shares, and its state, which its owner sees.
fn on_shares<M: Module>(
    inputs: &[ArrayD<f64>],
    build: impl Fn(&Session) -> M + Sync,
    forward: impl Fn(&M, &[Tensor<Secret>]) -> Vec<Tensor<Secret>> + Sync,
) -> (Vec<ArrayD<f64>>, Weights) {
    let program = async |s: Session| -> Result<_> {
        let mut model = build(&s);
        let given = |x: &ArrayD<f64>| s.public(x.shape(), &x.iter().copied().collect::<Vec<_>>()).share();
        let x: Vec<Tensor<Secret>> = inputs.iter().map(given).collect();
        // Statistics of batch normalisations that are not those of a standard normal.
        forward(&model, &x);
        s.flush();
        model.eval();
        let mut seen = Vec::new();
        for y in s.no_grad(|| forward(&model, &x)) {
            seen.push(y.reveal().await?);
        }
        Ok((seen, model.reveal_state_to::<Owner>().await?))
    };
    let (seen, state) = Sim::new(2).seed(11).run(program).swap_remove(0).unwrap();
    (seen, state.unwrap().into())
}

fn largest(a: &[ArrayD<f64>], b: &[ArrayD<f64>]) -> f64 {
    assert_eq!(a.len(), b.len());
    let pairs = a.iter().zip(b).inspect(|(a, b)| assert_eq!(a.shape(), b.shape()));
    pairs.flat_map(|(a, b)| a.iter().zip(b).map(|(a, b)| (a - b).abs()).collect::<Vec<_>>()).fold(0.0, f64::max)
}

/// Where files for ONNX Runtime go, if somebody wants them: `ONNX_WRITTEN=folder`.
fn kept(name: &str, bytes: &[u8], inputs: &[ArrayD<f64>], outputs: &[ArrayD<f64>]) {
    if let Some(folder) = std::env::var_os("ONNX_WRITTEN").map(PathBuf::from) {
        std::fs::write(folder.join(format!("{name}.onnx")), bytes).unwrap();
        let file = std::fs::File::create(folder.join(format!("{name}.npz"))).unwrap();
        let mut arrays = ndarray_npy::NpzWriter::new(file);
        for (stem, all) in [("in", inputs), ("out", outputs)] {
            all.iter().enumerate().for_each(|(at, x)| arrays.add_array(format!("{stem}{at}"), x).unwrap());
        }
        arrays.finish().unwrap();
    }
}

/// Traces a model, writes and reads it, and compares shares, the graph and the file.
fn check_with<M: Module>(
    name: &str,
    tolerance: f64,
    given: &[Input],
    inputs: &[ArrayD<f64>],
    build: impl Fn(&Session) -> M + Sync,
    forward: impl Fn(&M, &[Tensor<Secret>]) -> Vec<Tensor<Secret>> + Sync,
) -> Graph {
    let graph = onnx::trace(given, &build, &forward).unwrap_or_else(|report| panic!("{name}: {report}"));
    let (shares, weights) = on_shares(inputs, build, forward);
    let clear = graph.clear(&weights, inputs).unwrap_or_else(|report| panic!("{name}: {report}"));
    let far = largest(&clear, &shares);
    assert!(far < tolerance, "{name}: shares and graph differ by {far:.1e}");
    let bytes = graph.to_onnx(&weights).unwrap_or_else(|report| panic!("{name}: {report}"));
    kept(name, &bytes, inputs, &clear);
    let (again, same) = onnx::read_bytes(&bytes).unwrap_or_else(|report| panic!("{name}: {report}"));
    let read = again.clear(&same, inputs).unwrap_or_else(|report| panic!("{name}: {report}"));
    let far = largest(&read, &clear);
    assert!(far < 2e-5, "{name}: graph and file differ by {far:.1e}");
    again
}

fn check<L: Layer>(name: &str, tolerance: f64, shape: &[usize], build: impl Fn(&Session) -> L + Sync) -> Graph {
    let x = ArrayD::from_shape_vec(shape, numbers(shape.iter().product())).unwrap();
    let given = [Input::floats("input", &shape[1..])];
    check_with(name, tolerance, &given, &[x], build, |layer, x| vec![layer.forward(&x[0])])
}

fn operators(graph: &Graph) -> Vec<&str> {
    graph.nodes().iter().map(|node| &node.operator[..]).collect()
}

#[test]
fn a_perceptron() {
    let graph = check("own_mlp", 1e-3, &[4, 6], |s| {
        sequential![Linear::init(s, 6, 8), Relu, Linear::init(s, 8, 5), Tanh, Linear::init(s, 5, 3), Softmax(1)]
    });
    assert_eq!(operators(&graph), ["Gemm", "Relu", "Gemm", "Tanh", "Gemm", "Softmax"]);
    let names: Vec<&str> = graph.weights().map(|(name, _)| name).collect();
    assert!(names.contains(&"0.weight") && names.contains(&"4.bias"), "{names:?}");
}

fn lenet(s: &Session) -> Sequential {
    sequential![
        Conv2d::init(s, 1, 3, [5, 5], Conv::default().padding(2)),
        Relu,
        MaxPool2d(Pool::new(2)),
        Conv2d::init(s, 3, 4, [3, 3], Conv::default()),
        Relu,
        AvgPool2d(Pool::new(2)),
        Flatten,
        Linear::init(s, 16, 6),
        Sigmoid,
        Dropout::new(0.5),
        Linear::init(s, 6, 3),
    ]
}

#[test]
fn a_convolutional_network() {
    let graph = check("own_lenet", 1e-3, &[2, 1, 12, 12], lenet);
    let expected = ["Conv", "Relu", "MaxPool", "Conv", "Relu", "AveragePool", "Reshape", "Gemm", "Sigmoid", "Gemm"];
    assert_eq!(operators(&graph), expected);
}

/// The batch is open: what was written is read for one image and for five.
#[test]
fn the_batch_is_open() {
    let graph = onnx::trace_layer(&[1, 12, 12], lenet).unwrap();
    let (_, weights) = on_shares(&[ArrayD::zeros(vec![1, 1, 12, 12])], lenet, |net, x| vec![net.forward(&x[0])]);
    for batch in [1, 5] {
        let made = graph.clear(&weights, &[ArrayD::zeros(vec![batch, 1, 12, 12])]).unwrap();
        assert_eq!(made[0].shape(), [batch, 3]);
    }
}

#[test]
fn a_residual_network() {
    let block = |s: &Session, inputs: usize, outputs: usize, stride: usize| {
        let conv = |kernel: usize, from: usize, stride: usize| {
            let options = Conv::default().stride(stride).padding(kernel / 2);
            Conv2d::init(s, from, outputs, [kernel; 2], options).without_bias()
        };
        let body = sequential![
            conv(3, inputs, stride),
            BatchNorm::init(s, outputs),
            Relu,
            conv(3, outputs, 1),
            BatchNorm::init(s, outputs)
        ];
        Residual::new(body).with_shortcut(sequential![conv(1, inputs, stride), BatchNorm::init(s, outputs)])
    };
    let graph = check("own_resnet", 5e-3, &[3, 2, 8, 8], |s| {
        sequential![
            Conv2d::init(s, 2, 3, [3, 3], Conv::default().padding(1)),
            BatchNorm::init(s, 3),
            LeakyRelu(0.1),
            block(s, 3, 4, 2),
            Relu,
            GlobalAvgPool,
            Flatten,
            Linear::init(s, 4, 3)
        ]
    });
    // All normalisations went into the convolutions before them.
    assert!(!operators(&graph).iter().any(|name| name.contains("Norm") || *name == "Affine"), "{graph:?}");
}

#[test]
fn a_transformer() {
    let graph = check("own_transformer", 5e-3, &[2, 5, 8], |s| {
        let layer = || TransformerEncoderLayer::init(s, 8, 2, 16);
        TransformerEncoder::new([layer(), layer().norm_first()]).norm(LayerNorm::init(s, 8))
    });
    let count = |wanted: &str| operators(&graph).iter().filter(|name| **name == wanted).count();
    assert_eq!((count("LayerNormalization"), count("Softmax"), count("Gelu")), (5, 2, 2));
}

#[test]
fn recurrent_networks() {
    check("own_lstm", 5e-3, &[2, 4, 3], |s| sequential![Lstm::init(s, Stack::new(3, 4)), last()]);
    check("own_gru", 5e-3, &[2, 4, 3], |s| sequential![Gru::init(s, Stack::new(3, 4)), last()]);
}

/// The last step of `[n, steps, width]`.
fn last() -> Map {
    Map::new("last", |x| x.index(1, x.shape().dims()[1] - 1))
}

/// A model of one's own: tokens, a table, a mask, and two outputs.
struct Reader {
    words: Embedding,
    places: Param,
    head: Linear,
}

impl Module for Reader {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        self.words.visit(&mut visitor.enter("words"));
        self.places.visit(&mut visitor.enter("places"));
        self.head.visit(&mut visitor.enter("head"));
    }

    fn visit_mut(&mut self, visitor: &mut VisitorMut<'_>) {
        self.words.visit_mut(&mut visitor.enter("words"));
        self.places.visit_mut(&mut visitor.enter("places"));
        self.head.visit_mut(&mut visitor.enter("head"));
    }
}

impl Reader {
    fn forward(&self, ids: &Tensor<Secret>, x: &Tensor<Secret>) -> Vec<Tensor<Secret>> {
        let y = self.words.forward(ids) + &*self.places;
        let y = y.mean_axes(&[1]) * 2.0 - x.abs();
        let y = self.head.forward(&y.select_positive());
        vec![y.argmax(1), y.log_softmax(1)]
    }
}

trait SelectPositive {
    fn select_positive(&self) -> Self;
}

impl SelectPositive for Tensor<Secret> {
    /// Twice what is positive, half of the rest.
    fn select_positive(&self) -> Self {
        self.gt(0.0).select(&(self * 2.0), &(self * 0.5))
    }
}

#[test]
fn a_model_of_tokens() {
    let ids = ArrayD::from_shape_vec(vec![2, 3], vec![0.0, 4.0, 2.0, 1.0, 1.0, 3.0]).unwrap();
    let x = ArrayD::from_shape_vec(vec![2, 4], numbers(8)).unwrap();
    let given = [Input::whole("ids", &[3]), Input::floats("x", &[4])];
    assert_eq!((given[0].element, given[1].element), (Element::Int, Element::Float));
    let build = |s: &Session| Reader {
        words: Embedding::init(s, 5, 4),
        places: Param::new(s.random_normal([3, 4])),
        head: Linear::init(s, 4, 3),
    };
    let graph = check_with("own_reader", 2e-3, &given, &[ids, x], build, |model, x| model.forward(&x[0], &x[1]));
    assert_eq!(graph.outputs(), ["output0", "output1"]);
}

type Function = fn(&Tensor<Secret>) -> Tensor<Secret>;

#[test]
fn functions() {
    let of = |f: Function| move |_: &Session| Map::new("f", f);
    let all: [(&str, Function); 16] = [
        ("silu", |x| x.silu()),
        ("elu", |x| x.elu(0.5) + x.selu()),
        ("clamp", |x| x.clamp(-0.5, 0.25) + x.relu6()),
        ("roots", |x| x.square().over_sqrt(&(x.abs() + 1.0))),
        ("powers", |x| (x.abs() + 0.5).rsqrt() + (x * 0.5).exp() + x.powi(3)),
        ("max", |x| x.max(1).maximum(&x.sum_axes(&[1]))),
        ("order", |x| x.permute(&[1, 0]).slice(0, 1..3).flip(0).permute(&[1, 0]).pad(&[(0, 0), (1, 2)], 0.5)),
        ("sums", |x| x.cumsum(1) - x.mean_axes(&[1]).unsqueeze(1)),
        ("bits", |x| (x.gt(0.0) & x.lt(0.5)).number() + x.not_equal(0.0).number()),
        ("parts", |x| x.index_select(1, &[2, 0]).concat(&x.tile(&[1, 2]), 1)),
        ("division", |x| x / &(x.square() + 1.0)),
        ("rows", |x| x.unsqueeze(1).matmul(&x.unsqueeze(2)).flatten(1)),
        ("broadcast", |x| x.unsqueeze(2) * x.unsqueeze(1)),
        ("sort", |x| x.sort(1, false) + x.median(1).unsqueeze(1) + x.sum_axes(&[0])),
        ("custom", |x| Tensor::custom_vjp("twice", [x], |[x]| x * 2.0, |grad, _, _| [grad.clone()])),
        ("expand", |x| x.unsqueeze(1).expand([x.shape().dims()[0], 2, x.shape().dims()[1]])),
    ];
    for (name, f) in all {
        check(&format!("own_{name}"), 2e-3, &[3, 4], of(f));
    }
}

/// All steps that ONNX lacks are told at once, with the line that recorded them.
#[test]
fn what_has_no_form_is_told() {
    let windows = |_: &Session| {
        Map::new("windows", |x| x.unfold(1, 2, 1).sum_axes(&[1, 2]) + x.unfold(1, 3, 1).sum_axes(&[1, 2]))
    };
    let report = onnx::trace_layer(&[4], windows).unwrap_err();
    assert_eq!(report.len(), 2, "{report}");
    let text = report.to_string();
    assert!(text.contains("onnx_trace.rs"), "{text}");

    // The number of samples as a number.
    let count = |_: &Session| Map::new("count", |x: &Tensor<Secret>| x * x.shape().dims()[0] as f64);
    let text = onnx::trace_layer(&[4], count).unwrap_err().to_string();
    assert!(text.contains("size of the open axis"), "{text}");

    // Its own mistake.
    let text = onnx::trace_layer(&[5], |s| Linear::init(s, 4, 3)).unwrap_err().to_string();
    assert!(text.contains("matmul"), "{text}");
}

/// Weights that the model does not read are none of the graph.
#[test]
fn only_what_is_read_is_there() {
    let graph = onnx::trace(
        &[Input::floats("x", &[4])],
        |s| vec![Linear::init(s, 4, 2), Linear::init(s, 4, 3)],
        |both, x| vec![both[1].forward(&x[0])],
    );
    let graph = graph.unwrap();
    let names: Vec<&str> = graph.weights().map(|(name, _)| name).collect();
    assert_eq!(names, ["1.weight", "1.bias"]);
}
