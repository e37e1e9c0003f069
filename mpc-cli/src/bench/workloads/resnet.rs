//! ResNet-18, forward. He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition (CVPR 2016). The batch
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

/// Two convolutions beside a shortcut, which has one of its own where the shape changes.
struct Block {
    convs: [Layer; 2],
    shortcut: Option<Layer>,
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
    fn new(width: usize, classes: usize) -> Self {
        let mut at = 1;
        let mut layer = |from, to, kernel: usize, stride| {
            at += 2;
            Layer { at: at - 2, from, to, kernel, options: Conv::default().stride(stride).padding(kernel / 2) }
        };
        let stem = layer(3, width, 7, 2);
        let mut blocks = Vec::new();
        for stage in 0..4 {
            let to = width << stage;
            for half in 0..2 {
                let first = half == 0 && stage > 0;
                let (from, stride) = if first { (to / 2, 2) } else { (to, 1) };
                let convs = [layer(from, to, 3, stride), layer(to, to, 3, 1)];
                blocks.push(Block { convs, shortcut: first.then(|| layer(from, to, 1, stride)) });
            }
        }
        Self { stem, blocks, linear: at, width: 8 * width, classes }
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
            // He initialisation, but smaller, so that the sums of eight blocks do not grow.
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
            let inner = conv(&conv(&y, &block.convs[0]).relu(), &block.convs[1]);
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
            let inner = conv(&conv(&y, &block.convs[0]).mapv(clear::relu), &block.convs[1]);
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
            let after = size.div_ceil(block.convs[0].options.stride[0]);
            products += of(size, &block.convs[0]) + of(after, &block.convs[1]);
            products += block.shortcut.as_ref().map_or(0, |layer| of(size, layer));
            size = after;
        }
        products + (self.width * self.classes) as u64
    }
}

/// The network, forward.
pub(super) fn forward(tiny: bool) -> Workload {
    let (width, classes, size) = if tiny { (2, 5, 32) } else { (64, 1000, 224) };
    let network = std::rc::Rc::new(Network::new(width, classes));
    let (secret, clear) = (network.clone(), network.clone());
    Workload {
        name: "resnet18",
        about: format!("ResNet-18 of width {width} on [1, 3, {size}, {size}], batch norms folded, forward"),
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

    #[test]
    fn it_is_resnet_18() {
        let network = Network::new(64, 1000);
        assert_eq!(network.layers().count(), 20);
        let parameters: usize = network.inputs(224)[1..].iter().map(|x| x.shape.iter().product::<usize>()).sum();
        // 11,689,512 in torchvision, where a folded norm has twice as many as its bias: 4800 channels.
        assert_eq!(parameters, 11_689_512 - 4800);
        assert_eq!(network.products(224), 1_814_073_344);
    }
}
