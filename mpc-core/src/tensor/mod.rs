//! Tensors as users see them: the type says who may know the value, and nothing else.

mod assign;
mod bits;
mod choice;
mod conv;
mod custom;
mod functions;
mod gradients;
mod input;
mod linear;
mod operators;
mod pool;
mod random;
mod reading;
mod shape_ops;
mod statistics;

pub use bits::Comparand;
pub use gradients::Gradients;
pub use input::IntoInput;
pub(crate) use input::checked;
pub use reading::Readable;

use crate::{
    op::Handle,
    shape::Shape,
    visibility::{Join, Party, Private, Public, Secret, Visibility},
};
use std::{fmt, marker::PhantomData, ops::Range};

/// Elements that are fixed-point numbers.
#[derive(Clone, Copy, Debug)]
pub struct Number;

/// Elements that are bits.
#[derive(Clone, Copy, Debug)]
pub struct Bit;

/// A tensor of fixed-point numbers, or of bits (`Tensor<V, Bit>`). A handle: cloning it is free, and it may stand for a value that is yet to be computed.
///
/// Every operator only records. A mistake, such as shapes that do not fit, is returned with its source line when the
/// result is awaited.
pub struct Tensor<V, K = Number> {
    handle: Handle,
    types: PhantomData<(V, K)>,
}

impl<V, K> From<Handle> for Tensor<V, K> {
    /// For authors of layers and ops: the caller vouches for visibility and elements.
    fn from(handle: Handle) -> Self {
        Self { handle, types: PhantomData }
    }
}

impl<V, K> Clone for Tensor<V, K> {
    fn clone(&self) -> Self {
        self.handle.clone().into()
    }
}

impl<V, K> fmt::Debug for Tensor<V, K> {
    /// The shape, or the mistake; never a value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.handle.error() {
            None => write!(f, "Tensor{}", self.handle.shape()),
            Some(error) => write!(f, "Tensor({error})"),
        }
    }
}

/// No tensor can be printed; this says so better than the compiler could. `{:?}` prints the shape.
impl<V: crate::visibility::Printable, K> fmt::Display for Tensor<V, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What numbers and bits have in common.
impl<V: Visibility, K> Tensor<V, K> {
    /// The untyped tensor.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The shape; that of a scalar after a mistake.
    pub fn shape(&self) -> Shape {
        self.handle.shape()
    }

    /// The same value without its history: no gradient goes through it to what it was made of. Free.
    #[track_caller]
    pub fn detach(&self) -> Self {
        self.handle.detach().into()
    }

    /// The same elements in another shape. Free.
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Self {
        self.handle.reshape(&shape.into()).into()
    }

    /// A matrix with rows and columns exchanged. Free.
    #[track_caller]
    pub fn t(&self) -> Self {
        self.handle.permute(&[1, 0]).into()
    }

    /// The axes in another order. Free.
    #[track_caller]
    pub fn permute(&self, order: &[usize]) -> Self {
        self.handle.permute(order).into()
    }

    /// A range along an axis. Free.
    #[track_caller]
    pub fn slice(&self, axis: usize, range: Range<usize>) -> Self {
        self.handle.slice(axis, range, 1).into()
    }

    /// Every `step`-th element of a range along an axis. Free.
    #[track_caller]
    pub fn slice_step(&self, axis: usize, range: Range<usize>, step: usize) -> Self {
        self.handle.slice(axis, range, step).into()
    }

    /// A range of rows. Free.
    #[track_caller]
    pub fn rows(&self, range: Range<usize>) -> Self {
        self.slice(0, range)
    }

    /// An axis backwards. Free.
    #[track_caller]
    pub fn flip(&self, axis: usize) -> Self {
        self.handle.flip(axis).into()
    }

    /// Repeated to a shape by the broadcasting rule. Free.
    #[track_caller]
    pub fn expand(&self, shape: impl Into<Shape>) -> Self {
        self.handle.expand(&shape.into()).into()
    }
}

