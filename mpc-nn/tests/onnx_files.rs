//! Files that are malformed, hostile or not supported; graphs that travel; the table of operators.

use mpc_core::{Result, Session, sim::Sim};
use mpc_nn::{
    Module,
    onnx::{self, Graph},
};
use proptest::prelude::*;
use std::{fs, path::PathBuf};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/onnx_models")
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(folder().join(format!("{name}.onnx"))).unwrap()
}

#[test]
fn a_graph_travels_without_weights() {
    let (graph, weights) = onnx::read_bytes(&bytes("lenet")).unwrap();
    let sent = postcard::to_stdvec(&graph).unwrap();
    let got: Graph = postcard::from_bytes(&sent).unwrap();
    assert_eq!(got, graph);
    // The file has 3 kB of weights, and the graph is what is left.
    assert!(sent.len() < 1200, "{}", sent.len());
    for (name, values) in weights.iter() {
        for value in values.iter().filter(|value| value.abs() > 1e-3) {
            let (wide, narrow) = (value.to_le_bytes(), (*value as f32).to_le_bytes());
            assert!(!sent.windows(8).any(|part| part == wide) && !sent.windows(4).any(|part| part == narrow), "{name}");
        }
    }
    assert!(graph.weights().eq(weights.iter().map(|(name, values)| (name, values.shape()))));
}

