//! What is measured: one group of workloads a file.

mod encoder;
mod functions;
mod lenet;
mod mlp;
mod products;
mod resnet;
mod vgg;

use super::data::Input;
use mpc_core::{Secret, Session, Tensor};
use ndarray::ArrayD;

/// What runs on shares: inputs to results.
type Program = Box<dyn Fn(&Session, &[Tensor<Secret>]) -> Vec<Tensor<Secret>>>;
/// The same on `f64`.
type Clear = Box<dyn Fn(&[ArrayD<f64>]) -> Vec<ArrayD<f64>>>;

/// A program to be measured.
pub(super) struct Workload {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: String,
    /// What the parties feed in.
    pub inputs: Vec<Input>,
    /// What is timed: from shares to shares.
    pub program: Program,
    /// What the results should be.
    pub clear: Clear,
    /// How far off they may be.
    pub tolerance: f64,
    /// Products of two numbers that it takes in the clear, for the rate; 0 where that says nothing.
    pub products: u64,
}

/// The names, in the order of the table; those of [`LARGE`] are the last.
pub(super) const NAMES: [&str; 25] = [
    "mul",
    "matmul512",
    "matmul1024",
    "relu",
    "gt",
    "max",
    "maxpool",
    "sigmoid",
    "exp",
    "reciprocal",
    "softmax",
    "conv2d",
    "lr",
    "mlp",
    "lenet1",
    "lenet",
    "lenet_train",
    "resnet18",
    "encoder",
    "vgg16_cifar",
    "resnet50",
    "matmul4096",
    "relu10m",
    "vgg16_train",
    "vgg16",
];

/// What takes several seconds a repetition on a processor, or gigabytes: sizes for GPUs.
pub(super) const LARGE: [&str; 4] = ["matmul4096", "relu10m", "vgg16_train", "vgg16"];

/// Another name, and the workload that it means.
pub(super) const ALIAS: (&str, &str) = ("bert_base", "encoder");

/// What runs if nobody says what: all that takes no more than a few seconds.
pub(super) const QUICK: [&str; 14] = [
    "mul",
    "matmul512",
    "relu",
    "gt",
    "max",
    "maxpool",
    "sigmoid",
    "exp",
    "reciprocal",
    "softmax",
    "conv2d",
    "lr",
    "mlp",
    "lenet1",
];

/// The workload of a name; `tiny` for a size that only shows that it works.
pub(super) fn find(name: &str, tiny: bool) -> Option<Workload> {
    let workload = match name {
        "mul" => products::mul(tiny),
        "matmul512" => products::matmul("matmul512", if tiny { 8 } else { 512 }),
        "matmul1024" => products::matmul("matmul1024", if tiny { 12 } else { 1024 }),
        "relu" => functions::relu("relu", if tiny { 300 } else { 1_000_000 }),
        "gt" => functions::gt(tiny),
        "max" => functions::max(tiny),
        "maxpool" => functions::max_pool(tiny),
        "sigmoid" => functions::sigmoid(tiny),
        "exp" => functions::exp(tiny),
        "reciprocal" => functions::reciprocal(tiny),
        "softmax" => functions::softmax(tiny),
        "conv2d" => products::conv2d(tiny),
        "lr" => mlp::lr(tiny),
        "mlp" => mlp::mlp(tiny),
        "lenet1" => lenet::forward("lenet1", 1),
        "lenet" => lenet::forward("lenet", if tiny { 2 } else { 128 }),
        "lenet_train" => lenet::train(if tiny { 2 } else { 128 }),
        "resnet18" => resnet::eighteen(tiny),
        "encoder" => encoder::forward(tiny),
        "vgg16_cifar" => vgg::cifar(tiny),
        "resnet50" => resnet::fifty(tiny),
        "matmul4096" => products::matmul("matmul4096", if tiny { 16 } else { 4096 }),
        "relu10m" => functions::relu("relu10m", if tiny { 500 } else { 10_000_000 }),
        "vgg16_train" => vgg::train(tiny),
        "vgg16" => vgg::imagenet(tiny),
        _ => return None,
    };
    Some(workload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_workload() {
        for name in NAMES {
            assert!(find(name, true).is_some_and(|workload| workload.name == name), "{name}");
        }
        assert!(QUICK.iter().all(|name| NAMES.contains(name)));
        assert!(NAMES.ends_with(&LARGE) && NAMES.contains(&ALIAS.1));
        assert!(find("nonsense", true).is_none());
    }
}
