//! `&&` and `||`: lazy on `bool`, both sides computed on bits.

use crate::{
    engine::{Comparison, Logic as How, Vis},
    op::Handle,
    tensor::{Bit, Tensor},
    visibility::{Join, Visibility},
};

/// `&& ||` between two types. The right side comes as a closure: `bool` on the left decides whether it runs.
#[diagnostic::on_unimplemented(
    message = "`{Self}` and `{Rhs}` have no `&&` and `||`",
    label = "needs `bool`s or tensors of bits",
    note = "a comparison gives bits: `x > 0.0 && y > 0.0`"
)]
pub trait Logic<Rhs> {
    /// `bool`, or a tensor of bits.
    type Out;

    /// `self && right`
    #[track_caller]
    fn and(self, right: impl FnOnce() -> Rhs) -> Self::Out;
    /// `self || right`
    #[track_caller]
    fn or(self, right: impl FnOnce() -> Rhs) -> Self::Out;
}

/// `left && right`
#[inline]
#[track_caller]
pub fn and<L: Logic<R>, R>(left: L, right: impl FnOnce() -> R) -> L::Out {
    left.and(right)
}

/// `left || right`
#[inline]
#[track_caller]
pub fn or<L: Logic<R>, R>(left: L, right: impl FnOnce() -> R) -> L::Out {
    left.or(right)
}

impl Logic<Self> for bool {
    type Out = Self;

    #[inline]
    fn and(self, right: impl FnOnce() -> Self) -> Self {
        self && right()
    }
    #[inline]
    fn or(self, right: impl FnOnce() -> Self) -> Self {
        self || right()
    }
}

macro_rules! bits {
    ($([$($a:lifetime)?] $left:ty, $right:ty;)+) => {$(
        impl<$($a,)? V: Join<W>, W: Visibility> Logic<$right> for $left {
            type Out = Tensor<V::Out, Bit>;

            #[track_caller]
            fn and(self, right: impl FnOnce() -> $right) -> Self::Out {
                self.handle().logic(How::And, self.handle().runtime().oblivious(right).handle()).into()
            }
            #[track_caller]
            fn or(self, right: impl FnOnce() -> $right) -> Self::Out {
                self.handle().logic(How::Or, self.handle().runtime().oblivious(right).handle()).into()
            }
        }
    )+};
}
bits! {
    [] Tensor<V, Bit>, Tensor<W, Bit>;
    ['a] Tensor<V, Bit>, &'a Tensor<W, Bit>;
    [] &Tensor<V, Bit>, Tensor<W, Bit>;
    ['a] &Tensor<V, Bit>, &'a Tensor<W, Bit>;
}

/// With a `bool` on one side the bits stay what they are, or all become the same; then nobody computes them.
macro_rules! mixed {
    ($([$($a:lifetime)?] $bits:ty),+) => {$(
        impl<$($a,)? V: Visibility> Logic<$bits> for bool {
            type Out = Tensor<V, Bit>;

            #[track_caller]
            fn and(self, right: impl FnOnce() -> $bits) -> Self::Out {
                if self { right().clone() } else { all(false, &right()) }
            }
            #[track_caller]
            fn or(self, right: impl FnOnce() -> $bits) -> Self::Out {
                if self { all(true, &right()) } else { right().clone() }
            }
        }

        impl<$($a,)? V: Visibility> Logic<bool> for $bits {
            type Out = Tensor<V, Bit>;

            #[track_caller]
            fn and(self, right: impl FnOnce() -> bool) -> Self::Out {
                if right() { self.clone() } else { all(false, &self) }
            }
            #[track_caller]
            fn or(self, right: impl FnOnce() -> bool) -> Self::Out {
                if right() { all(true, &self) } else { self.clone() }
            }
        }
    )+};
}
mixed!([] Tensor<V, Bit>, ['a] &'a Tensor<V, Bit>);

/// Bits that are all the same, of the shape of `like`.
#[track_caller]
fn all<V: Visibility>(bit: bool, like: &Tensor<V, Bit>) -> Tensor<V, Bit> {
    let like = like.handle();
    if like.error().is_some() {
        return like.clone().into();
    }
    match V::VIS {
        Vis::Private(_) => {
            let none = like.logic(How::Xor, like);
            if bit { none.not().into() } else { none.into() }
        }
        vis => {
            let how = if bit { Comparison::NotLess } else { Comparison::Less };
            let zero = Handle::public(like.runtime(), crate::Shape::scalar(), &[0.0]);
            let bits = zero.compare_with(how, 0.0).expand(&like.shape());
            if vis == Vis::Secret { bits.share().into() } else { bits.into() }
        }
    }
}
