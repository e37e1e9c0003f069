//! Models of other frameworks: on floats and on shares, against what ONNX Runtime makes of them.

use mpc_core::{Result, Session, sim::Sim};
use mpc_nn::{
    data::npy,
    onnx::{self, Array, Element, Graph, Value, Weights},
};
use ndarray::ArrayD;
use std::path::PathBuf;

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/onnx_models").join(name)
}

/// A model, inputs, and the outputs of ONNX Runtime by their number.
struct Case {
    graph: Graph,
    weights: Weights,
    inputs: Vec<ArrayD<f64>>,
    outputs: Vec<(usize, ArrayD<f64>)>,
}

fn case(name: &str) -> Case {
    let (graph, weights) =
        onnx::read(file(&format!("{name}.onnx"))).unwrap_or_else(|report| panic!("{name}: {report}"));
    let mut arrays = npy::read_npz(file(&format!("{name}.npz"))).unwrap();
    arrays.sort_by(|a, b| a.0.cmp(&b.0));
    let number = |name: &str, stem: &str| name.strip_prefix(stem).and_then(|rest| rest.parse::<usize>().ok());
    let inputs = arrays.iter().filter(|(name, _)| name.starts_with("in")).map(|(_, x)| x.clone()).collect();
    let outputs = arrays.iter().filter_map(|(name, x)| Some((number(name, "out")?, x.clone()))).collect();
    Case { graph, weights, inputs, outputs }
}

