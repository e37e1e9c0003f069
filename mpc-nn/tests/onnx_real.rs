//! Trained networks: EfficientNet-Lite0 on photographs, MiniLM on sentences, Magika on files. Structures of full size with
//! random weights: ResNet-18, ViT-B/16, Wav2Letter; and a forest on a whole table. `examples/data/onnx_models.sh` makes their
//! files, in a folder that `ONNX_MODELS` names if it is another; then
//!
//! `cargo test --release -p mpc-nn --test onnx_real -- --ignored --nocapture --test-threads 1`

use mpc_core::{Result, Session, sim::Sim};
use mpc_nn::{
    data::npy,
    onnx::{self, Array, Element, Value},
};
use ndarray::{ArrayD, Axis, Slice};
use std::{path::PathBuf, time::Instant};

struct Seen {
    /// What the shares make of each row.
    shares: ArrayD<f64>,
    /// What ONNX Runtime makes of it.
    expected: ArrayD<f64>,
}

/// Runs the first `rows` rows of the inputs on shares of two parties; whole numbers are public if `public_ints`.
fn run(name: &str, rows: usize, public_ints: &[bool]) -> Seen {
    let usual = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/data/onnx");
    let folder = std::env::var_os("ONNX_MODELS").map_or_else(usual, PathBuf::from);
    let start = Instant::now();
    let (graph, weights) = onnx::read(folder.join(format!("{name}.onnx"))).unwrap_or_else(|report| panic!("{report}"));
    let read = start.elapsed();
    let arrays = npy::read_npz(folder.join(format!("{name}.npz"))).unwrap();
    let array = |key: &str| {
        let found = arrays.iter().find(|(name, _)| name == key).unwrap();
        found.1.slice_axis(Axis(0), Slice::from(0..rows)).to_owned()
    };
    let inputs: Vec<_> = (0..graph.inputs().len()).map(|at| array(&format!("in{at}"))).collect();
    let program = async |s: Session| -> Result<_> {
        let owner = s.name() == "party0";
        let network = graph.network(&s, 0, owner.then_some(&weights));
        let mut seen = Vec::new();
        // The weights are opened by the first run, and not again.
        for _ in 0..2 {
            let (start, before) = (Instant::now(), s.traffic());
            let mut given: Vec<Value> = Vec::new();
            for ((input, x), public) in graph.inputs().iter().zip(&inputs).zip(public_ints) {
                if *public && input.element != Element::Float {
                    given.push(Array { element: input.element, values: x.clone() }.into());
                } else {
                    let shared = s.public(x.shape(), &x.iter().copied().collect::<Vec<_>>()).share();
                    given.push(Value::of_element(shared, input.element));
                }
            }
            let Value::Secret(y, _) = network.run(&given).swap_remove(0) else { panic!() };
            let y = y.reveal().await?;
            let after = s.traffic();
            let (rounds, sent) = (after.total.rounds - before.total.rounds, after.total.sent - before.total.sent);
            seen.push((y, rounds, sent, start.elapsed()));
        }
        Ok(seen)
    };
    let both = Sim::new(2).run(program).swap_remove(0).unwrap();
    for (_, rounds, sent, time) in &both {
        let (sent, time) = (*sent as f64 / 1e6, time.as_secs_f64());
        eprintln!("{name}, {rows} rows: read in {read:.1?}, {rounds} rounds, {sent:.1} MB a party, {time:.2} s");
    }
    eprintln!("{name}: {}", memory());
    Seen { shares: both[1].0.clone(), expected: array("out0") }
}

/// The most memory that this process held: two parties, the dealer, the file, and what earlier tests held.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: not known here").to_owned()
}

/// All outputs near those of ONNX Runtime, by a part of their largest.
fn near(name: &str, rows: usize, tolerance: f64) {
    let Seen { shares, expected } = run(name, rows, &[false]);
    let largest = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let far = shares.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    eprintln!("  largest difference {far:.1e} of values up to {largest:.1}");
    assert!(shares.shape() == expected.shape() && far <= tolerance * largest);
}

#[test]
#[ignore = "needs examples/data/onnx"]
fn resnet18_matches() {
    near("resnet18", 1, 1e-2);
}

#[test]
#[ignore = "needs examples/data/onnx, and 4 GiB of memory"]
fn vit_b_16_matches() {
    near("vit_b_16", 1, 1e-2);
}

#[test]
#[ignore = "needs examples/data/onnx"]
fn wav2letter_matches() {
    near("wav2letter", 1, 1e-2);
}

/// 20 trees name every one of 1797 digits as scikit-learn does.
#[test]
#[ignore = "needs examples/data/onnx"]
fn a_forest_names_all_digits() {
    near("forest_digits", 1797, 0.0);
}

fn first(row: &ndarray::ArrayViewD<'_, f64>) -> usize {
    let values: Vec<f64> = row.iter().copied().collect();
    (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap()
}

fn classes(name: &str, rows: usize) {
    let Seen { shares, expected } = run(name, rows, &[false]);
    for (found, expected) in shares.outer_iter().zip(expected.outer_iter()) {
        let far = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        eprintln!("  class {}, in the clear {}; largest difference {far:.1e}", first(&found), first(&expected));
        assert_eq!(first(&found), first(&expected));
    }
}

#[test]
#[ignore = "needs examples/data/onnx"]
fn efficientnet_names_what_is_on_photographs() {
    classes("efficientnet_lite0", 1);
    classes("efficientnet_lite0", 4);
}

#[test]
#[ignore = "needs examples/data/onnx"]
fn magika_names_types_of_files() {
    classes("magika", 2);
}

#[test]
#[ignore = "needs examples/data/onnx"]
fn minilm_embeds_sentences() {
    for public in [[true, true], [false, true]] {
        let Seen { shares, expected } = run("minilm", 4, &public);
        for (a, b) in shares.outer_iter().zip(expected.outer_iter()) {
            let dot = |a: &ArrayD<f64>, b: &ArrayD<f64>| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let (a, b) = (a.to_owned(), b.to_owned());
            let cosine = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
            eprintln!("  cosine {cosine:.6}");
            assert!(cosine >= 0.999);
        }
    }
}
