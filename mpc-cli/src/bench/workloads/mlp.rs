//! Fully connected networks for 28 x 28 images, forward.

use super::Workload;
use crate::bench::{clear, data::Input};
use mpc_nn::Linear;

/// Layers of these widths, with ReLU between them.
fn network(name: &'static str, batch: usize, widths: Vec<usize>) -> Workload {
    let mut inputs = vec![Input::data(&[batch, widths[0]], 0.0, 1.0)];
    for pair in widths.windows(2) {
        let bound = 1.0 / (pair[0] as f64).sqrt();
        inputs.extend([Input::weight(&[pair[1], pair[0]], bound), Input::weight(&[pair[1]], bound)]);
    }
    let text: Vec<_> = widths.iter().map(usize::to_string).collect();
    Workload {
        name,
        about: format!("Linear {} with ReLU between, batch {batch}, forward", text.join("-")),
        inputs,
        program: Box::new(|_, x| {
            let mut y = x[0].clone();
            for (at, layer) in x[1..].chunks(2).enumerate() {
                let input = if at == 0 { y } else { y.relu() };
                y = Linear::new(layer[0].clone(), Some(layer[1].clone())).forward(&input);
            }
            vec![y]
        }),
        clear: Box::new(|x| {
            let mut y = clear::matrix(&x[0]);
            for (at, layer) in x[1..].chunks(2).enumerate() {
                let input = if at == 0 { y } else { y.mapv(clear::relu) };
                y = clear::linear(&input, &layer[0], &layer[1]);
            }
            vec![y.into_dyn()]
        }),
        // A unit of the last place a layer, times the next layers' weights.
        tolerance: 2e-4,
        products: widths.windows(2).map(|pair| (batch * pair[0] * pair[1]) as u64).sum(),
    }
}

/// Linear regression, or the logits of a logistic one.
pub(super) fn lr(tiny: bool) -> Workload {
    if tiny { network("lr", 3, vec![20, 4]) } else { network("lr", 128, vec![784, 10]) }
}

/// A perceptron with two hidden layers.
pub(super) fn mlp(tiny: bool) -> Workload {
    if tiny { network("mlp", 3, vec![20, 8, 8, 4]) } else { network("mlp", 128, vec![784, 128, 128, 10]) }
}
