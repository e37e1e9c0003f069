//! ResNet-18 and ResNet-50, forward. He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition (CVPR 2016). The batch
//! normalisations are folded into the convolutions before them, as the owner of a trained model does in the clear.

use super::Workload;
use crate::bench::{clear, data::Input};
use mpc_core::{Conv, Pool, Secret, Session, Tensor};
use mpc_nn::Linear;
use ndarray::{Array4, ArrayD, Axis};

/// A convolution: the number of its weight among the inputs, its sizes and how it slides.
#[derive(Clone, Copy)]
struct Layer {
    at: usize,
    from: usize,
    to: usize,
    kernel: usize,
    options: Conv,
}

/// Convolutions with ReLUs between them, beside a shortcut, which has a convolution of its own where the shape changes.
struct Block {
    convs: Vec<Layer>,
    shortcut: Option<Layer>,
}

/// What the blocks of a network are.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Two convolutions of 3 x 3.
    Basic,
    /// 1 x 1, 3 x 3, and 1 x 1 to four times as many channels; the stride is that of 3 x 3, as in torchvision.
    Bottleneck,
}

struct Network {
    stem: Layer,
    blocks: Vec<Block>,
    /// The number of the last weight among the inputs.
    linear: usize,
    width: usize,
    classes: usize,
}

impl Network {
    fn new(kind: Kind, depths: [usize; 4], width: usize, classes: usize) -> Self {
        let mut at = 1;
        let mut layer = |from, to, kernel: usize, stride| {
            at += 2;
            Layer { at: at - 2, from, to, kernel, options: Conv::default().stride(stride).padding(kernel / 2) }
        };
        let stem = layer(3, width, 7, 2);
        let (mut blocks, mut from) = (Vec::new(), width);
        for (stage, depth) in depths.into_iter().enumerate() {
            let inner = width << stage;
            let to = if kind == Kind::Bottleneck { 4 * inner } else { inner };
            for number in 0..depth {
                let stride = if number == 0 && stage > 0 { 2 } else { 1 };
                let convs = match kind {
                    Kind::Basic => vec![layer(from, inner, 3, stride), layer(inner, to, 3, 1)],
                    Kind::Bottleneck => {
                        vec![layer(from, inner, 1, 1), layer(inner, inner, 3, stride), layer(inner, to, 1, 1)]
                    }
                };
                let changes = from != to || stride > 1;
                blocks.push(Block { convs, shortcut: changes.then(|| layer(from, to, 1, stride)) });
                from = to;
            }
        }
        Self { stem, blocks, linear: at, width: from, classes }
    }

    fn layers(&self) -> impl Iterator<Item = &Layer> {
        let of_block = |block| -> Vec<&Layer> {
            let Block { convs, shortcut }: &Block = block;
            convs.iter().chain(shortcut).collect()
        };
        std::iter::once(&self.stem).chain(self.blocks.iter().flat_map(of_block))
    }

    fn inputs(&self, size: usize) -> Vec<Input> {
        let mut inputs = vec![Input::data(&[1, 3, size, size], -2.0, 2.0)];
        for layer in self.layers() {
            // He initialisation, but smaller, so that the sums of the blocks do not grow.
            let bound = (3.0 / (layer.from * layer.kernel * layer.kernel) as f64).sqrt();
            inputs.push(Input::weight(&[layer.to, layer.from, layer.kernel, layer.kernel], bound));
            inputs.push(Input::weight(&[layer.to], 0.1));
        }
        let bound = 1.0 / (self.width as f64).sqrt();
        inputs.extend([Input::weight(&[self.classes, self.width], bound), Input::weight(&[self.classes], bound)]);
        inputs
    }

    fn secret(&self, s: &Session, x: &[Tensor<Secret>]) -> Tensor<Secret> {
        let conv = |y: &Tensor<Secret>, l: &Layer| y.conv2d_plus(&x[l.at], &x[l.at + 1], &l.options);
        let stem = s.scope("stem");
        let mut y = conv(&x[0], &self.stem).relu().max_pool2d(&Pool::new(3).stride(2).padding(1));
        drop(stem);
        for (number, block) in self.blocks.iter().enumerate() {
            let _scope = s.scope(&format!("block{number}"));
            let then = |x: Tensor<Secret>, layer: &Layer| conv(&x.relu(), layer);
            let inner = block.convs[1..].iter().fold(conv(&y, &block.convs[0]), then);
            let shortcut = block.shortcut.as_ref().map_or_else(|| y.clone(), |layer| conv(&y, layer));
            y = (inner + shortcut).relu();
        }
        let pooled = y.global_avg_pool().flatten(1);
        Linear::new(x[self.linear].clone(), Some(x[self.linear + 1].clone())).forward(&pooled)
    }

