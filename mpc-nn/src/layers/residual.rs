//! A way around a layer.

use super::{Layer, part, scope};
use crate::{Module, Visitor, VisitorMut};
use mpc_core::{Secret, Tensor};

/// x itself. Free.
#[derive(Clone, Copy, Debug, Default)]
pub struct Identity;

impl Layer for Identity {
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        x.clone()
    }
}

parts!(Identity);

/// `body(x) + shortcut(x)` (He et al., 2016); the shortcut is x itself, or a layer that brings it to the body's shape. Both
/// share their rounds, and the sum is free.
#[derive(Clone, Debug)]
pub struct Residual<B, S = Identity> {
    /// What is learnt.
    pub body: B,
    /// The way around it.
    pub shortcut: S,
}

impl<B: Layer> Residual<B> {
    /// `body(x) + x`.
    pub fn new(body: B) -> Self {
        Self { body, shortcut: Identity }
    }

    /// With a layer on the way around, a convolution with a stride for example.
    pub fn with_shortcut<S: Layer>(self, shortcut: S) -> Residual<B, S> {
        Residual { body: self.body, shortcut }
    }
}

impl<B: Layer, S: Layer> Layer for Residual<B, S> {
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let _scope = scope(x, "residual");
        let y = {
            let _scope = part("body");
            self.body.forward(x)
        };
        let around = {
            let _scope = part("shortcut");
            self.shortcut.forward(x)
        };
        y + around
    }
}

impl<B: Module, S: Module> Module for Residual<B, S> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        self.body.visit(&mut visitor.enter("body"));
        self.shortcut.visit(&mut visitor.enter("shortcut"));
    }

    fn visit_mut(&mut self, visitor: &mut VisitorMut<'_>) {
        self.body.visit_mut(&mut visitor.enter("body"));
        self.shortcut.visit_mut(&mut visitor.enter("shortcut"));
    }
}