#[test]
fn everything_that_is_refused_is_told_at_once() {
    let report = onnx::read_bytes(&bytes("refused")).unwrap_err();
    let text = report.to_string();
    assert_eq!(report.len(), 5, "{text}");
    for part in [
        "(Det): this operator is not supported",
        "`Floor0_0` (Floor): it is supported on public values only",
        "(Conv): the weight",
        "(MatMul): the product of",
        "(Softmax): axis 5",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn numbers_beside_the_model_are_read_from_its_folder_only() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("model");
    fs::create_dir(&inner).unwrap();
    let (model, whole) = (bytes("beside"), [0f32, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(f32::to_le_bytes).concat());
    let read = |model: &[u8]| {
        fs::write(inner.join("model.onnx"), model).unwrap();
        onnx::read(inner.join("model.onnx")).map_err(|report| report.to_string())
    };
    assert!(read(&model).unwrap_err().contains("beside the model"));
    fs::write(inner.join("weights.bin"), &whole[..27]).unwrap();
    assert!(read(&model).unwrap_err().contains("too short"));
    fs::write(inner.join("weights.bin"), &whole).unwrap();
    let (graph, weights) = read(&model).unwrap();
    let y = graph.clear(&weights, &[ndarray::Array2::eye(3).select(ndarray::Axis(0), &[0, 2]).into_dyn()]).unwrap();
    assert_eq!(y[0].iter().copied().collect::<Vec<_>>(), [1.0, 2.0, 5.0, 6.0]);
    assert!(onnx::read_bytes(&model).unwrap_err().to_string().contains("by its path"));

    fs::write(folder.path().join("outside.b"), &whole).unwrap();
    let at = model.windows(11).position(|part| part == b"weights.bin").unwrap();
    for place in [b"../outside."; 1].into_iter().chain([b"/etc/passwd", b"a/../../x.b"]) {
        let mut other = model.clone();
        other[at..at + 11].copy_from_slice(place);
        assert!(read(&other).unwrap_err().contains("refused"), "{place:?}");
    }
    #[cfg(unix)]
    {
        fs::remove_file(inner.join("weights.bin")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("outside.b"), inner.join("weights.bin")).unwrap();
        assert!(read(&model).unwrap_err().contains("refused"));
    }
}

/// A field of a protobuf message that holds bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let (mut all, mut length) = (vec![number << 3 | 2], bytes.len());
    while length > 127 {
        all.push(length as u8 | 128);
        length >>= 7;
    }
    all.push(length as u8);
    all.extend(bytes);
    all
}

/// A node of an ONNX file.
fn node(operator: &str, domain: &str, inputs: &[&str], output: &str) -> Vec<u8> {
    let inputs = inputs.iter().flat_map(|name| field(1, name.as_bytes()));
    let rest = [field(2, output.as_bytes()), field(4, operator.as_bytes()), field(7, domain.as_bytes())].concat();
    field(1, &inputs.chain(rest).collect::<Vec<_>>())
}

/// A file of such nodes, of an input `x` of one axis and a constant `n`, 2^22.
fn model(nodes: &[Vec<u8>], output: &str) -> Vec<u8> {
    let value = |name: &str| [field(1, name.as_bytes()), field(2, &field(1, &[8, 1, 18, 4, 10, 2, 8, 4]))].concat();
    let n = [&[8, 1, 16, 7][..], &field(8, b"n"), &field(9, &(1i64 << 22).to_le_bytes())].concat();
    let ends = [field(5, &n), field(11, &value("x")), field(12, &value(output))].concat();
    let opsets = [field(8, &[16, 17]), field(8, &[&field(1, b"ai.onnx.ml")[..], &[16, 3]].concat())].concat();
    [field(7, &[nodes.concat(), ends].concat()), opsets].concat()
}

/// A hundred steps that each make 32 MiB of 8 bytes: together 3 GiB, if somebody kept them.
#[test]
fn small_files_stay_small() {
    let name = |at: usize| format!("c{at}");
    let mut nodes: Vec<_> = (0..100).map(|at| node("ConstantOfShape", "", &["n"], &name(at))).collect();
    let all: Vec<String> = (0..100).map(name).collect();
    nodes.push(node("Sum", "", &all.iter().map(String::as_str).collect::<Vec<_>>(), "sum"));
    nodes.push(node("ReduceSum", "", &["sum"], "all"));
    nodes.push(node("Add", "", &["x", "all"], "y"));
    let report = onnx::read_bytes(&model(&nodes, "y")).unwrap_err();
    assert!(report.problems().iter().any(|problem| problem.reason.to_string().contains("is too large")), "{report}");
    // One of them is fine.
    let few = [nodes[0].clone(), node("ReduceSum", "", &["c0"], "all"), nodes[102].clone()];
    assert_eq!(onnx::read_bytes(&model(&few, "y")).unwrap().0.nodes().len(), 1);
}

/// Found by fuzzing: constants with different numbers of axes, one after the other.
#[test]
fn steps_on_constants_that_do_not_fit_are_told() {
    let axis = field(5, &[&field(1, b"axis")[..], &[24, 0, 160, 1, 2]].concat());
    let concat = [field(1, b"n"), field(1, b"size"), field(2, b"both"), field(4, b"Concat"), axis].concat();
    let nodes = [
        node("Size", "", &["n"], "size"),
        field(1, &concat),
        node("ReduceSum", "", &["both"], "sum"),
        node("Add", "", &["x", "sum"], "y"),
    ];
    let report = onnx::read_bytes(&model(&nodes, "y")).unwrap_err().to_string();
    assert!(report.contains("differ in another axis"), "{report}");
}

/// Names that stand for names, in the order in which each is looked up last.
#[test]
fn chains_of_names_are_followed_once() {
    let chain = (0..20_000).rev().map(|at| {
        let (from, to) = (if at == 0 { "x".to_owned() } else { format!("z{}", at - 1) }, format!("z{at}"));
        node("ZipMap", "ai.onnx.ml", &[&from], &to)
    });
    let uses = (0..20_000).map(|_| node("Add", "", &["x", "z19999"], "")).chain([node("Relu", "", &["z19999"], "y")]);
    let (graph, _) = onnx::read_bytes(&model(&chain.chain(uses).collect::<Vec<_>>(), "y")).unwrap();
    assert_eq!((graph.nodes().len(), &graph.nodes()[0].inputs[0][..]), (1, "x"));
}

/// How often each operator is in a graph.
fn counts(name: &str) -> impl Fn(&str) -> usize {
    let (graph, _) = onnx::read_bytes(&bytes(name)).unwrap();
    move |operator| graph.nodes().iter().filter(|node| node.operator == operator).count()
}

#[test]
fn single_steps_become_one() {
    let count = counts("encoder");
    assert_eq!(
        [count("LayerNormalization"), count("Gelu"), count("Erf"), count("Sqrt"), count("Constant")],
        [3, 1, 0, 0, 0]
    );
    let count = counts("mobilenet_block");
    assert_eq!([count("HardSwish"), count("Swish"), count("Sigmoid")], [1, 1, 0]);
    // One after a convolution, and one by itself.
    let count = counts("images");
    assert_eq!([count("BatchNormalization"), count("Affine"), count("Conv")], [0, 1, 6]);
}

#[test]
fn a_graph_from_elsewhere_is_checked() {
    let (graph, _) = onnx::read_bytes(&bytes("mlp")).unwrap();
    let sent = postcard::to_stdvec(&graph).unwrap();
    // An operator by its length and name.
    let at = sent.windows(5).position(|part| part == b"\x04Gemm").unwrap();
    let mut other = sent.clone();
    other[at..at + 5].copy_from_slice(b"\x04Germ");
    assert!(postcard::from_bytes::<Graph>(&other).is_err());
}

#[test]
fn debug_shows_no_weight() {
    let (graph, weights) = onnx::read_bytes(&bytes("mlp")).unwrap();
    let text = format!("{weights:?} {graph:?} {:?}", graph.nodes());
    let first = weights.iter().next().unwrap().1.first().copied().unwrap();
    assert!(text.contains("[16, 6]") && !text.contains(&format!("{first:?}")[..6]), "{text}");
}

#[test]
fn mistakes_name_the_node_at_every_party() {
    let (graph, weights) = onnx::read_bytes(&bytes("mlp")).unwrap();
    let program = async |s: Session| -> Result<Vec<String>> {
        let network = graph.network(&s, 0, Some(&weights));
        assert_eq!(network.parameters().len(), 6);
        let of = |shape: [usize; 2]| s.public(shape, &vec![0.5; shape[0] * shape[1]]).share();
        let wrong = network.forward(&[of([4, 7])]);
        let none = network.forward(&[]);
        Ok([wrong, none].iter().map(|outputs| format!("{:?}", outputs[0])).collect())
    };
    for found in Sim::new(2).run(program) {
        let [wrong, none] = &found.unwrap()[..] else { panic!() };
        assert!(wrong.contains("[4, 7], and the model takes [batch, 6]"), "{wrong}");
        assert!(none.contains("it takes 1 inputs, not 0"), "{none}");
    }
}

#[test]
fn an_owner_without_weights_stops_the_session() {
    let (graph, _) = onnx::read_bytes(&bytes("mlp")).unwrap();
    let program = async |s: Session| -> Result<()> {
        let network = graph.network(&s, 1, None);
        let x = s.public([1, 6], &[0.0; 6]).share();
        network.forward(&[x])[0].reveal().await.map(|_| ())
    };
    let errors: Vec<_> = Sim::new(2).run(program).into_iter().map(|result| result.unwrap_err().to_string()).collect();
    assert!(errors.iter().all(|error| error.contains("party1") && error.contains("Missing")), "{errors:?}");
}

#[test]
fn the_table_in_the_documentation_is_that_of_the_code() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/onnx.md");
    let text = fs::read_to_string(&file).unwrap();
    let (begin, end) = ("<!-- operators -->\n", "<!-- end of operators -->");
    let (before, rest) = text.split_once(begin).unwrap();
    let (found, after) = rest.split_once(end).unwrap();
    if std::env::var_os("ONNX_TABLE").is_some_and(|value| value == "write") {
        fs::write(&file, format!("{before}{begin}{}{end}{after}", onnx::operators())).unwrap();
        return;
    }
    assert!(found == onnx::operators(), "run again with ONNX_TABLE=write");
}

/// Reads bytes that may be anything, and runs what comes of it in the clear on small inputs.
fn survive(bytes: &[u8]) {
    let Ok((graph, _)) = onnx::read_bytes(bytes) else { return };
    let sent = postcard::to_stdvec(&graph).unwrap();
    let got: Graph = postcard::from_bytes(&sent).unwrap();
    assert!(got == graph || sent == postcard::to_stdvec(&got).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn changed_files_never_panic(
        which in 0usize..8,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let name = ["mlp", "lenet", "tree", "lstm", "shapes", "images", "choices", "encoder_dynamo"][which];
        let mut bytes = bytes(name);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        survive(&bytes);
    }
}
