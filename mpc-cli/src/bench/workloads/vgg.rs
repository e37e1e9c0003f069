//! VGG-16, forward and one step of training. Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image
//! Recognition (ICLR 2015). For CIFAR-10 in the form that papers on private training measure (CryptGPU, S&P 2021; Piranha,
//! USENIX Security 2022): means instead of largest values, and a smaller end, 512-256-256-10.

use super::Workload;
use crate::bench::{clear, data::Input};
use mpc_core::{Conv, Pool, Secret, Tensor};
use mpc_nn::{
    Module,
    layers::{AvgPool2d, Conv2d, Flatten, Layer, Linear, MaxPool2d, Relu, Sequential},
    optim::Sgd,
};
use ndarray::{Array2, Array4, ArrayD, Axis};
use std::rc::Rc;

/// Convolutions of each stage, before it is pooled, and how many times the width of the first stage they have.
const STAGES: [(usize, usize); 5] = [(2, 1), (2, 2), (3, 4), (3, 8), (3, 8)];
/// 1, so that the gradients are compared at their own size.
const RATE: f64 = 1.0;
/// Of a step of the tiny size, and of the full one. There a gradient of the first layers is a sum over 32768 places of a number up to 2
/// times one that is off by about a unit of the last place: 181 such deviations, some 2e-3, and the largest of millions of gradients is
/// off by five times that.
const TOLERANCE: [f64; 2] = [5e-3, 2e-2];

#[derive(Clone, Copy, PartialEq)]
enum Pooling {
    Largest,
    Mean,
}

/// Its convolutions, of 3 x 3 with padding, and then its fully connected layers; a ReLU after each but the last.
struct Network {
    batch: usize,
    /// Of the images, which are square.
    size: usize,
    pooling: Pooling,
    /// Channels before and after each convolution, and whether a pooling follows.
    convs: Vec<([usize; 2], bool)>,
    /// Sizes before and after.
    dense: Vec<[usize; 2]>,
}

impl Network {
    fn new(batch: usize, size: usize, width: usize, pooling: Pooling, ends: [usize; 3]) -> Self {
        let (mut convs, mut from) = (Vec::new(), 3);
        for (count, times) in STAGES {
            for number in 1..=count {
                convs.push(([from, width * times], number == count));
                from = width * times;
            }
        }
        let left = size >> STAGES.len();
        let dense = [[from * left * left, ends[0]], [ends[0], ends[1]], [ends[1], ends[2]]].to_vec();
        Self { batch, size, pooling, convs, dense }
    }

    /// For ImageNet.
    fn large(tiny: bool) -> Self {
        let (size, width, ends) = if tiny { (32, 2, [6, 6, 5]) } else { (224, 64, [4096, 4096, 1000]) };
        Self::new(1, size, width, Pooling::Largest, ends)
    }

    /// For CIFAR-10.
    fn small(batch: usize, tiny: bool) -> Self {
        let (width, ends) = if tiny { (2, [6, 6, 5]) } else { (64, [256, 256, 10]) };
        Self::new(batch, 32, width, Pooling::Mean, ends)
    }

    /// Shapes of the weights; each is followed by a bias of its first size.
    fn weights(&self) -> Vec<Vec<usize>> {
        let convs = self.convs.iter().map(|([from, to], _)| vec![*to, *from, 3, 3]);
        convs.chain(self.dense.iter().map(|[from, to]| vec![*to, *from])).collect()
    }

    /// Images and weights.
    fn inputs(&self) -> Vec<Input> {
        let mut inputs = vec![Input::data(&[self.batch, 3, self.size, self.size], -2.0, 2.0)];
        for shape in self.weights() {
            // He initialisation: what the ReLU takes away, the weight gives back.
            let bound = (6.0 / shape[1..].iter().product::<usize>() as f64).sqrt();
            inputs.extend([Input::weight(&shape, bound), Input::weight(&shape[..1], 0.1)]);
        }
        inputs
    }

    fn model(&self, weights: &[Tensor<Secret>]) -> Sequential {
        let mut pairs = weights.chunks(2).map(|pair| (pair[0].clone(), pair.get(1).cloned()));
        let mut model = Sequential::new();
        for ((_, pooled), (weight, bias)) in self.convs.iter().zip(&mut pairs) {
            model = model.then(Conv2d::new(weight, bias, Conv::default().padding(1))).then(Relu);
            model = match self.pooling {
                _ if !pooled => model,
                Pooling::Largest => model.then(MaxPool2d(Pool::new(2))),
                Pooling::Mean => model.then(AvgPool2d(Pool::new(2))),
            };
        }
        model = model.then(Flatten);
        for (number, (weight, bias)) in pairs.enumerate() {
            model = if number > 0 { model.then(Relu) } else { model };
            model = model.then(Linear::new(weight, bias));
        }
        model
    }

