//! The networks of the papers, and the recipes that they are trained with.

use crate::data::{CLASSES, PIXELS};
use mpc::{
    core::{Conv, Pool},
    nn::{init, layers::Conv2d},
    prelude::*,
};

/// 784-128-128-10.
#[secure_model]
pub(crate) struct Mlp {
    fc1: Linear,
    fc2: Linear,
    fc3: Linear,
}

#[secure_model]
impl Mlp {
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let x = self.fc1(x).relu();
        let x = self.fc2(x).relu();
        self.fc3(x)
    }
}

/// Two convolutions, each with a ReLU and a pooling, and two fully connected layers.
#[secure_model]
pub(crate) struct LeNet {
    conv1: Conv2d,
    conv2: Conv2d,
    fc1: Linear,
    fc2: Linear,
}

#[secure_model]
impl LeNet {
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let x = x.reshape([x.shape().dims()[0], 1, 28, 28]);
        let x = self.conv1.forward(&x).relu().max_pool2d(&Pool::new(2));
        let x = self.conv2.forward(&x).relu().max_pool2d(&Pool::new(2));
        let x = self.fc1(x.flatten(1)).relu();
        self.fc2(x)
    }
}

/// A convolution with stride 2 and two fully connected layers.
#[secure_model]
pub(crate) struct Sarda {
    conv: Conv2d,
    fc1: Linear,
    fc2: Linear,
}

#[secure_model]
impl Sarda {
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let x = x.reshape([x.shape().dims()[0], 1, 28, 28]);
        let x = self.conv.forward(&x).relu();
        let x = self.fc1(x.flatten(1)).relu();
        self.fc2(x)
    }
}

macro_rules! layers {
    ($($model:ty),+) => {$(
        impl Layer for $model {
            #[track_caller]
            fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
                self.forward(x)
            }
        }
    )+};
}
layers!(Mlp, LeNet, Sarda);

/// A network with a recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, launch::clap::ValueEnum)]
pub(crate) enum Network {
    /// Network A, 784-128-128-10, with momentum and a falling learning rate
    Mlp,
    /// Network A as SecureML and SecureNN trained it: plain SGD at 2^-7, 15 epochs
    Secureml,
    /// Network B of MiniONN: two convolutions of 16 channels, 100 neurons
    Minionn,
    /// Network C, LeNet: convolutions of 20 and 50 channels, 500 neurons
    Lenet,
    /// Network D of Chameleon and Sarda: one convolution of 5 channels and stride 2, 100 neurons
    Sarda,
}

/// How a network is trained if no flag says otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipe {
    pub(crate) epochs: u64,
    pub(crate) lr: f64,
    pub(crate) momentum: f64,
    /// Whether the learning rate falls to zero along half a cosine.
    pub(crate) cosine: bool,
}

/// A layer of a network, as both sides build it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// Input channels, output channels, kernel, stride, padding; a ReLU follows.
    Conv([usize; 5]),
    /// The largest of 2 x 2.
    Pool,
    /// Inputs, outputs; whether a ReLU follows.
    Linear([usize; 2], bool),
}

impl Part {
    /// The shape of its weight, if it has one; its bias has the first of these sizes.
    pub(crate) fn weight(self) -> Option<Vec<usize>> {
        match self {
            Self::Conv([inputs, outputs, kernel, ..]) => Some(vec![outputs, inputs, kernel, kernel]),
            Self::Linear([inputs, outputs], _) => Some(vec![outputs, inputs]),
            Self::Pool => None,
        }
    }
}

/// The first values of a network.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start {
    /// Those that follow from a seed, known to everybody.
    Public(u64),
    /// Drawn on shares, known to nobody.
    Secret,
}

impl Network {
    pub(crate) fn recipe(self) -> Recipe {
        let (epochs, lr, momentum, cosine) = match self {
            Self::Mlp => (5, 0.1, 0.9, true),
            Self::Secureml => (15, 1.0 / 128.0, 0.0, false),
            Self::Minionn | Self::Lenet | Self::Sarda => (5, 0.05, 0.9, true),
        };
        Recipe { epochs, lr, momentum, cosine }
    }

