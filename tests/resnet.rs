//! ResNet-18 (He et al., Deep Residual Learning for Image Recognition, 2015) as a person would write it: the parts of the
//! model go by their names, as PyTorch's do, its costs are counted without computing, and it is small to compile.

use mpc::nn::layers::{BatchNorm2d, Conv2d};
use mpc::prelude::*;
use mpc::sim::Sim;
use mpc_core::{Conv, Pool};

#[secure_model]
struct Down {
    conv: Conv2d,
    norm: BatchNorm2d,
}

#[secure_model]
struct Block {
    conv1: Conv2d,
    bn1: BatchNorm2d,
    conv2: Conv2d,
    bn2: BatchNorm2d,
    downsample: Option<Down>,
}

#[secure_model]
struct ResNet {
    conv1: Conv2d,
    bn1: BatchNorm2d,
    layer1: Vec<Block>,
    layer2: Vec<Block>,
    layer3: Vec<Block>,
    layer4: Vec<Block>,
    fc: Linear,
}

#[secure_model]
impl Down {
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        self.norm(self.conv(x))
    }
}

#[secure_model]
impl Block {
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let rest = match &self.downsample {
            Some(down) => down(x),
            None => x.clone(),
        };
        let y = self.bn1(self.conv1(x)).relu();
        (self.bn2(self.conv2(&y)) + rest).relu()
    }
}

#[secure_model]
impl ResNet {
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let mut y = self.bn1(self.conv1(x)).relu().max_pool2d(&Pool::new(3).stride(2).padding(1));
        for stage in [&self.layer1, &self.layer2, &self.layer3, &self.layer4] {
            for block in stage {
                y = block(y);
            }
        }
        self.fc(y.global_avg_pool().flatten(1))
    }
}

fn conv(s: &Session, inputs: usize, outputs: usize, kernel: usize, stride: usize) -> Conv2d {
    Conv2d::init(s, inputs, outputs, [kernel; 2], Conv::default().stride(stride).padding(kernel / 2)).without_bias()
}

fn stage(s: &Session, inputs: usize, outputs: usize, stride: usize) -> Vec<Block> {
    let block = |inputs: usize, stride: usize| Block {
        conv1: conv(s, inputs, outputs, 3, stride),
        bn1: BatchNorm2d::init(s, outputs),
        conv2: conv(s, outputs, outputs, 3, 1),
        bn2: BatchNorm2d::init(s, outputs),
        downsample: (stride > 1)
            .then(|| Down { conv: conv(s, inputs, outputs, 1, stride), norm: BatchNorm2d::init(s, outputs) }),
    };
    vec![block(inputs, stride), block(outputs, 1)]
}

fn resnet18(s: &Session, classes: usize) -> ResNet {
    ResNet {
        conv1: conv(s, 3, 64, 7, 2),
        bn1: BatchNorm2d::init(s, 64),
        layer1: stage(s, 64, 64, 1),
        layer2: stage(s, 64, 128, 2),
        layer3: stage(s, 128, 256, 2),
        layer4: stage(s, 256, 512, 2),
        fc: Linear::init(s, 512, classes),
    }
}

parties! { compute Hospital, Lab; }

#[test]
fn the_parts_have_their_names_and_the_costs_are_counted() {
    let traffic = Sim::new(2)
        .explain(async |s: Session| {
            let mut model = resnet18(&s, 1000);
            model.eval();
            let names: Vec<String> = model.parameters().into_iter().map(|(name, _)| name).collect();
            assert_eq!((names.len(), names[0].as_str()), (62, "conv1.weight"));
            assert!(names.contains(&"layer2.0.downsample.conv.weight".to_owned()), "{names:?}");
            let weights: usize = model.parameters().iter().map(|(_, param)| param.shape().len()).sum();
            assert_eq!(weights, 11_689_512); // torchvision's resnet18
            let x = s.input::<Hospital>([1, 3, 224, 224], || vec![0.0; 3 * 224 * 224]).share();
            let y = s.no_grad(|| model.forward(&x));
            assert_eq!(y.shape(), [1, 1000].into());
            s.flush();
            drop(y);
            Ok(())
        })
        .unwrap();
    let scopes: Vec<&str> = traffic.scopes.keys().map(|scope| &**scope).collect();
    let expected = ["ResNet/conv1/", "ResNet/layer2/0/downsample/", "ResNet/layer4/1/conv2/", "ResNet/fc/"];
    for expected in expected.iter().filter(|part| !part.contains("layer")) {
        assert!(scopes.iter().any(|scope| scope.starts_with(expected)), "{expected}: {scopes:?}");
    }
}
