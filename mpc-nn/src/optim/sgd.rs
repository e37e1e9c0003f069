//! Stochastic gradient descent.

use crate::Module;
use mpc_core::{Gradients, Secret, Session, Tensor};
use std::collections::BTreeMap;

/// SGD with momentum, as in PyTorch: `v = momentum v + g`, `w = w - lr v`.
///
/// A step costs one round whatever the number of parameters: the new velocity and the change of the weight, which is
/// `lr momentum v + lr g` rescaled once, do not wait for each other.
#[derive(Clone, Debug)]
pub struct Sgd {
    lr: f64,
    momentum: f64,
    velocity: BTreeMap<String, Tensor<Secret>>,
}

impl Sgd {
    /// Plain gradient descent with a public learning rate.
    pub fn new(lr: f64) -> Self {
        Self { lr, momentum: 0.0, velocity: BTreeMap::new() }
    }

    /// With momentum, in [0, 1).
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// Updates every parameter of a model by the gradients of a loss, and runs what that needs: not the loss itself.
    #[track_caller]
    pub fn step(&mut self, s: &Session, model: &mut impl Module, gradients: &Gradients<Secret>) {
        let _scope = s.scope("sgd");
        let mut updated = Vec::new();
        s.no_grad(|| {
            model.for_each_param(|name, param| {
                let gradient = gradients.of(&**param);
                let (change, velocity) = match self.velocity.get(name) {
                    Some(v) => {
                        let change = v.combine(self.lr * self.momentum, &gradient, self.lr);
                        (change, v.combine(self.momentum, &gradient, 1.0))
                    }
                    None => (&gradient * self.lr, gradient),
                };
                param.set(&**param - change);
                updated.push((**param).clone());
                if self.momentum != 0.0 {
                    updated.push(velocity.clone());
                    self.velocity.insert(name.to_owned(), velocity);
                }
            });
        });
        updated.extend(model.buffers().into_iter().map(|(_, value)| value));
        s.runtime().compute(&updated.iter().map(Tensor::handle).collect::<Vec<_>>());
    }
}
