//! The owner's network in the clear: how it is trained, and what it says.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::data::Rows;

/// Inputs and outputs of each layer.
pub(crate) const LAYERS: [(usize, usize); 3] = [(784, 128), (128, 128), (128, 10)];

/// A perceptron: weights `[out, in]` and biases.
pub(crate) struct Mlp(pub(crate) Vec<(Array2<f64>, Array1<f64>)>);

/// Numbers from -1 to 1 that look random.
fn noise(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

impl Mlp {
    /// First values, as He initialised them.
    pub(crate) fn new(seed: u64) -> Self {
        let mut state = seed;
        let layer = |(inputs, outputs): (usize, usize)| {
            let scale = (6.0 / inputs as f64).sqrt();
            (Array2::from_shape_simple_fn((outputs, inputs), || scale * noise(&mut state)), Array1::zeros(outputs))
        };
        Self(LAYERS.into_iter().map(layer).collect())
    }

    /// What each layer makes of `[rows, 784]`, the input first.
    fn activations(&self, x: ArrayView2<f64>) -> Vec<Array2<f64>> {
        let mut all = vec![x.to_owned()];
        for (at, (weight, bias)) in self.0.iter().enumerate() {
            let mut y = all[at].dot(&weight.t()) + bias;
            if at + 1 < self.0.len() {
                y.mapv_inplace(|y| y.max(0.0));
            }
            all.push(y);
        }
        all
    }

    /// Scores `[rows, 10]`.
    #[cfg(test)]
    pub(crate) fn scores(&self, x: ArrayView2<f64>) -> Array2<f64> {
        self.activations(x).pop().unwrap_or_default()
    }

    /// Stochastic gradient descent with softmax and cross-entropy.
    pub(crate) fn train(&mut self, rows: &Rows, epochs: usize, batch: usize, rate: f64) {
        let labels = rows.one_hot();
        for _ in 0..epochs {
            for (x, y) in rows.x.axis_chunks_iter(Axis(0), batch).zip(labels.axis_chunks_iter(Axis(0), batch)) {
                let values = self.activations(x);
                let mut gradient = values[values.len() - 1].clone();
                for mut row in gradient.rows_mut() {
                    let p = mpc::serve::softmax(row.as_slice().unwrap_or_default());
                    row.iter_mut().zip(p).for_each(|(x, p)| *x = p);
                }
                gradient = (gradient - y) / x.nrows() as f64;
                for at in (0..self.0.len()).rev() {
                    let (weight, bias) = &mut self.0[at];
                    let down = gradient.dot(weight) * values[at].mapv(|x| f64::from(x > 0.0));
                    *weight -= &(gradient.t().dot(&values[at]) * rate);
                    *bias -= &(gradient.sum_axis(Axis(0)) * rate);
                    gradient = down;
                }
            }
        }
    }
}
