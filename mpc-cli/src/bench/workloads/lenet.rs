//! LeNet for 28 x 28 images, forward and one step of training:
//! Conv(1,20,5)-ReLU-MaxPool2-Conv(20,50,5)-ReLU-MaxPool2-FC(800,500)-ReLU-FC(500,10).

use super::Workload;
use crate::bench::{clear, data::Input};
use mpc_core::{Conv, Pool, Secret, Session, Tensor};
use mpc_nn::{Linear, Module, Param, Visitor, VisitorMut, optim::Sgd};
use ndarray::{Array2, Array4, ArrayD, Axis};

/// Shapes of the weights; each is followed by a bias of its first size.
const WEIGHTS: [&[usize]; 4] = [&[20, 1, 5, 5], &[50, 20, 5, 5], &[500, 800], &[10, 500]];
/// Products of an image.
const PRODUCTS: u64 = 20 * 24 * 24 * 25 + 50 * 8 * 8 * 500 + 800 * 500 + 5000;
const RATE: f64 = 0.0625;

struct LeNet {
    conv1: [Param; 2],
    conv2: [Param; 2],
    fc1: Linear,
    fc2: Linear,
}

impl LeNet {
    fn new(w: &[Tensor<Secret>]) -> Self {
        let conv = |at: usize| [Param::new(w[at].clone()), Param::new(w[at + 1].clone())];
        let linear = |at: usize| Linear::new(w[at].clone(), Some(w[at + 1].clone()));
        Self { conv1: conv(0), conv2: conv(2), fc1: linear(4), fc2: linear(6) }
    }

    fn forward(&self, s: &Session, x: &Tensor<Secret>) -> Tensor<Secret> {
        let conv = |name, x: &Tensor<Secret>, [weight, bias]: &[Param; 2]| {
            let _scope = s.scope(name);
            x.conv2d_plus(weight, bias, &Conv::default()).relu().max_pool2d(&Pool::new(2))
        };
        let x = conv("conv1", x, &self.conv1);
        let x = conv("conv2", &x, &self.conv2).flatten(1);
        self.fc2.forward(&self.fc1.forward(&x).relu())
    }
}

impl Module for LeNet {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        for (name, [weight, bias]) in [("conv1", &self.conv1), ("conv2", &self.conv2)] {
            let mut visitor = visitor.enter(name);
            weight.visit(&mut visitor.enter("weight"));
            bias.visit(&mut visitor.enter("bias"));
        }
        self.fc1.visit(&mut visitor.enter("fc1"));
        self.fc2.visit(&mut visitor.enter("fc2"));
    }

    fn visit_mut(&mut self, visitor: &mut VisitorMut<'_>) {
        for (name, [weight, bias]) in [("conv1", &mut self.conv1), ("conv2", &mut self.conv2)] {
            let mut visitor = visitor.enter(name);
            weight.visit_mut(&mut visitor.enter("weight"));
            bias.visit_mut(&mut visitor.enter("bias"));
        }
        self.fc1.visit_mut(&mut visitor.enter("fc1"));
        self.fc2.visit_mut(&mut visitor.enter("fc2"));
    }
}

/// Images and weights.
fn inputs(batch: usize) -> Vec<Input> {
    let mut inputs = vec![Input::data(&[batch, 1, 28, 28], 0.0, 1.0)];
    for shape in WEIGHTS {
        let bound = 1.0 / (shape[1..].iter().product::<usize>() as f64).sqrt();
        inputs.extend([Input::weight(shape, bound), Input::weight(&shape[..1], bound)]);
    }
    inputs
}

/// The network, forward.
pub(super) fn forward(name: &'static str, batch: usize) -> Workload {
    Workload {
        name,
        about: format!("LeNet for 28 x 28, batch {batch}, forward"),
        inputs: inputs(batch),
        program: Box::new(|s, x| s.no_grad(|| vec![LeNet::new(&x[1..]).forward(s, &x[0])])),
        clear: Box::new(|x| vec![Clear::forward(x).logits.into_dyn()]),
        tolerance: 5e-4,
        products: batch as u64 * PRODUCTS,
    }
}

