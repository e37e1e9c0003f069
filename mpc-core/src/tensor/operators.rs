//! `+ - *` between tensors, and with public numbers.

use super::Tensor;
use crate::{
    op::Handle,
    shape::Shape,
    visibility::{Join, Visibility},
};
use std::ops::{Add, Mul, Neg, Sub};

macro_rules! between_tensors {
    ($trait:ident :: $method:ident) => {
        between_tensors!(@ $trait, $method, &Tensor<V>, &Tensor<W>);
        between_tensors!(@ $trait, $method, &Tensor<V>, Tensor<W>);
        between_tensors!(@ $trait, $method, Tensor<V>, &Tensor<W>);
        between_tensors!(@ $trait, $method, Tensor<V>, Tensor<W>);
    };
    (@ $trait:ident, $method:ident, $left:ty, $right:ty) => {
        impl<V: Join<W>, W: Visibility> $trait<$right> for $left {
            type Output = Tensor<V::Out>;

            #[track_caller]
            fn $method(self, right: $right) -> Self::Output {
                Handle::$method(&self.handle, &right.handle).into()
            }
        }
    };
}

between_tensors!(Add::add);
between_tensors!(Sub::sub);
between_tensors!(Mul::mul);

macro_rules! with_numbers {
    ($trait:ident :: $method:ident, |$x:ident, $c:ident| $right:expr, $left:expr) => {
        with_numbers!(@ $trait, $method, Tensor<V>, f64, |$x, $c| $right);
        with_numbers!(@ $trait, $method, &Tensor<V>, f64, |$x, $c| $right);
        with_numbers!(@ $trait, $method, f64, Tensor<V>, |$c, $x| $left);
        with_numbers!(@ $trait, $method, f64, &Tensor<V>, |$c, $x| $left);
    };
    (@ $trait:ident, $method:ident, $self:ty, $other:ty, |$a:ident, $b:ident| $body:expr) => {
        impl<V: Visibility> $trait<$other> for $self {
            type Output = Tensor<V>;

            #[track_caller]
            fn $method(self, other: $other) -> Tensor<V> {
                let ($a, $b) = (self, other);
                $body.into()
            }
        }
    };
}

with_numbers!(Add::add, |x, c| x.handle.add(&number(&x.handle, c)), x.handle.add(&number(&x.handle, c)));
with_numbers!(Sub::sub, |x, c| x.handle.sub(&number(&x.handle, c)), number(&x.handle, c).sub(&x.handle));
with_numbers!(Mul::mul, |x, c| x.handle.scale(c), x.handle.scale(c));

#[track_caller]
fn number(like: &Handle, c: f64) -> Handle {
    Handle::public(like.runtime(), Shape::scalar(), &[c])
}

impl<V: Visibility> Neg for &Tensor<V> {
    type Output = Tensor<V>;

    #[track_caller]
    fn neg(self) -> Tensor<V> {
        self.handle.neg().into()
    }
}

impl<V: Visibility> Neg for Tensor<V> {
    type Output = Self;

    #[track_caller]
    fn neg(self) -> Self {
        self.handle.neg().into()
    }
}
