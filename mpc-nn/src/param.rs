//! A parameter: a secret tensor that an optimiser updates.

use crate::{Module, Visitor, VisitorMut};
use mpc_core::{Secret, Tensor};
use std::{fmt, ops::Deref};

/// A trained tensor. Reads like the [`Tensor`] that it holds.
#[derive(Clone)]
pub struct Param {
    value: Tensor<Secret>,
    frozen: bool,
}

impl Param {
    /// A parameter with a first value.
    pub fn new(value: Tensor<Secret>) -> Self {
        Self { value: value.requires_grad(), frozen: false }
    }

    /// Another value; frozen it stays. Record it without a tape (`Session::no_grad`), or the tape of all steps stays in
    /// memory.
    pub fn set(&mut self, value: Tensor<Secret>) {
        self.value = if self.frozen { value.detach() } else { value.requires_grad() };
    }

    /// No optimiser moves it from now on, and no gradient is computed for it.
    #[track_caller]
    pub fn freeze(&mut self) {
        self.frozen = true;
        self.value = self.value.detach();
    }

    /// It is trained again.
    #[track_caller]
    pub fn unfreeze(&mut self) {
        self.frozen = false;
        self.value = self.value.detach().requires_grad();
    }

    /// Whether it keeps its value.
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }
}

impl Deref for Param {
    type Target = Tensor<Secret>;

    fn deref(&self) -> &Tensor<Secret> {
        &self.value
    }
}

impl fmt::Debug for Param {
    /// The shape; never a value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Param{}", self.shape())
    }
}

impl Module for Param {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.param(self);
    }

    fn visit_mut(&mut self, visitor: &mut VisitorMut<'_>) {
        visitor.param(self);
    }
}