/// A step of gradient descent on the cross-entropy; its result is the new weights.
pub(super) fn train(batch: usize) -> Workload {
    let mut inputs = inputs(batch);
    inputs.push(Input::labels(batch, 10));
    Workload {
        name: "lenet_train",
        about: format!("LeNet for 28 x 28, batch {batch}, one step of SGD"),
        inputs,
        program: Box::new(|s, x| {
            let (weights, labels) = (&x[1..9], &x[9]);
            let mut model = LeNet::new(weights);
            let loss = model.forward(s, &x[0]).cross_entropy(labels);
            Sgd::new(RATE).step(s, &mut model, &loss.backward());
            model.parameters().into_iter().map(|(_, param)| (*param).clone()).collect()
        }),
        clear: Box::new(|x| Clear::forward(x).step(x)),
        // Where two of a window or a value and zero are equal to the last place, the gradient may go the other way.
        tolerance: 1e-3,
        // Forward, and a product of the same size for each of the two gradients; none by the images.
        products: batch as u64 * (3 * PRODUCTS - 20 * 24 * 24 * 25),
    }
}

/// A forward pass on `f64`, with what the backward pass needs.
struct Clear {
    /// Before the ReLU.
    conv: [Array4<f64>; 2],
    pooled: [Array4<f64>; 2],
    at: [Array4<(usize, usize)>; 2],
    flat: Array2<f64>,
    hidden: Array2<f64>,
    logits: Array2<f64>,
}

impl Clear {
    fn forward(x: &[ArrayD<f64>]) -> Self {
        let o = Conv::default();
        let pool = |y: &Array4<f64>| clear::max_pool_at(&y.mapv(clear::relu), &Pool::new(2));
        let first = clear::conv2d(&clear::images(&x[0]), &x[1], Some(&x[2]), &o);
        let (pooled1, at1) = pool(&first);
        let second = clear::conv2d(&pooled1, &x[3], Some(&x[4]), &o);
        let (pooled2, at2) = pool(&second);
        let n = pooled2.dim().0;
        let flat = pooled2.to_shape((n, 800)).map(|x| x.to_owned()).unwrap_or_default();
        let hidden = clear::linear(&flat, &x[5], &x[6]);
        let logits = clear::linear(&hidden.mapv(clear::relu), &x[7], &x[8]);
        Self { conv: [first, second], pooled: [pooled1, pooled2], at: [at1, at2], flat, hidden, logits }
    }

    /// The weights after a step.
    fn step(&self, x: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
        let n = self.logits.nrows() as f64;
        let dlogits = (clear::softmax(&self.logits) - clear::matrix(&x[9])) / n;
        let rows = |d: &Array2<f64>| d.sum_axis(Axis(0)).into_dyn();
        let masked = |d: Array2<f64>, y: &Array2<f64>| d * y.mapv(|y| f64::from(y > 0.0));
        let dhidden = masked(dlogits.dot(&clear::matrix(&x[7])), &self.hidden);
        let dflat = dhidden.dot(&clear::matrix(&x[5]));
        let dpooled2 = dflat.to_shape(self.pooled[1].dim()).map(|x| x.to_owned()).unwrap_or_default();
        let dsecond = self.unpool(1, &dpooled2);
        let (dpooled1, dw2) = clear::conv2d_gradients(&self.pooled[0], &x[3], &dsecond, [0, 0]);
        let dfirst = self.unpool(0, &dpooled1);
        let (_, dw1) = clear::conv2d_gradients(&clear::images(&x[0]), &x[1], &dfirst, [0, 0]);
        let planes = |d: &Array4<f64>| d.sum_axis(Axis(3)).sum_axis(Axis(2)).sum_axis(Axis(0)).into_dyn();
        let gradients = [
            dw1.into_dyn(),
            planes(&dfirst),
            dw2.into_dyn(),
            planes(&dsecond),
            dhidden.t().dot(&self.flat).into_dyn(),
            rows(&dhidden),
            dlogits.t().dot(&self.hidden.mapv(clear::relu)).into_dyn(),
            rows(&dlogits),
        ];
        x[1..9].iter().zip(gradients).map(|(weight, gradient)| weight - gradient * RATE).collect()
    }

    /// The gradient before a ReLU and a pooling: to where the largest was, unless that is negative.
    fn unpool(&self, layer: usize, dy: &Array4<f64>) -> Array4<f64> {
        let mut dx = Array4::zeros(self.conv[layer].dim());
        for ((n, c, i, j), dy) in dy.indexed_iter() {
            let (row, column) = self.at[layer][(n, c, i, j)];
            if self.conv[layer][(n, c, row, column)] > 0.0 {
                dx[(n, c, row, column)] += dy;
            }
        }
        dx
    }
}