    /// Products of each layer for the whole batch.
    fn products(&self) -> Vec<u64> {
        let mut size = self.size;
        let mut products = Vec::new();
        for ([from, to], pooled) in &self.convs {
            products.push((self.batch * from * to * 9 * size * size) as u64);
            size = if *pooled { size / 2 } else { size };
        }
        products.extend(self.dense.iter().map(|[from, to]| (self.batch * from * to) as u64));
        products
    }

    fn forward(self, name: &'static str) -> Workload {
        let network = Rc::new(self);
        let (secret, clear) = (network.clone(), network.clone());
        Workload {
            name,
            about: format!("{}, forward", network.about()),
            inputs: network.inputs(),
            program: Box::new(move |s, x| s.no_grad(|| vec![secret.model(&x[1..]).forward(&x[0])])),
            clear: Box::new(move |x| vec![Clear::forward(&clear, x).logits.into_dyn()]),
            tolerance: 2e-3,
            products: network.products().iter().sum(),
        }
    }

    fn about(&self) -> String {
        let pooling = if self.pooling == Pooling::Mean { "mean" } else { "max" };
        let (Self { batch, size, convs, .. }, ends) = (self, self.dense.iter().map(|[_, to]| to.to_string()));
        let (width, ends) = (convs[0].0[1], ends.collect::<Vec<_>>().join("-"));
        format!("VGG-16 of width {width}, {pooling} pooling, ends {ends}, on [{batch}, 3, {size}, {size}]")
    }
}

/// The original network, on an image of ImageNet's size.
pub(super) fn imagenet(tiny: bool) -> Workload {
    Network::large(tiny).forward("vgg16")
}

/// On an image of CIFAR-10's size.
pub(super) fn cifar(tiny: bool) -> Workload {
    Network::small(1, tiny).forward("vgg16_cifar")
}

/// A step of gradient descent on the cross-entropy; its result is the new weights.
pub(super) fn train(tiny: bool) -> Workload {
    let network = Rc::new(Network::small(if tiny { 2 } else { 32 }, tiny));
    let (secret, clear, count) = (network.clone(), network.clone(), 2 * network.weights().len());
    let mut inputs = network.inputs();
    inputs.push(Input::labels(network.batch, network.dense[2][1]));
    let products = network.products();
    Workload {
        name: "vgg16_train",
        about: format!("{}, one step of SGD", network.about()),
        inputs,
        program: Box::new(move |s, x| {
            let mut model = secret.model(&x[1..=count]);
            let loss = model.forward(&x[0]).cross_entropy(&x[count + 1]);
            Sgd::new(RATE).step(s, &mut model, &loss.backward());
            model.parameters().into_iter().map(|(_, param)| (*param).clone()).collect()
        }),
        clear: Box::new(move |x| Clear::forward(&clear, x).step(&clear, x)),
        tolerance: TOLERANCE[usize::from(!tiny)],
        // Forward, and a product of the same size for each of the two gradients; none by the images.
        products: 3 * products.iter().sum::<u64>() - products[0],
    }
}

/// A forward pass on `f64`, with what the backward pass needs.
struct Clear {
    /// What goes into each convolution and what comes out, before the ReLU.
    convs: Vec<[Array4<f64>; 2]>,
    /// The same of the fully connected layers.
    dense: Vec<[Array2<f64>; 2]>,
    /// The shape of what was flattened.
    pooled: (usize, usize, usize, usize),
    logits: Array2<f64>,
}

impl Clear {
    fn forward(network: &Network, x: &[ArrayD<f64>]) -> Self {
        let (mut y, mut pairs) = (clear::images(&x[0]), x[1..].chunks(2));
        let mut convs = Vec::new();
        for ((_, pooled), pair) in network.convs.iter().zip(&mut pairs) {
            let out = clear::conv2d(&y, &pair[0], Some(&pair[1]), &Conv::default().padding(1));
            let positive = out.mapv(clear::relu);
            convs.push([y, out]);
            y = match network.pooling {
                _ if !pooled => positive,
                Pooling::Largest => clear::max_pool(&positive, &Pool::new(2)),
                Pooling::Mean => clear::mean_pool(&positive),
            };
        }
        let pooled = y.dim();
        let mut y = y.to_shape((pooled.0, pooled.1 * pooled.2 * pooled.3)).map(|y| y.to_owned()).unwrap_or_default();
        let mut dense: Vec<[Array2<f64>; 2]> = Vec::new();
        for pair in pairs.take(network.dense.len()) {
            let out = clear::linear(&y, &pair[0], &pair[1]);
            let positive = out.mapv(clear::relu);
            dense.push([y, out]);
            y = positive;
        }
        let logits = dense.last().map(|[_, out]| out.clone()).unwrap_or_default();
        Self { convs, dense, pooled, logits }
    }