impl<V: Visibility> Tensor<V> {
    /// The sum of all elements: a scalar. Free.
    #[track_caller]
    pub fn sum(&self) -> Self {
        self.handle.sum(&[], false).into()
    }

    /// The mean of all elements: a scalar. A secret one costs 1 round.
    #[track_caller]
    pub fn mean(&self) -> Self {
        self.handle.mean(&[], false).into()
    }

    /// The sum over some axes, which disappear. Free.
    #[track_caller]
    pub fn sum_axes(&self, axes: &[usize]) -> Self {
        self.handle.sum(axes, false).into()
    }

    /// The mean over some axes, which disappear. A secret one costs 1 round.
    #[track_caller]
    pub fn mean_axes(&self, axes: &[usize]) -> Self {
        self.handle.mean(axes, false).into()
    }

    /// The matrix product of `[m, k]` and `[k, n]`; further axes before them broadcast. Of two secrets: 1 round, after the
    /// opening of both.
    #[track_caller]
    pub fn matmul<W: Visibility>(&self, other: &Tensor<W>) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.matmul(&other.handle).into()
    }

    /// This tensor followed by another, along an axis. Free.
    #[track_caller]
    pub fn concat<W: Visibility>(&self, other: &Tensor<W>, axis: usize) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.concat(&[&other.handle], axis).into()
    }

    /// `1 / (1 + e^-x)`, within 5e-5 everywhere (16 fractional bits).
    #[track_caller]
    pub fn sigmoid(&self) -> Self {
        self.handle.sigmoid().into()
    }

    /// `ln(1 + e^x)`, within 5e-5 everywhere (16 fractional bits).
    #[track_caller]
    pub fn softplus(&self) -> Self {
        self.handle.softplus().into()
    }

    /// `a * self + b * other` of one shape, for public numbers, rounded once: 1 round on secrets.
    #[track_caller]
    pub fn combine<W: Visibility>(&self, a: f64, other: &Tensor<W>, b: f64) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        Handle::combine(&[(a, &self.handle), (b, &other.handle)]).into()
    }

    /// The mean binary cross-entropy of these logits for labels in [0, 1] of the same shape: a scalar.
    #[track_caller]
    pub fn bce_with_logits<W: Visibility>(&self, labels: &Tensor<W>) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.bce_with_logits(&labels.handle).into()
    }

    /// Asks that [`backward`](Self::backward) find the gradient of this tensor. Call it before the tensor is used.
    #[must_use]
    pub fn requires_grad(self) -> Self {
        self.handle.track();
        self
    }

    /// Records the gradients of this scalar.
    #[track_caller]
    pub fn backward(&self) -> Gradients<V> {
        Gradients::of_loss(self)
    }
}

impl<P: Party, K> Tensor<Private<P>, K> {
    /// Splits the value among the parties. Sends nothing.
    #[track_caller]
    pub fn share(&self) -> Tensor<Secret, K> {
        self.handle.share().into()
    }
}

impl<K> Tensor<Public, K> {
    /// The value as shares, for code that is written for secrets. Sends nothing.
    #[track_caller]
    pub fn share(&self) -> Tensor<Secret, K> {
        self.handle.share().into()
    }
}

impl<K> Tensor<Secret, K> {
    /// Lets everybody see the value: await the result to read it. Goes into the reveal ledger.
    #[track_caller]
    pub fn reveal(&self) -> Tensor<Public, K> {
        self.handle.reveal(None).into()
    }

    /// Lets one party or client see the value: await the result to read it there. Goes into the reveal ledger.
    #[track_caller]
    pub fn reveal_to<P: Party>(&self) -> Tensor<Private<P>, K> {
        match Handle::not_in_role(self.handle.runtime(), "reveal", (P::INDEX, P::NAME, P::CLIENT)) {
            Some(mistake) => mistake.into(),
            None => self.handle.reveal(Some(P::INDEX)).into(),
        }
    }
}
