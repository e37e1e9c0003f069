//! `mpc check`: what it says of a model that fits, of one that does not, and of what is no model.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn model(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../mpc-nn/tests/onnx_models").join(name)
}

fn check(model: &Path, samples: &[&Path], more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mpc"));
    command.arg("check").arg(model);
    if !samples.is_empty() {
        command.arg("--samples").args(samples);
    }
    command.args(more).output().unwrap()
}

/// A .npy file of 32-bit floats.
fn npy(folder: &Path, shape: &[usize], value: impl Fn(usize) -> f32) -> PathBuf {
    let dims: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({dims}), }}");
    header += &" ".repeat(63 - (10 + header.len()) % 64);
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend((0..shape.iter().product()).flat_map(|at| value(at).to_le_bytes()));
    let file = folder.join("samples.npy");
    std::fs::write(&file, bytes).unwrap();
    file
}

#[test]
fn a_model_that_fits() {
    let folder = tempfile::tempdir().unwrap();
    let samples = npy(folder.path(), &[3, 1, 12, 12], |at| (at % 17) as f32 / 8.0 - 1.0);
    let output = check(&model("lenet.onnx"), &[&samples], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for part in
        ["MaxPool", "[3, 4, 6, 6]", "the largest is the same in 3 of 3 rows", "fractional bits leave four times"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let output = check(&model("lenet.onnx"), &[&samples], &["--json", "--fraction-bits", "20"]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["fraction_bits"], 20);
    assert!(found["outputs"][0]["error"].as_f64().unwrap() < 1e-4, "{found}");
}

#[test]
fn a_model_that_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let samples = npy(folder.path(), &[1, 1, 12, 12], |_| 15000.0);
    let output = check(&model("lenet.onnx"), &[&samples], &["--fraction-bits", "24"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("warning: it does not fit") && text.contains("near the limit"), "{text}");
}

#[test]
fn what_is_no_model() {
    let output = check(&model("refused.onnx"), &[], &[]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(text.contains("5 problems") && text.contains("(Det): this operator is not supported"), "{text}");
    let output = check(&model("forest.onnx"), &[], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("stay secret") && text.contains("label"), "{text}");
}
