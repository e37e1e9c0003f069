//! Models written as ONNX files and read again: the same function, whatever version they came in. What ONNX Runtime makes of
//! such files is checked by `examples/data/onnx_written.py`.

use mpc_core::{Party, Result, Session, sim::Sim};
use mpc_nn::{
    Module,
    data::npy,
    onnx::{self, Graph, Weights},
    optim::Sgd,
};
use ndarray::ArrayD;
use std::path::PathBuf;

#[derive(Clone, Copy)]
struct Owner;

impl Party for Owner {
    const INDEX: usize = 0;
    const NAME: &'static str = "party0";
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/onnx_models").join(name)
}

fn inputs(name: &str) -> Vec<ArrayD<f64>> {
    let mut arrays = npy::read_npz(file(&format!("{name}.npz"))).unwrap();
    arrays.sort_by(|a, b| a.0.cmp(&b.0));
    arrays.into_iter().filter(|(name, _)| name.starts_with("in")).map(|(_, x)| x).collect()
}

/// Where files for ONNX Runtime go, if somebody wants them: `ONNX_WRITTEN=folder`.
fn kept(name: &str, bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("ONNX_WRITTEN") {
        let folder = PathBuf::from(folder);
        std::fs::write(folder.join(format!("{name}.onnx")), bytes).unwrap();
        let _ = std::fs::copy(file(&format!("{name}.npz")), folder.join(format!("{name}.npz")));
    }
}

fn largest(a: &[ArrayD<f64>], b: &[ArrayD<f64>]) -> f64 {
    assert_eq!(a.len(), b.len());
    let pairs = a.iter().zip(b).inspect(|(a, b)| assert_eq!(a.shape(), b.shape()));
    // An infinity is itself.
    let far = |(a, b): (&f64, &f64)| if a == b { 0.0 } else { (a - b).abs() };
    pairs.flat_map(|(a, b)| a.iter().zip(b).map(far).collect::<Vec<_>>()).fold(0.0, f64::max)
}

/// Writes a model, reads it again, and compares what both make.
fn round_trip(name: &str) -> (Graph, Weights) {
    let (graph, weights) = onnx::read(file(&format!("{name}.onnx"))).unwrap();
    let bytes = graph.to_onnx(&weights).unwrap_or_else(|report| panic!("{name}: {report}"));
    kept(name, &bytes);
    let (again, same) = onnx::read_bytes(&bytes).unwrap_or_else(|report| panic!("{name}: {report}"));
    let inputs = inputs(name);
    let (before, after) = (graph.clear(&weights, &inputs).unwrap(), again.clear(&same, &inputs).unwrap());
    let far = largest(&before, &after);
    // What steps take out of nodes was folded in 64-bit floats, and is written in 32 bits.
    assert!(far < 2e-5, "{name}: {far:.1e}");
    assert_eq!(graph.inputs(), again.inputs(), "{name}");
    (again, same)
}

#[test]
fn networks_are_read_as_they_were_written() {
    for name in [
        "mlp",
        "mlp_dynamo",
        "lenet",
        "resnet_block",
        "resnet_block_dynamo",
        "mobilenet_block",
        "encoder",
        "encoder_dynamo",
        "transformer_layer",
        "resnet18",
        "vit_b_16",
        "wav2letter",
        "rnn",
        "gru",
        "lstm",
        "lstm_bidirectional",
        "keras_cnn",
        "keras_mobile",
        "keras_signal",
        "keras_lstm",
        "keras_gru",
        "keras_attention",
    ] {
        round_trip(name);
    }
}

#[test]
fn models_of_scikit_learn_are_read_as_they_were_written() {
    for name in [
        "logistic_regression",
        "logistic_regression_iris",
        "linear_regression",
        "tree",
        "forest",
        "forest_regression",
        "boosting",
        "forest_breast_cancer",
        "boosting_wine",
        "svm",
        "svm_regression",
        "sklearn_mlp",
        "sklearn_sgd",
        "sklearn_polynomial",
        "sklearn_columns",
        "sklearn_svm_three_classes",
        "sklearn_calibrated",
        "sklearn_one_against_rest",
        "sklearn_bagging",
        "sklearn_stacking",
        "sklearn_gaussian_bayes",
        "sklearn_quadratic_discriminant",
        "sklearn_k_means",
        "sklearn_one_hot",
        "sklearn_missing",
        "sklearn_power",
    ] {
        round_trip(name);
    }
}

#[test]
fn every_step_is_read_as_it_was_written() {
    for name in [
        "functions",
        "arithmetic",
        "choices",
        "reductions",
        "softmax_old",
        "shapes",
        "images",
        "sequences",
        "attention",
    ] {
        round_trip(name);
    }
}