    /// The layers in their order.
    pub(crate) fn parts(self) -> Vec<Part> {
        use Part::{Conv, Linear, Pool};
        match self {
            Self::Mlp | Self::Secureml => {
                vec![Linear([PIXELS, 128], true), Linear([128, 128], true), Linear([128, CLASSES], false)]
            }
            Self::Minionn | Self::Lenet => {
                let (first, second, hidden) = if self == Self::Lenet { (20, 50, 500) } else { (16, 16, 100) };
                let conv = |inputs, outputs| Conv([inputs, outputs, 5, 1, 0]);
                let dense = [Linear([16 * second, hidden], true), Linear([hidden, CLASSES], false)];
                vec![conv(1, first), Pool, conv(first, second), Pool, dense[0], dense[1]]
            }
            Self::Sarda => {
                vec![Conv([1, 5, 5, 2, 2]), Linear([5 * 14 * 14, 100], true), Linear([100, CLASSES], false)]
            }
        }
    }

    /// How many images are tested at once: a session keeps all that it computes of them until they are done.
    pub(crate) fn tested_at_once(self) -> usize {
        match self {
            Self::Mlp | Self::Secureml => 2000,
            Self::Sarda => 1000,
            Self::Minionn | Self::Lenet => 250,
        }
    }

    /// The network, to be trained.
    pub(crate) fn build(self, s: &Session, start: Start) -> crate::Model {
        let mut given = match start {
            Start::Public(seed) => first_values(self, seed),
            Start::Secret => Vec::new(),
        }
        .into_iter();
        let mut tensor = |shape: &[usize], fan: usize| match given.next() {
            Some(values) => s.public(shape, &values).share(),
            None => init::by_fan(s, shape, fan),
        };
        let (mut convs, mut dense) = (Vec::new(), Vec::new());
        for part in self.parts() {
            let Some(shape) = part.weight() else { continue };
            let fan = shape[1..].iter().product();
            let (weight, bias) = (tensor(&shape, fan), Some(tensor(&shape[..1], fan)));
            match part {
                Part::Conv([.., stride, padding]) => {
                    let options = Conv::default().stride(stride).padding(padding);
                    convs.push(Conv2d::new(weight, bias, options));
                }
                _ => dense.push(Linear::new(weight, bias)),
            }
        }
        let (mut conv, mut linear) = (convs.into_iter(), dense.into_iter());
        let mut conv = || conv.next().expect("a convolution of `parts`");
        let mut linear = || linear.next().expect("a fully connected layer of `parts`");
        match self {
            Self::Mlp | Self::Secureml => Box::new(Mlp { fc1: linear(), fc2: linear(), fc3: linear() }),
            Self::Minionn | Self::Lenet => {
                Box::new(LeNet { conv1: conv(), conv2: conv(), fc1: linear(), fc2: linear() })
            }
            Self::Sarda => Box::new(Sarda { conv: conv(), fc1: linear(), fc2: linear() }),
        }
    }
}

/// Weights and biases in their order, uniform in `[-1 / sqrt(fan in), 1 / sqrt(fan in))` as in PyTorch, rounded to units of
/// 2^-16 so that both trainings begin with the same.
pub(crate) fn first_values(network: Network, seed: u64) -> Vec<Vec<f64>> {
    let mut state = seed;
    // splitmix64: these numbers are public and protect nothing.
    let mut uniform = move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut all = Vec::new();
    for shape in network.parts().into_iter().filter_map(Part::weight) {
        let bound = 1.0 / (shape[1..].iter().product::<usize>() as f64).sqrt();
        let mut draw = |len: usize| -> Vec<f64> {
            (0..len).map(|_| ((2.0 * uniform() - 1.0) * bound * 65536.0).round() / 65536.0).collect()
        };
        all.push(draw(shape.iter().product()));
        all.push(draw(shape[0]));
    }
    all
}
