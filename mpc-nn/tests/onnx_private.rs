//! Weights that stay private to their owner: what that saves, exactly, and where it does not.

use mpc_core::{Result, Session, sim::Sim};
use mpc_nn::{
    Module, VisitorMut,
    onnx::{self, Graph, Weights},
};
use std::path::PathBuf;

fn model(name: &str) -> (Graph, Weights) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/onnx_models");
    onnx::read(folder.join(format!("{name}.onnx"))).unwrap()
}

/// What a party sent to the others in the first request and in the second, and what came out.
type Seen = (u64, u64, Vec<f64>);

/// Two requests, and whether the weights are shares from the beginning.
fn requests(name: &str, shape: &[usize], parties: usize, owner: usize, as_shares: bool) -> Vec<Seen> {
    let (graph, weights) = model(name);
    let program = async |s: Session| -> Result<Seen> {
        let here = s.name() == format!("party{owner}");
        let mut network = graph.network(&s, owner, here.then_some(&weights));
        if as_shares {
            // A frozen weight is a value of its own.
            network.visit_mut(&mut VisitorMut::new(&mut |_, param| param.freeze()));
        }
        let count: usize = shape.iter().product();
        let values: Vec<f64> = (0..count).map(|at| (at as f64 * 0.37).sin()).collect();
        let (mut sent, mut outputs) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let before = s.traffic().total.sent;
            let x = s.public(shape, &values).share();
            outputs = network.forward(&[x]).remove(0).reveal().await?.iter().copied().collect();
            sent.push(s.traffic().total.sent - before);
        }
        Ok((sent[0], sent[1], outputs))
    };
    Sim::new(parties).seed(5).run(program).into_iter().map(Result::unwrap).collect()
}

/// Elements of the weights with so many axes: those that products read.
fn elements(name: &str, ranks: &[usize]) -> u64 {
    let (graph, _) = model(name);
    graph
        .weights()
        .filter(|(_, shape)| ranks.contains(&shape.len()))
        .map(|(_, x)| x.iter().product::<usize>() as u64)
        .sum()
}

#[test]
fn the_owner_alone_opens_its_weights() {
    for (name, shape, ranks) in [
        ("mlp", &[2, 6][..], &[2][..]),
        ("lenet", &[1, 1, 12, 12], &[2, 4]),
        ("resnet_block", &[1, 3, 16, 16], &[2, 4]),
    ] {
        let opening = 8 * elements(name, ranks);
        assert!(opening > 0);
        for (parties, owner) in [(2, 0), (2, 1), (3, 1)] {
            let others = parties as u64 - 1;
            for (party, (first, second, _)) in requests(name, shape, parties, owner, false).into_iter().enumerate() {
                let expected = if party == owner { opening * others } else { 0 };
                assert_eq!(first - second, expected, "{name}, {parties} parties, party {party}");
            }
            for (party, (first, second, _)) in requests(name, shape, parties, owner, true).into_iter().enumerate() {
                assert_eq!(first - second, opening * others, "{name} as shares, {parties} parties, party {party}");
            }
        }
    }
}

#[test]
fn later_requests_and_results_are_the_same_either_way() {
    for (name, shape) in [("lenet", &[1, 1, 12, 12][..]), ("forest", &[2, 30])] {
        let (private, shared) = (requests(name, shape, 2, 0, false), requests(name, shape, 2, 0, true));
        for ((_, second, y), (_, other, z)) in private.iter().zip(&shared) {
            assert_eq!(second, other, "{name}");
            let far = y.iter().zip(z).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(far < 1e-3, "{name}: {far}");
        }
    }
}

/// A view would be opened again by each request: what is viewed is shared.
#[test]
fn no_weight_is_opened_twice() {
    for (name, shape) in
        [("lstm", &[1, 5, 4][..]), ("transformer_layer", &[1, 4, 8]), ("mobilenet_block", &[1, 3, 8, 8])]
    {
        let (graph, _) = model(name);
        let shape: Vec<usize> = match &graph.inputs()[0].shape {
            Some(dims) => dims
                .iter()
                .zip(shape)
                .map(|(dim, &usual)| if let onnx::Dim::Fixed(size) = dim { *size } else { usual })
                .collect(),
            None => shape.to_vec(),
        };
        let (private, shared) = (requests(name, &shape, 2, 0, false), requests(name, &shape, 2, 0, true));
        for ((_, second, _), (_, other, _)) in private.iter().zip(&shared) {
            assert_eq!(second, other, "{name}");
        }
    }
}
