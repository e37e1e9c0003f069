//! What an `if` on bits can yield: tensors, public numbers, and tuples and lists of these.

use super::{Kept, Merge};
use crate::{
    op::Handle,
    shape::Shape,
    tensor::{Bit, Tensor},
    visibility::{Join, Visibility},
};

/// A value that bits known to `V` can choose, where the other branch yields a `B`.
#[diagnostic::on_unimplemented(
    message = "an `if` on bits cannot choose between `{Self}` and `{B}`",
    label = "this choice would depend on the bits",
    note = "the branches yield tensors, `f64`s (write `1.0`, not `1`), or tuples, arrays and `Vec`s of tensors; a struct of these has `#[derive(Select)]`; a value of another type would reveal which branch was taken"
)]
pub trait Select<V, B> {
    /// Who may know the outcome.
    type Out;

    /// `bits ? a : b`, with broadcasting.
    #[track_caller]
    fn select(bits: &Tensor<V, Bit>, a: Self, b: B) -> Self::Out;
}

/// 1 round after the opening of the difference of the branches.
impl<V: Join<W, Out: Join<X>>, W: Visibility, X: Visibility> Select<V, Tensor<X>> for Tensor<W> {
    type Out = Tensor<<V::Out as Join<X>>::Out>;

    #[track_caller]
    fn select(bits: &Tensor<V, Bit>, a: Self, b: Tensor<X>) -> Self::Out {
        bits.select(&a, &b)
    }
}

/// 1 round: `b ^ (bits & (a ^ b))`.
impl<V: Join<W, Out: Join<X>>, W: Visibility, X: Visibility> Select<V, Tensor<X, Bit>> for Tensor<W, Bit> {
    type Out = Tensor<<V::Out as Join<X>>::Out, Bit>;

    #[track_caller]
    fn select(bits: &Tensor<V, Bit>, a: Self, b: Tensor<X, Bit>) -> Self::Out {
        super::merge::bits(bits.handle(), a.handle(), b.handle()).into()
    }
}

impl<V: Join<W>, W: Visibility> Select<V, f64> for Tensor<W> {
    type Out = Tensor<V::Out>;

    #[track_caller]
    fn select(bits: &Tensor<V, Bit>, a: Self, b: f64) -> Self::Out {
        keep_or(bits.handle(), a.handle(), b).into()
    }
}

impl<V: Join<W>, W: Visibility> Select<V, Tensor<W>> for f64 {
    type Out = Tensor<V::Out>;

    #[track_caller]
    fn select(bits: &Tensor<V, Bit>, a: Self, b: Tensor<W>) -> Self::Out {
        keep_or(&bits.handle().not(), b.handle(), a).into()
    }
}

/// 1 round, for the bits as numbers, and one more for the factor.
impl<V: Visibility> Select<V, Self> for f64 {
    type Out = Tensor<V>;

    #[track_caller]
    fn select(bits: &Tensor<V, Bit>, a: Self, b: Self) -> Tensor<V> {
        bits.number() * (a - b) + b
    }
}

/// `bits ? x : c`
#[track_caller]
fn keep_or(bits: &Handle, x: &Handle, c: f64) -> Handle {
    if c == 0.0 {
        return bits.keep(x);
    }
    let c = Handle::public(x.runtime(), Shape::scalar(), &[c]);
    bits.keep(&x.sub(&c)).add(&c)
}

/// A type that some bits can choose: what a field of a struct with `#[derive(Select)]` is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be chosen by bits",
    label = "not a field that an `if` on bits could choose",
    note = "a field of a struct with `#[derive(Select)]` is a tensor, or a tuple, array or `Vec` of tensors, or another such struct; keep public values outside of it, or make them tensors"
)]
pub trait Selectable {}
#[diagnostic::do_not_recommend]
impl<T: Merge<crate::Public>> Selectable for T {}

/// That a type is [`Selectable`].
pub fn selectable<T: Selectable>() {}

impl<V> Select<V, ()> for () {
    type Out = ();

    fn select(_: &Tensor<V, Bit>, (): (), (): ()) {}
}

macro_rules! tuples {
    ($($(($a:ident $b:ident $x:ident $y:ident))+;)+) => {$(
        impl<V, $($a: Select<V, $b>, $b),+> Select<V, ($($b,)+)> for ($($a,)+) {
            type Out = ($($a::Out,)+);

            #[track_caller]
            fn select(bits: &Tensor<V, Bit>, ($($x,)+): Self, ($($y,)+): ($($b,)+)) -> Self::Out {
                ($($a::select(bits, $x, $y),)+)
            }
        }
    )+};
}
tuples! {
    (A1 B1 a1 b1);
    (A1 B1 a1 b1)(A2 B2 a2 b2);
    (A1 B1 a1 b1)(A2 B2 a2 b2)(A3 B3 a3 b3);
    (A1 B1 a1 b1)(A2 B2 a2 b2)(A3 B3 a3 b3)(A4 B4 a4 b4);
    (A1 B1 a1 b1)(A2 B2 a2 b2)(A3 B3 a3 b3)(A4 B4 a4 b4)(A5 B5 a5 b5);
    (A1 B1 a1 b1)(A2 B2 a2 b2)(A3 B3 a3 b3)(A4 B4 a4 b4)(A5 B5 a5 b5)(A6 B6 a6 b6);
}

/// A list keeps its type, and its length is public.
impl<V: Visibility, T: Merge<V>> Select<V, Self> for Vec<T> {
    type Out = Self;

    #[track_caller]
    fn select(bits: &Tensor<V, Bit>, a: Self, b: Self) -> Self {
        Self::merge(bits, a, b)
    }
}

impl<V, T: Merge<V>, const N: usize> Select<V, Self> for [T; N] {
    type Out = Self;

    #[track_caller]
    fn select(bits: &Tensor<V, Bit>, a: Self, b: Self) -> Self {
        Self::merge(bits, a, b)
    }
}

impl<V, T: Merge<V>> Select<V, Self> for Kept<T> {
    type Out = Self;

    #[track_caller]
    fn select(bits: &Tensor<V, Bit>, a: Self, b: Self) -> Self {
        Self(T::merge(bits, a.0, b.0))
    }
}
