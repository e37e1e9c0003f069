//! What a module keeps besides its parameters: state that is saved but not trained, and whether it is being trained.

use crate::{Module, Visitor, VisitorMut};
use mpc_core::{Secret, Tensor};
use std::{
    cell::{Cell, RefCell},
    fmt,
};

/// Secret state that is saved with a model but not trained, such as the running statistics of a batch normalisation. A
/// `forward` updates it through `&self`. A clone has a value of its own from then on.
///
/// A value that was set is computed with the parameters by the next step of an optimiser, in the same rounds.
#[derive(Clone)]
pub struct Buffer(RefCell<Tensor<Secret>>);

impl Buffer {
    /// State with a first value.
    pub fn new(value: Tensor<Secret>) -> Self {
        Self(RefCell::new(value))
    }

    /// The value.
    pub fn get(&self) -> Tensor<Secret> {
        self.0.borrow().clone()
    }

    /// Another value. Record it without a tape (`Session::no_grad`), or the tape of all steps stays in memory.
    pub fn set(&self, value: Tensor<Secret>) {
        self.0.replace(value);
    }
}

impl fmt::Debug for Buffer {
    /// The shape; never a value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer{}", self.get().shape())
    }
}

impl Module for Buffer {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.buffer(self);
    }

    fn visit_mut(&mut self, visitor: &mut VisitorMut<'_>) {
        visitor.buffer(self);
    }
}

/// Whether a layer is being trained, for layers that then do something else (dropout, batch normalisation). Public. It
/// begins with training, as in PyTorch; [`Module::train`] and [`Module::eval`] set it in all parts of a model.
#[derive(Clone)]
pub struct Mode(Cell<bool>);

impl Default for Mode {
    fn default() -> Self {
        Self(Cell::new(true))
    }
}

impl Mode {
    /// Whether it is being trained.
    pub fn is_training(&self) -> bool {
        self.0.get()
    }

    /// Sets whether it is being trained.
    pub fn set(&self, training: bool) {
        self.0.set(training);
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_training() { "training" } else { "evaluation" })
    }
}

impl Module for Mode {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.mode(self);
    }

    fn visit_mut(&mut self, visitor: &mut VisitorMut<'_>) {
        visitor.mode(self);
    }
}
