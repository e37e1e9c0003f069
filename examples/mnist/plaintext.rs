//! The same training in the clear, on `f32`: what the secure training is compared with.

use crate::{
    data::Rows,
    networks::{Network, Part, first_values},
};
use mpc::nn::optim::Schedule;
use ndarray::{Array1, Array2, ArrayView2, Axis, s};

/// How a training goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) network: Network,
    pub(crate) epochs: u64,
    pub(crate) batch: usize,
    pub(crate) lr: f64,
    pub(crate) momentum: f64,
    pub(crate) cosine: bool,
    pub(crate) seed: u64,
}

impl Plan {
    /// The steps of a training on so many rows.
    pub(crate) fn steps(&self, rows: usize) -> u64 {
        self.epochs * rows.div_ceil(self.batch) as u64
    }

    /// The factor of the learning rate.
    pub(crate) fn schedule(&self, rows: usize) -> Schedule {
        if self.cosine { Schedule::cosine(self.steps(rows), 0.0) } else { Schedule::constant() }
    }
}

/// A network of layers that each take and give rows, one an image.
struct Net(Vec<Layer>);

/// A layer, and what it remembers from forward to backward.
enum Layer {
    Dense {
        weights: Weights,
        input: Array2<f32>,
    },
    Conv {
        weights: Weights,
        of: Windows,
        columns: Array2<f32>,
    },
    /// Channels and the sides of the images; which of its inputs each output came from.
    Pool {
        channels: usize,
        side: usize,
        from: Vec<usize>,
    },
    Relu {
        positive: Array2<f32>,
    },
}

/// W `[outputs, inputs]` and b, and their velocities.
struct Weights {
    w: Array2<f32>,
    b: Array1<f32>,
    velocity: Option<(Array2<f32>, Array1<f32>)>,
}

impl Weights {
    fn update(&mut self, gradient: (Array2<f32>, Array1<f32>), lr: f32, momentum: f32) {
        let velocity = match self.velocity.take() {
            Some((w, b)) => (w * momentum + gradient.0, b * momentum + gradient.1),
            None => gradient,
        };
        self.w.scaled_add(-lr, &velocity.0);
        self.b.scaled_add(-lr, &velocity.1);
        self.velocity = Some(velocity);
    }
}

/// The windows that a convolution sees.
#[derive(Clone, Copy)]
struct Windows {
    channels: usize,
    side: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
}

impl Windows {
    fn output(self) -> usize {
        (self.side + 2 * self.padding - self.kernel) / self.stride + 1
    }

    /// Calls `each(row of the windows, column of the windows, pixel of the image)` for all of an image that are not padding.
    fn pixels(self, mut each: impl FnMut(usize, usize, usize)) {
        let Self { channels, side, kernel, stride, padding } = self;
        let output = self.output();
        let at = |out: usize, k: usize| (out * stride + k).checked_sub(padding).filter(|at| *at < side);
        for (p, q) in (0..output * output).map(|at| (at / output, at % output)) {
            for (channel, k, l) in offsets(channels, kernel) {
                if let (Some(row), Some(column)) = (at(p, k), at(q, l)) {
                    let pixel = (channel * side + row) * side + column;
                    each(p * output + q, (channel * kernel + k) * kernel + l, pixel);
                }
            }
        }
    }

    /// The windows of all images as rows: `[images * output^2, channels * kernel^2]`.
    fn columns(self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        let places = self.output().pow(2);
        let mut columns = Array2::zeros((x.nrows() * places, self.channels * self.kernel.pow(2)));
        for (image, mut rows) in x.rows().into_iter().zip(columns.axis_chunks_iter_mut(Axis(0), places)) {
            self.pixels(|row, column, pixel| rows[[row, column]] = image[pixel]);
        }
        columns
    }

    /// The sum of windows, back at their places.
    fn images(self, columns: &Array2<f32>) -> Array2<f32> {
        let places = self.output().pow(2);
        let mut x = Array2::zeros((columns.nrows() / places, self.channels * self.side.pow(2)));
        for (mut image, rows) in x.rows_mut().into_iter().zip(columns.axis_chunks_iter(Axis(0), places)) {
            self.pixels(|row, column, pixel| image[pixel] += rows[[row, column]]);
        }
        x
    }
}

fn offsets(channels: usize, kernel: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..channels).flat_map(move |c| (0..kernel).flat_map(move |k| (0..kernel).map(move |l| (c, k, l))))
}