/// Steps that were joined are written one by one, and joined again.
#[test]
fn what_was_joined_is_joined_again() {
    for name in ["encoder", "mobilenet_block", "images", "forest"] {
        let (graph, _) = onnx::read(file(&format!("{name}.onnx"))).unwrap();
        let (again, _) = round_trip(name);
        let kinds = |graph: &Graph| {
            let mut kinds: Vec<_> = graph.nodes().iter().map(|node| node.operator.clone()).collect();
            kinds.sort_unstable();
            kinds
        };
        assert_eq!(kinds(&graph), kinds(&again), "{name}");
    }
}

#[test]
fn initialisers_have_the_names_of_the_weights() {
    let (graph, weights) = onnx::read(file("lenet.onnx")).unwrap();
    let (again, same) = round_trip("lenet");
    assert!(graph.weights().eq(again.weights()));
    for ((name, a), (_, b)) in weights.iter().zip(same.iter()) {
        assert!(a.iter().zip(b).all(|(a, b)| *a as f32 == *b as f32), "{name}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    graph.write(&path, &weights).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), graph.to_onnx(&weights).unwrap());
}

#[test]
fn weights_that_do_not_fit_are_told() {
    let (graph, weights) = onnx::read(file("mlp.onnx")).unwrap();
    let none = graph.to_onnx(&Weights::new()).unwrap_err();
    assert_eq!(none.len(), weights.len(), "{none}");
    let mut other = weights.clone();
    let (name, shape) = graph.weights().next().map(|(name, shape)| (name.to_owned(), shape.to_vec())).unwrap();
    other.insert(name.clone(), ArrayD::zeros(vec![1, 2, 3]));
    assert!(graph.to_onnx(&other).unwrap_err().to_string().contains("[1, 2, 3]"));
    other.insert(name, ArrayD::from_elem(shape, f64::NAN));
    assert!(graph.to_onnx(&other).unwrap_err().to_string().contains("not a number"));
}

#[test]
fn trees_that_look_at_several_columns_are_refused() {
    let (graph, mut weights) = onnx::read(file("tree.onnx")).unwrap();
    let looks =
        weights.iter().find(|(name, _)| name.contains("looks_at")).map(|(name, x)| (name.to_owned(), x.clone()));
    let (name, mut looks) = looks.unwrap();
    looks.fill(0.5);
    weights.insert(name, looks);
    let report = graph.to_onnx(&weights).unwrap_err().to_string();
    assert!(report.contains("does not look at one column"), "{report}");
}

/// One step of training on shares, the owner alone sees the new weights, and they are those of the file that it writes.
#[test]
fn a_model_that_was_trained_leaves_to_its_owner_alone() {
    let (graph, weights) = onnx::read(file("mlp.onnx")).unwrap();
    let program = async |s: Session| -> Result<_> {
        let owner = s.is::<Owner>();
        let mut network = graph.network_of::<Owner>(&s, owner.then_some(&weights));
        network.train();
        let x = s.public([2, 6], &[0.1, -0.2, 0.3, 0.4, 0.5, 0.6, -0.6, 0.5, 0.4, -0.3, 0.2, 0.1]).share();
        let loss = network.forward(std::slice::from_ref(&x)).remove(0).square().sum();
        let gradients = loss.backward();
        let names: Vec<String> = graph.weights().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(network.parameters().len(), names.len());
        Sgd::new(0.1).step(&s, &mut network, &gradients);
        network.eval();
        let y = network.forward(&[x]).remove(0).reveal().await?;
        let state = network.reveal_state_to::<Owner>().await?;
        let ledger: Vec<String> = s.ledger().iter().map(ToString::to_string).collect();
        Ok((y, state.map(Weights::from), ledger))
    };
    let mut results = Sim::new(2).seed(3).run(program).into_iter().map(Result::unwrap);
    let ((y, trained, ledger), (_, unseen, _)) = (results.next().unwrap(), results.next().unwrap());
    assert!(unseen.is_none());
    let openings = ledger.iter().filter(|line| line.contains("to party0,")).count();
    assert_eq!(openings, weights.len(), "{ledger:#?}");
    assert_eq!(ledger.len(), weights.len() + 1, "{ledger:#?}");
    let trained = trained.unwrap();
    assert!(trained != weights);
    let (again, same) = onnx::read_bytes(&graph.to_onnx(&trained).unwrap()).unwrap();
    let x = ArrayD::from_shape_vec(vec![2, 6], vec![0.1, -0.2, 0.3, 0.4, 0.5, 0.6, -0.6, 0.5, 0.4, -0.3, 0.2, 0.1]);
    let clear = again.clear(&same, &[x.unwrap()]).unwrap();
    assert!(largest(&clear, std::slice::from_ref(&y)) < 1e-3, "{clear:?} {y:?}");
    let untrained = graph.clear(&weights, &[ArrayD::from_elem(vec![2, 6], 0.1)]).unwrap();
    assert!(largest(&untrained, &[y]) > 1e-3);
}