    /// The weights after a step, of a network with means.
    fn step(&self, network: &Network, x: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
        let gradients = self.gradients(network, x);
        x[1..].iter().zip(gradients).map(|(weight, gradient)| weight - gradient * RATE).collect()
    }

    /// The gradients of the mean cross-entropy by all weights and biases, in their order.
    fn gradients(&self, network: &Network, x: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
        let count = network.weights().len();
        let labels = clear::matrix(&x[2 * count + 1]);
        let mut gradients = Vec::with_capacity(2 * count);
        // From the last layer to the first, so that each pair comes with its bias first.
        let mut dy = (clear::softmax(&self.logits) - &labels) / labels.nrows() as f64;
        for (number, [input, _]) in self.dense.iter().enumerate().rev() {
            gradients.push(dy.sum_axis(Axis(0)).into_dyn());
            gradients.push(dy.t().dot(input).into_dyn());
            dy = dy.dot(&clear::matrix(&x[1 + 2 * (self.convs.len() + number)]));
            if number > 0 {
                dy = dy * self.dense[number - 1][1].mapv(|out| f64::from(out > 0.0));
            }
        }
        let mut dy = dy.to_shape(self.pooled).map(|dy| dy.to_owned()).unwrap_or_default();
        for (number, ([input, out], (_, pooled))) in self.convs.iter().zip(&network.convs).enumerate().rev() {
            dy = if *pooled { clear::mean_pool_gradient(&dy) } else { dy };
            dy = dy * out.mapv(|out| f64::from(out > 0.0));
            let (before, weight) = clear::conv2d_gradients(input, &x[1 + 2 * number], &dy, [1, 1]);
            gradients.push(dy.sum_axis(Axis(3)).sum_axis(Axis(2)).sum_axis(Axis(0)).into_dyn());
            gradients.push(weight.into_dyn());
            dy = before;
        }
        gradients.reverse();
        gradients
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(network: &Network) -> usize {
        network.inputs()[1..].iter().map(|x| x.shape.iter().product::<usize>()).sum()
    }

    #[test]
    fn it_is_vgg_16() {
        let large = Network::large(false);
        // As in torchvision.
        assert_eq!(parameters(&large), 138_357_544);
        assert_eq!(large.products().iter().sum::<u64>(), 15_470_264_320);
        // The same convolutions, and an end of 512-256-256-10.
        let small = Network::small(32, false);
        assert_eq!(parameters(&small), 14_714_688 + 512 * 256 + 256 + 256 * 256 + 256 + 256 * 10 + 10);
        let ends = 512 * 256 + 256 * 256 + 256 * 10;
        assert_eq!(small.products().iter().sum::<u64>(), 32 * (313_196_544 + ends));
    }

    #[test]
    fn the_gradients_in_the_clear_are_finite_differences() {
        let network = Network::small(2, true);
        let mut inputs = network.inputs();
        inputs.push(Input::labels(2, 5));
        let x: Vec<_> = inputs.iter().enumerate().map(|(number, input)| input.array(number)).collect();
        let loss = |x: &[ArrayD<f64>]| {
            let chosen = clear::softmax(&Clear::forward(&network, x).logits) * clear::matrix(&x[x.len() - 1]);
            -chosen.sum_axis(Axis(1)).mapv(f64::ln).sum() / 2.0
        };
        let gradients = Clear::forward(&network, &x).gradients(&network, &x);
        assert_eq!(gradients.len(), inputs.len() - 2);
        let step = 1e-6;
        for (number, gradient) in gradients.iter().enumerate() {
            // The place where it matters most.
            let most = gradient.indexed_iter().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
            let (place, &found) = most.unwrap();
            let shifted = |by: f64| {
                let mut x = x.clone();
                x[number + 1][&place] += by;
                loss(&x)
            };
            let expected = (shifted(step) - shifted(-step)) / (2.0 * step);
            assert!(found.abs() > 1e-4, "{number}: {found}");
            assert!((found - expected).abs() < 1e-6 + 1e-4 * found.abs(), "{number}: {found} and {expected}");
        }
    }
}
