//! A parameter: a secret tensor that an optimiser updates.

use crate::{Module, Visitor, VisitorMut};
use mpc_core::{Secret, Tensor};
use std::{fmt, ops::Deref};

/// A trained tensor. Reads like the [`Tensor`] that it holds.
#[derive(Clone)]
pub struct Param(Tensor<Secret>);

impl Param {
    /// A parameter with a first value.
    pub fn new(value: Tensor<Secret>) -> Self {
        Self(value.requires_grad())
    }

    /// Another value. Record it without a tape (`Session::no_grad`), or the tape of all steps stays in memory.
    pub fn set(&mut self, value: Tensor<Secret>) {
        *self = Self::new(value);
    }
}

impl Deref for Param {
    type Target = Tensor<Secret>;

    fn deref(&self) -> &Tensor<Secret> {
        &self.0
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
