//! One layer of a transformer encoder, forward, as in BERT: attention, feed-forward with GELU, a layer norm after each. Its
//! sizes are those of BERT-base (Devlin, Chang, Lee, Toutanova, NAACL 2019) on 128 positions.

use super::Workload;
use crate::bench::{clear, data::Input};
use mpc_core::{Secret, Session, Tensor};
use mpc_nn::Linear;
use ndarray::{Array1, Array2, ArrayD, Ix1, s};

const EPSILON: f64 = 1e-4;
/// Where the weights are among the inputs; a bias follows each.
const PROJECTIONS: [usize; 3] = [1, 3, 5];
const OUT: usize = 7;
const UP: usize = 9;
const DOWN: usize = 11;
/// A scale, and a shift after it.
const NORMS: [usize; 2] = [13, 15];

#[derive(Clone, Copy)]
struct Sizes {
    sequence: usize,
    hidden: usize,
    heads: usize,
    inner: usize,
}

impl Sizes {
    fn inputs(self) -> Vec<Input> {
        let mut inputs = vec![Input::data(&[self.sequence, self.hidden], -2.0, 2.0)];
        let (hidden, inner) = (self.hidden, self.inner);
        for [to, from] in [[hidden, hidden]; 4].into_iter().chain([[inner, hidden], [hidden, inner]]) {
            let bound = (3.0 / from as f64).sqrt();
            inputs.extend([Input::weight(&[to, from], bound), Input::weight(&[to], 0.1)]);
        }
        for _ in NORMS {
            inputs.extend([Input::other(&[hidden], 0.5, 1.5), Input::weight(&[hidden], 0.1)]);
        }
        inputs
    }

    fn secret(self, s: &Session, x: &[Tensor<Secret>]) -> Tensor<Secret> {
        let Self { sequence, hidden, heads, .. } = self;
        let linear = |at: usize, y: &Tensor<Secret>| Linear::new(x[at].clone(), Some(x[at + 1].clone())).forward(y);
        let norm = |at: usize, y: &Tensor<Secret>| y.layer_norm(EPSILON) * &x[at] + &x[at + 1];
        let attention = s.scope("attention");
        let [q, k, v] = PROJECTIONS.map(|at| {
            linear(at, &x[0]).reshape([sequence, heads, hidden / heads]).permute(&[1, 0, 2]) // [heads, sequence, ..]
        });
        let scores = (q * self.scale()).matmul(&k.transpose(1, 2)).softmax(2);
        let mixed = scores.matmul(&v).permute(&[1, 0, 2]).reshape([sequence, hidden]);
        let y = norm(NORMS[0], &(&x[0] + linear(OUT, &mixed)));
        drop(attention);
        let _scope = s.scope("feed_forward");
        norm(NORMS[1], &(&y + linear(DOWN, &linear(UP, &y).gelu())))
    }

    fn clear(self, x: &[ArrayD<f64>]) -> Array2<f64> {
        let linear = |at: usize, y: &Array2<f64>| clear::linear(y, &x[at], &x[at + 1]);
        let vector = |at: usize| -> Array1<f64> { x[at].clone().into_dimensionality::<Ix1>().unwrap_or_default() };
        let norm = |at: usize, y: &Array2<f64>| clear::layer_norm(y, EPSILON) * vector(at) + vector(at + 1);
        let first = clear::matrix(&x[0]);
        let [q, k, v] = PROJECTIONS.map(|at| linear(at, &first));
        let mut mixed = Array2::zeros(first.dim());
        let size = self.hidden / self.heads;
        for head in 0..self.heads {
            let at = s![.., head * size..(head + 1) * size];
            let scores = clear::softmax(&(q.slice(at).dot(&k.slice(at).t()) * self.scale()));
            mixed.slice_mut(at).assign(&scores.dot(&v.slice(at)));
        }
        let y = norm(NORMS[0], &(&first + &linear(OUT, &mixed)));
        norm(NORMS[1], &(&y + &linear(DOWN, &linear(UP, &y).mapv(clear::gelu))))
    }

    fn scale(self) -> f64 {
        1.0 / ((self.hidden / self.heads) as f64).sqrt()
    }

    fn products(self) -> u64 {
        let Self { sequence, hidden, inner, .. } = self;
        (4 * sequence * hidden * hidden + 2 * sequence * sequence * hidden + 2 * sequence * hidden * inner) as u64
    }
}

/// The layer, forward.
pub(super) fn forward(tiny: bool) -> Workload {
    let sizes = if tiny {
        Sizes { sequence: 5, hidden: 12, heads: 2, inner: 16 }
    } else {
        Sizes { sequence: 128, hidden: 768, heads: 12, inner: 3072 }
    };
    let Sizes { sequence, hidden, heads, inner } = sizes;
    Workload {
        name: "encoder",
        about: format!("a layer of BERT-base: {sequence} positions of {hidden}, {heads} heads, inner {inner}, forward"),
        inputs: sizes.inputs(),
        program: Box::new(move |s, x| vec![sizes.secret(s, x)]),
        clear: Box::new(move |x| vec![sizes.clear(x).into_dyn()]),
        tolerance: 5e-3,
        products: sizes.products(),
    }
}
