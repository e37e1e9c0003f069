//! What a value of a running network is: public, or secret numbers, or secret bits.

use super::array::{Array, Element};
use mpc_core::{Bit, Public, Secret, Session, Shape, Tensor, op::Handle};
use ndarray::ArrayD;
use std::rc::Rc;

/// A value while a network runs: an input, an output, or one in between.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Value {
    /// Known to everybody. What depends on public values alone is computed in the clear, at no cost.
    Public(Rc<Array>),
    /// Secret numbers. Whole ones, such as tokens, are [`Element::Int`].
    Secret(Tensor<Secret>, Element),
    /// Secret truth values.
    Bits(Tensor<Secret, Bit>),
}

impl Value {
    /// Public floats.
    pub fn public(values: ArrayD<f64>) -> Self {
        Array::float(values).into()
    }

    /// Public whole numbers, such as tokens or a mask.
    pub fn ints(values: ArrayD<i64>) -> Self {
        Array { element: Element::Int, values: values.mapv(|x| x as f64) }.into()
    }

    /// Secret numbers of a kind: tokens, for example, are whole.
    pub fn of_element(x: Tensor<Secret>, element: Element) -> Self {
        Self::Secret(x, element)
    }

    /// The sizes of the axes.
    pub fn shape(&self) -> Vec<usize> {
        match self {
            Self::Public(array) => array.shape().to_vec(),
            Self::Secret(x, _) => x.shape().dims().to_vec(),
            Self::Bits(bits) => bits.shape().dims().to_vec(),
        }
    }

    /// What the elements are.
    pub fn element(&self) -> Element {
        match self {
            Self::Public(array) => array.element,
            Self::Secret(_, element) => *element,
            Self::Bits(_) => Element::Bool,
        }
    }

    pub(super) fn known(&self) -> Option<&Rc<Array>> {
        if let Self::Public(array) = self { Some(array) } else { None }
    }

    pub(super) fn float(x: impl Into<Tensor<Secret>>) -> Self {
        Self::Secret(x.into(), Element::Float)
    }

    pub(super) fn of(handle: Handle, element: Element) -> Self {
        Self::Secret(handle.into(), element)
    }

    /// The untyped secret; nothing for a public value.
    pub(super) fn handle(&self) -> Option<&Handle> {
        match self {
            Self::Public(_) => None,
            Self::Secret(x, _) => Some(x.handle()),
            Self::Bits(bits) => Some(bits.handle()),
        }
    }
}

impl From<Array> for Value {
    fn from(array: Array) -> Self {
        Self::Public(Rc::new(array))
    }
}

impl From<Tensor<Secret>> for Value {
    fn from(x: Tensor<Secret>) -> Self {
        Self::Secret(x, Element::Float)
    }
}

/// What operators on secrets need besides their inputs.
pub(super) struct Context<'a> {
    pub(super) session: &'a Session,
}

impl Context<'_> {
    /// The largest public number that meets secrets: minus infinity of a mask stands for "none", and any number that is
    /// small enough does that. 2^24 for 16 fractional bits.
    pub(super) fn ceiling(&self) -> f64 {
        self.session.runtime().engine().fixed().limit::<u64>() / 64.0
    }

    /// Public numbers as everybody's tensor. What is beyond [`Self::ceiling`] saturates.
    pub(super) fn public(&self, array: &Array) -> Tensor<Public> {
        let most = self.ceiling();
        let values: Vec<f64> = array.values.iter().map(|x| x.clamp(-most, most)).collect();
        self.session.public(Shape::from(array.shape()), &values)
    }

    /// A public number.
    pub(super) fn number(&self, x: f64) -> Handle {
        self.public(&Array::scalar(Element::Float, x)).handle().clone()
    }

    /// Numbers, as public or secret as they are.
    pub(super) fn operand(&self, value: &Value) -> Handle {
        match value {
            Value::Public(array) => self.public(array).handle().clone(),
            Value::Secret(x, _) => x.handle().clone(),
            Value::Bits(bits) => bits.number().handle().clone(),
        }
    }

    /// Secret numbers.
    pub(super) fn secret(&self, value: &Value) -> Tensor<Secret> {
        match value {
            Value::Public(array) => self.public(array).share(),
            Value::Secret(x, _) => x.clone(),
            Value::Bits(bits) => bits.number(),
        }
    }

    /// Secret truth values: numbers are true where they are not zero.
    pub(super) fn bits(&self, value: &Value) -> Tensor<Secret, Bit> {
        match value {
            Value::Public(array) => self.public(array).not_equal(0.0).share(),
            Value::Secret(x, _) => x.not_equal(0.0),
            Value::Bits(bits) => bits.clone(),
        }
    }
}