/// `[images * places, channels]` as `[images, channels * places]`.
fn channels_first(x: Array2<f32>, places: usize) -> Array2<f32> {
    let (images, channels) = (x.nrows() / places, x.ncols());
    Array2::from_shape_fn((images, channels * places), |(n, at)| x[[n * places + at % places, at / places]])
}

/// And back.
fn channels_last(x: &Array2<f32>, places: usize) -> Array2<f32> {
    let channels = x.ncols() / places;
    Array2::from_shape_fn((x.nrows() * places, channels), |(row, c)| x[[row / places, c * places + row % places]])
}

impl Layer {
    fn forward(&mut self, x: Array2<f32>) -> Array2<f32> {
        match self {
            Self::Dense { weights, input } => {
                let y = x.dot(&weights.w.t()) + &weights.b;
                *input = x;
                y
            }
            Self::Conv { weights, of, columns } => {
                *columns = of.columns(x.view());
                channels_first(columns.dot(&weights.w.t()) + &weights.b, of.output().pow(2))
            }
            Self::Pool { channels, side, from } => {
                let (half, channels, side) = (*side / 2, *channels, *side);
                from.clear();
                Array2::from_shape_fn((x.nrows(), channels * half * half), |(n, at)| {
                    let (channel, row, column) = (at / (half * half), at / half % half, at % half);
                    let corner = (channel * side + 2 * row) * side + 2 * column;
                    let four = [corner, corner + 1, corner + side, corner + side + 1];
                    let best =
                        four.into_iter().fold(corner, |best, at| if x[[n, at]] > x[[n, best]] { at } else { best });
                    from.push(best);
                    x[[n, best]]
                })
            }
            Self::Relu { positive } => {
                *positive = x.mapv(|x| f32::from(x > 0.0));
                x * &*positive
            }
        }
    }

    /// The gradient of the input from that of the output; moves the weights.
    fn backward(&mut self, dy: Array2<f32>, lr: f32, momentum: f32) -> Array2<f32> {
        match self {
            Self::Dense { weights, input } => {
                let dx = dy.dot(&weights.w);
                weights.update((dy.t().dot(input), dy.sum_axis(Axis(0))), lr, momentum);
                dx
            }
            Self::Conv { weights, of, columns } => {
                let dy = channels_last(&dy, of.output().pow(2));
                let dx = of.images(&dy.dot(&weights.w));
                weights.update((dy.t().dot(columns), dy.sum_axis(Axis(0))), lr, momentum);
                dx
            }
            Self::Pool { channels, side, from } => {
                let mut dx = Array2::zeros((dy.nrows(), *channels * *side * *side));
                let width = dy.ncols();
                for (at, (dy, from)) in dy.iter().zip(from).enumerate() {
                    dx[[at / width, *from]] += dy;
                }
                dx
            }
            Self::Relu { positive } => dy * &*positive,
        }
    }
}

impl Net {
    fn new(network: Network, seed: u64) -> Self {
        let mut values = first_values(network, seed).into_iter();
        let mut next = |shape: &[usize]| -> Array1<f32> {
            let values: Array1<f32> = values.next().unwrap_or_default().into_iter().map(|x| x as f32).collect();
            assert_eq!(values.len(), shape.iter().product::<usize>());
            values
        };
        let (mut layers, mut side, mut channels) = (Vec::new(), 28, 1);
        for part in network.parts() {
            let weights = part.weight().map(|shape| {
                let inputs: usize = shape[1..].iter().product();
                let w = next(&shape).into_shape_with_order((shape[0], inputs)).expect("the shape of these values");
                Weights { w, b: next(&shape[..1]), velocity: None }
            });
            match (part, weights) {
                (Part::Conv([_, outputs, kernel, stride, padding]), Some(weights)) => {
                    let of = Windows { channels, side, kernel, stride, padding };
                    layers.push(Layer::Conv { weights, of, columns: Array2::default((0, 0)) });
                    layers.push(Layer::Relu { positive: Array2::default((0, 0)) });
                    (side, channels) = (of.output(), outputs);
                }
                (Part::Linear(_, relu), Some(weights)) => {
                    layers.push(Layer::Dense { weights, input: Array2::default((0, 0)) });
                    if relu {
                        layers.push(Layer::Relu { positive: Array2::default((0, 0)) });
                    }
                }
                _ => {
                    layers.push(Layer::Pool { channels, side, from: Vec::new() });
                    side /= 2;
                }
            }
        }
        Self(layers)
    }