    fn clear(&self, x: &[ArrayD<f64>]) -> ArrayD<f64> {
        let conv = |y: &Array4<f64>, l: &Layer| clear::conv2d(y, &x[l.at], Some(&x[l.at + 1]), &l.options);
        let stem = conv(&clear::images(&x[0]), &self.stem).mapv(clear::relu);
        let mut y = clear::max_pool(&stem, &Pool::new(3).stride(2).padding(1));
        for block in &self.blocks {
            let then = |x: Array4<f64>, layer: &Layer| conv(&x.mapv(clear::relu), layer);
            let inner = block.convs[1..].iter().fold(conv(&y, &block.convs[0]), then);
            let shortcut = block.shortcut.as_ref().map_or_else(|| y.clone(), |layer| conv(&y, layer));
            y = (inner + shortcut).mapv(clear::relu);
        }
        let area = (y.dim().2 * y.dim().3) as f64;
        let pooled = y.sum_axis(Axis(3)).sum_axis(Axis(2)) / area;
        clear::linear(&pooled, &x[self.linear], &x[self.linear + 1]).into_dyn()
    }

    fn products(&self, size: usize) -> u64 {
        let area = |size: usize, l: &Layer| (size.div_ceil(l.options.stride[0])).pow(2);
        let of = |size: usize, l: &Layer| (l.to * l.from * l.kernel * l.kernel * area(size, l)) as u64;
        let mut products = of(size, &self.stem);
        let mut size = size.div_ceil(4);
        for block in &self.blocks {
            products += block.shortcut.as_ref().map_or(0, |layer| of(size, layer));
            for layer in &block.convs {
                products += of(size, layer);
                size = size.div_ceil(layer.options.stride[0]);
            }
        }
        products + (self.width * self.classes) as u64
    }
}

/// ResNet-18, forward.
pub(super) fn eighteen(tiny: bool) -> Workload {
    forward("resnet18", "ResNet-18", Kind::Basic, [2, 2, 2, 2], tiny)
}

/// ResNet-50, forward.
pub(super) fn fifty(tiny: bool) -> Workload {
    forward("resnet50", "ResNet-50", Kind::Bottleneck, [3, 4, 6, 3], tiny)
}

fn forward(name: &'static str, title: &str, kind: Kind, depths: [usize; 4], tiny: bool) -> Workload {
    let (width, classes, size) = if tiny { (2, 5, 32) } else { (64, 1000, 224) };
    let network = std::rc::Rc::new(Network::new(kind, depths, width, classes));
    let (secret, clear) = (network.clone(), network.clone());
    Workload {
        name,
        about: format!("{title} of width {width} on [1, 3, {size}, {size}], batch norms folded, forward"),
        inputs: network.inputs(size),
        program: Box::new(move |s, x| vec![secret.secret(s, x)]),
        clear: Box::new(move |x| vec![clear.clear(x)]),
        tolerance: 5e-3,
        products: network.products(size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(network: &Network) -> usize {
        network.inputs(224)[1..].iter().map(|x| x.shape.iter().product::<usize>()).sum()
    }

    #[test]
    fn they_are_resnets() {
        // Parameters of torchvision's, where a folded norm has twice as many as its bias: one more for each channel.
        let network = Network::new(Kind::Basic, [2, 2, 2, 2], 64, 1000);
        assert_eq!(network.layers().count(), 20);
        assert_eq!(parameters(&network), 11_689_512 - 4800);
        assert_eq!(network.products(224), 1_814_073_344);
        let network = Network::new(Kind::Bottleneck, [3, 4, 6, 3], 64, 1000);
        assert_eq!(network.layers().count(), 53);
        assert_eq!(parameters(&network), 25_557_032 - 26_560);
        assert_eq!(network.products(224), 4_089_184_256);
    }
}
