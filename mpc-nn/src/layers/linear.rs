//! The fully connected layer.

use crate::{Module, Param, Visitor, VisitorMut};
use mpc_core::{Join, Secret, Session, Tensor, Visibility};

/// `x W^T + b` for rows x. W has the shape `[outputs, inputs]`, b `[outputs]`.
///
/// Costs a [`Tensor::matmul`]: 2 rounds for secrets that are not open yet.
#[derive(Clone, Debug)]
pub struct Linear {
    /// W, `[outputs, inputs]`.
    pub weight: Param,
    /// b, `[outputs]`.
    pub bias: Option<Param>,
}

impl Linear {
    /// A layer of zeros: the usual start of a linear or logistic regression.
    #[track_caller]
    pub fn zeros(s: &Session, inputs: usize, outputs: usize) -> Self {
        let zeros = |shape: &[usize]| {
            let len: usize = shape.iter().product();
            Param::new(s.public(shape, &vec![0.0; len]).share())
        };
        Self { weight: zeros(&[outputs, inputs]), bias: Some(zeros(&[outputs])) }
    }

    /// A layer with given weights `[outputs, inputs]` and perhaps a bias `[outputs]`.
    pub fn new(weight: Tensor<Secret>, bias: Option<Tensor<Secret>>) -> Self {
        Self { weight: Param::new(weight), bias: bias.map(Param::new) }
    }

    /// The layer applied to rows `[n, inputs]`: `[n, outputs]`.
    #[track_caller]
    pub fn forward<V>(&self, x: &Tensor<V>) -> Tensor<Secret>
    where
        V: Visibility + Join<Secret, Out = Secret>,
    {
        let _scope = x.handle().runtime().scopes().enter("linear");
        let (x, weight) = (x.handle(), self.weight.handle());
        Tensor::from(match &self.bias {
            Some(bias) => x.matmul_plus(false, weight, true, bias.handle()),
            None => x.matmul_form(false, weight, true),
        })
    }
}

impl Module for Linear {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        self.weight.visit(&mut visitor.enter("weight"));
        self.bias.visit(&mut visitor.enter("bias"));
    }

    fn visit_mut(&mut self, visitor: &mut VisitorMut<'_>) {
        self.weight.visit_mut(&mut visitor.enter("weight"));
        self.bias.visit_mut(&mut visitor.enter("bias"));
    }
}