    fn forward(&mut self, x: ArrayView2<'_, f64>) -> Array2<f32> {
        self.0.iter_mut().fold(x.mapv(|x| x as f32), |x, layer| layer.forward(x))
    }

    /// A step of SGD on the mean cross-entropy of a batch.
    fn step(&mut self, x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>, lr: f32, momentum: f32) {
        let rows = x.nrows() as f32;
        let mut gradient = self.forward(x);
        for (mut logits, target) in gradient.rows_mut().into_iter().zip(y.rows()) {
            let largest = logits.fold(f32::MIN, |a, b| a.max(*b));
            logits.mapv_inplace(|x| (x - largest).exp());
            let sum = logits.sum();
            logits.zip_mut_with(&target, |e, y| *e = (*e / sum - *y as f32) / rows);
        }
        self.0.iter_mut().rev().fold(gradient, |dy, layer| layer.backward(dy, lr, momentum));
    }

    /// The share of rows that it gets right.
    fn accuracy(&mut self, rows: &Rows) -> f64 {
        let mut right = 0;
        for start in (0..rows.y.len()).step_by(250) {
            let end = rows.y.len().min(start + 250);
            let logits = self.forward(rows.x.slice(s![start..end, ..]));
            for (logits, y) in logits.rows().into_iter().zip(rows.y.slice(s![start..end])) {
                let best = (0..logits.len()).fold(0, |best, at| if logits[at] > logits[best] { at } else { best });
                right += usize::from(best as f64 == *y);
            }
        }
        right as f64 / rows.y.len() as f64
    }
}

/// Trains on consecutive batches in the order of the rows, and calls `each` with the accuracy on the test after every epoch.
pub(crate) fn train(plan: &Plan, train: &Rows, test: &Rows, mut each: impl FnMut(f64)) {
    let mut net = Net::new(plan.network, plan.seed);
    let (targets, schedule, mut done) = (train.one_hot(), plan.schedule(train.y.len()), 0);
    for _ in 0..plan.epochs {
        let batches = train.x.axis_chunks_iter(Axis(0), plan.batch).zip(targets.axis_chunks_iter(Axis(0), plan.batch));
        for (x, y) in batches {
            net.step(x, y, (plan.lr * schedule.factor(done)) as f32, plan.momentum as f32);
            done += 1;
        }
        each(net.accuracy(test));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;

    /// The mean cross-entropy of a network with one weight moved.
    fn loss(network: Network, moved: Option<(usize, f32)>, rows: &Rows) -> f64 {
        let mut net = Net::new(network, 3);
        if let (Some((at, by)), Layer::Conv { weights, .. } | Layer::Dense { weights, .. }) = (moved, &mut net.0[0]) {
            weights.w.as_slice_mut().unwrap()[at] += by;
        }
        let logits = net.forward(rows.x.view()).mapv(f64::from);
        let each = logits.rows().into_iter().zip(&rows.y).map(|(row, y)| {
            let largest = row.fold(f64::MIN, |a, b| a.max(*b));
            row.mapv(|x| (x - largest).exp()).sum().ln() + largest - row[*y as usize]
        });
        each.sum::<f64>() / rows.y.len() as f64
    }

    /// Finite differences of the first layer's weights: the gradient has come through all layers.
    #[test]
    fn the_first_layers_gradient_is_that_of_the_loss() {
        let rows = data::sample().train.first(Some(4));
        for network in [Network::Mlp, Network::Minionn, Network::Sarda] {
            let mut net = Net::new(network, 3);
            net.step(rows.x.view(), rows.one_hot().view(), 1.0, 0.0);
            let (Layer::Conv { weights, .. } | Layer::Dense { weights, .. }) = &net.0[0] else { unreachable!() };
            let (gradient, _) = weights.velocity.as_ref().unwrap();
            let largest = (0..gradient.len()).max_by(|a, b| {
                let of = |at: &usize| gradient.as_slice().unwrap()[*at].abs();
                of(a).total_cmp(&of(b))
            });
            let at = largest.unwrap();
            let step = 1e-3;
            let slope = (loss(network, Some((at, step)), &rows) - loss(network, Some((at, -step)), &rows)) / 2e-3;
            let gradient = f64::from(gradient.as_slice().unwrap()[at]);
            assert!((slope - gradient).abs() < 0.02 * gradient.abs(), "{network:?}: {slope} {gradient}");
        }
    }
}