fn largest(a: &ArrayD<f64>, b: &ArrayD<f64>) -> f64 {
    if a.shape() != b.shape() {
        return f64::INFINITY;
    }
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// The outputs on shares of two parties, of inputs that the second has; whole numbers are public if `public_ints`.
fn on_shares(case: &Case, public_ints: bool) -> Vec<ArrayD<f64>> {
    let program = async |s: Session| -> Result<Vec<ArrayD<f64>>> {
        let owner = s.name() == "party0";
        let network = case.graph.network(&s, 0, owner.then_some(&case.weights));
        let mut inputs: Vec<Value> = Vec::new();
        for (input, x) in case.graph.inputs().iter().zip(&case.inputs) {
            if input.element != Element::Float && public_ints {
                inputs.push(Array { element: input.element, values: x.clone() }.into());
                continue;
            }
            let shared = s.public(x.shape(), &x.iter().copied().collect::<Vec<_>>()).share();
            inputs.push(Value::of_element(shared, input.element));
        }
        let mut outputs = Vec::new();
        for output in network.run(&inputs) {
            outputs.push(match output {
                Value::Public(x) => x.values.clone(),
                Value::Secret(x, _) => x.reveal().await?,
                Value::Bits(bits) => bits.number().reveal().await?,
                other => panic!("{other:?}"),
            });
        }
        Ok(outputs)
    };
    let mut results = Sim::new(2).seed(7).run(program);
    results.swap_remove(0).unwrap()
}

/// Floats agree with ONNX Runtime to its own precision, and shares to a tolerance.
fn check_with(name: &str, tolerance: f64, public_ints: bool) {
    let case = case(name);
    let clear = case.graph.clear(&case.weights, &case.inputs).unwrap_or_else(|report| panic!("{name}: {report}"));
    let shares = on_shares(&case, public_ints);
    assert!(!case.outputs.is_empty());
    let mut wrong = Vec::new();
    for (at, expected) in &case.outputs {
        let output = &case.graph.outputs()[*at];
        let (floats, far) = (largest(&clear[*at], expected), largest(&shares[*at], expected));
        if floats > 2e-5 || far > tolerance || floats.is_nan() || far.is_nan() {
            wrong.push(format!("{output}: {floats:.1e} on floats, {far:.1e} on shares"));
        }
    }
    assert!(wrong.is_empty(), "{name}: {wrong:#?}");
}

fn check(name: &str, tolerance: f64) {
    check_with(name, tolerance, true);
}

#[test]
fn perceptrons() {
    check("mlp", 1e-3);
    check("mlp_dynamo", 1e-3);
}

#[test]
fn convolutions() {
    check("lenet", 2e-3);
    check("resnet_block", 2e-3);
    check("resnet_block_dynamo", 2e-3);
    check("mobilenet_block", 2e-3);
}

/// ResNet-18, ViT-B/16 and Wav2Letter as `examples/data/onnx_structures.py` makes them, narrower.
#[test]
fn structures_of_networks() {
    check("resnet18", 5e-3);
    check("vit_b_16", 2e-3);
    check("wav2letter", 2e-3);
}

/// Class and probabilities of all 569 and all 178 rows.
#[test]
fn trees_on_whole_tables() {
    check("forest_breast_cancer", 1e-3);
    check("boosting_wine", 1e-3);
}

#[test]
fn transformers() {
    check("encoder", 2e-3);
    check("encoder_dynamo", 2e-3);
    check("transformer_layer", 2e-3);
}

#[test]
fn secret_tokens() {
    check_with("encoder_dynamo", 2e-3, false);
    check_with("encoder", 2e-3, false);
}

#[test]
fn recurrent_networks() {
    for name in ["rnn", "gru", "lstm", "lstm_bidirectional"] {
        check(name, 2e-3);
    }
}

#[test]
fn linear_models() {
    check("logistic_regression", 5e-3);
    check("logistic_regression_iris", 1e-3);
    check("linear_regression", 1e-3);
}

#[test]
fn trees() {
    for name in ["tree", "forest", "forest_regression", "boosting"] {
        check(name, 1e-3);
    }
}

#[test]
fn support_vectors() {
    check("svm", 1e-2);
    check("svm_regression", 1e-2);
}

/// As tf2onnx writes them, channels last: `examples/data/onnx_keras.py`.
#[test]
fn networks_of_keras() {
    for name in ["cnn", "mobile", "signal", "lstm", "gru", "attention"] {
        check(&format!("keras_{name}"), 1e-3);
    }
}

/// `examples/data/onnx_sklearn.py`.
#[test]
fn more_of_scikit_learn() {
    for name in [
        "mlp",
        "mlp_regression",
        "sgd",
        "ridge",
        "elastic_net",
        "poisson",
        "polynomial",
        "pca",
        "select",
        "columns",
        "svm_three_classes",
        "svm_regression",
        "calibrated",
        "one_against_rest",
        "boosting_regression",
        "boosting_three_classes",
        "extra_trees",
        "bagging",
        "stacking",
        "gaussian_bayes",
        "bernoulli_bayes",
        "multinomial_bayes",
        "discriminant",
        "quadratic_discriminant",
        "k_means",
        "one_hot",
        "missing",
        "power",
    ] {
        check(&format!("sklearn_{name}"), 2e-3);
    }
}

/// Probabilities of two classes. ONNX Runtime, like libsvm, comes to them by an iteration which it ends early, a few
/// thousandths from where it leads.
#[test]
fn probabilities_of_support_vectors() {
    let case = case("sklearn_svm_probabilities");
    let clear = case.graph.clear(&case.weights, &case.inputs).unwrap();
    let shares = on_shares(&case, true);
    let [(0, labels), (1, expected)] = &case.outputs[..] else { panic!("{:?}", case.outputs) };
    assert!(largest(&clear[0], labels) == 0.0 && largest(&shares[0], labels) == 0.0);
    assert!(largest(&clear[1], expected) < 6e-3);
    assert!(largest(&shares[1], &clear[1]) < 1e-3);
}

#[test]
fn every_step_by_itself() {
    for (name, tolerance) in [
        ("functions", 2e-3),
        ("arithmetic", 5e-3),
        ("choices", 1e-3),
        ("reductions", 2e-3),
        ("softmax_old", 1e-3),
        ("shapes", 1e-4),
        ("images", 2e-3),
        ("sequences", 2e-3),
        ("attention", 2e-3),
    ] {
        check(name, tolerance);
    }
}

#[test]
fn whole_secrets() {
    check_with("choices", 1e-3, false);
}
