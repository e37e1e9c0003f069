//! `mpc explain`: what it counts, what it says of files and shapes that do not fit.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use mpc_nn::StateDict;
use ndarray::ArrayD;
use serde_json::Value;

fn model(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../mpc-nn/tests/onnx_models").join(name)
}

fn explain(model: &Path, flags: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mpc")).arg("explain").arg(model).args(flags).output().unwrap()
}

fn json(model: &Path, flags: &[&str]) -> Value {
    let output = explain(model, &[&["--json"], flags].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// 8 bytes for each number of the input, of the weight at first, and a bit for each rescaled result, in whole words.
#[test]
fn a_linear_layer_costs_what_its_numbers_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    let array = |shape: &[usize]| ArrayD::from_elem(shape, 0.5);
    let state: StateDict =
        [("0.weight".to_owned(), array(&[6, 10])), ("0.bias".to_owned(), array(&[6]))].into_iter().collect();
    state.write(&file).unwrap();
    let found = json(&file, &["--shape", "32,10"]);
    let bytes = |request: &str| found[request]["sent_bytes"].as_u64().unwrap();
    assert_eq!([bytes("first"), bytes("later")], [8 * (32 * 10 + 6 * 10) + 32 * 6 / 8, 8 * 32 * 10 + 32 * 6 / 8]);
    assert_eq!((found["first"]["rounds"].as_u64(), found["inputs"].to_string()), (Some(2), "[[32,10]]".to_owned()));
    // The same lines, with three parties: each sends to two others, and 8 bytes for a result.
    let three = json(&file, &["--shape", "32,10", "--parties", "3"]);
    assert_eq!(three["later"]["sent_bytes"], 2 * (8 * 32 * 10 + 8 * 32 * 6));
    let wan = found["later"]["wan_seconds"].as_f64().unwrap();
    assert!((wan - 0.160_213).abs() < 0.001, "two rounds of 80 ms: {wan}");
    // At least the weight, the input and the result are there at the same time.
    assert!(found["memory_bytes"].as_u64().unwrap() >= 8 * (60 + 320 + 192));
}

#[test]
fn steps_come_in_the_order_of_the_model_and_add_up() {
    let found = json(&model("lenet.onnx"), &[]);
    let steps = found["steps"].as_array().unwrap();
    for request in ["first", "later"] {
        let sum: u64 = steps.iter().map(|step| step[request]["sent_bytes"].as_u64().unwrap()).sum();
        assert_eq!(Some(sum), found[request]["sent_bytes"].as_u64());
    }
    assert!(found["later"]["sent_bytes"].as_u64() < found["first"]["sent_bytes"].as_u64());
    let output = explain(&model("lenet.onnx"), &["--shape", "5,1,12,12"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} in {text}"));
    assert!(at("first request") < at("each later one") && at("[[5, 1, 12, 12]]") > at("each later one"), "{text}");
}

#[test]
fn what_does_not_fit_is_said() {
    let said = |file: &str, flags: &[&str]| {
        let output = explain(&model(file), flags);
        assert!(!output.status.success() && output.stdout.is_empty());
        // Lines are folded where the terminal ends.
        String::from_utf8_lossy(&output.stderr)
            .split_whitespace()
            .filter(|word| *word != "│")
            .collect::<Vec<_>>()
            .join(" ")
    };
    let wrong = said("lenet.onnx", &["--shape", "1,2,3"]);
    assert!(wrong.contains("inputs of [[1, 2, 3]] do not fit: expected ["), "{wrong}");
    assert!(said("none.onnx", &[]).contains("none.onnx"));
    assert!(said("lenet.onnx", &["--shape", "a"]).contains("`a`"));
}
