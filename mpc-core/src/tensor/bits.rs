//! Comparisons, tensors of bits, and what they select. Secret bits have no `Into<bool>`: a program cannot branch on them,
//! it selects.

use super::{Bit, Tensor};
use crate::{
    engine::{Comparison, Logic},
    visibility::{Join, Visibility},
};
use std::ops::{BitAnd, BitOr, BitXor, Not};

/// What a tensor can be compared with: a public number, or another tensor (with broadcasting).
pub trait Comparand<V> {
    /// Who may know the answer.
    type Out;

    /// The answer.
    #[track_caller]
    fn compare(self, how: Comparison, with: &Tensor<V>) -> Tensor<Self::Out, Bit>;
    /// The answer for the operands exchanged: `self < with`.
    #[track_caller]
    fn compare_reversed(self, how: Comparison, with: &Tensor<V>) -> Tensor<Self::Out, Bit>;
}

impl<V: Visibility> Comparand<V> for f64 {
    type Out = V;

    #[track_caller]
    fn compare(self, how: Comparison, with: &Tensor<V>) -> Tensor<V, Bit> {
        with.handle.compare_with(how, self).into()
    }

    /// `c < x` is `x >= c + one unit`.
    #[track_caller]
    fn compare_reversed(self, how: Comparison, with: &Tensor<V>) -> Tensor<V, Bit> {
        let ulp = with.handle.runtime().engine().fixed().ulp();
        let how = match how {
            Comparison::Less => Comparison::NotLess,
            Comparison::NotLess => Comparison::Less,
            equality => equality,
        };
        with.handle.compare_with(how, ((self / ulp).round_ties_even() + 1.0) * ulp).into()
    }
}

impl<V: Join<W>, W: Visibility> Comparand<V> for &Tensor<W> {
    type Out = V::Out;

    #[track_caller]
    fn compare(self, how: Comparison, with: &Tensor<V>) -> Tensor<V::Out, Bit> {
        with.handle.compare(how, &self.handle).into()
    }

    #[track_caller]
    fn compare_reversed(self, how: Comparison, with: &Tensor<V>) -> Tensor<V::Out, Bit> {
        self.handle.compare(how, &with.handle).into()
    }
}

/// Comparisons. 2 rounds, after the opening of x or, between tensors, of their difference.
impl<V: Visibility> Tensor<V> {
    /// `self < other`.
    #[track_caller]
    pub fn lt<C: Comparand<V>>(&self, other: C) -> Tensor<C::Out, Bit> {
        other.compare(Comparison::Less, self)
    }

    /// `self >= other`.
    #[track_caller]
    pub fn ge<C: Comparand<V>>(&self, other: C) -> Tensor<C::Out, Bit> {
        other.compare(Comparison::NotLess, self)
    }

    /// `self > other`.
    #[track_caller]
    pub fn gt<C: Comparand<V>>(&self, other: C) -> Tensor<C::Out, Bit> {
        other.compare_reversed(Comparison::Less, self)
    }

    /// `self <= other`.
    #[track_caller]
    pub fn le<C: Comparand<V>>(&self, other: C) -> Tensor<C::Out, Bit> {
        other.compare_reversed(Comparison::NotLess, self)
    }

    /// `self == other`, as fixed-point numbers.
    #[track_caller]
    pub fn equal<C: Comparand<V>>(&self, other: C) -> Tensor<C::Out, Bit> {
        other.compare(Comparison::Equal, self)
    }

    /// `self != other`, as fixed-point numbers.
    #[track_caller]
    pub fn not_equal<C: Comparand<V>>(&self, other: C) -> Tensor<C::Out, Bit> {
        other.compare(Comparison::NotEqual, self)
    }

    /// 1 where x >= 0, else 0. Exact; its gradient is zero.
    #[track_caller]
    pub fn step(&self) -> Self {
        self.handle.step().into()
    }

    /// -1, 0 or 1. Exact; its gradient is zero.
    #[track_caller]
    pub fn sign(&self) -> Self {
        self.handle.sign().into()
    }

    /// |x|. Exact.
    #[track_caller]
    pub fn abs(&self) -> Self {
        self.handle.abs().into()
    }

    /// max(x, 0). Exact; the gradient at 0 is 1.
    #[track_caller]
    pub fn relu(&self) -> Self {
        self.handle.relu().into()
    }

    /// x where x >= 0, else `slope * x`.
    #[track_caller]
    pub fn leaky_relu(&self, slope: f64) -> Self {
        self.handle.leaky_relu(slope).into()
    }

    /// x, but at least `low` and at most `high`. Exact.
    #[track_caller]
    pub fn clamp(&self, low: f64, high: f64) -> Self {
        self.handle.clamp(low, high).into()
    }

    /// x, but at least 0 and at most 6. Exact.
    #[track_caller]
    pub fn relu6(&self) -> Self {
        self.clamp(0.0, 6.0)
    }

    /// x, but at least -1 and at most 1. Exact.
    #[track_caller]
    pub fn hardtanh(&self) -> Self {
        self.clamp(-1.0, 1.0)
    }

    /// The larger of two, with broadcasting. Exact.
    #[track_caller]
    pub fn maximum<W: Visibility>(&self, other: &Tensor<W>) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.maximum(&other.handle).into()
    }

    /// The smaller of two, with broadcasting. Exact.
    #[track_caller]
    pub fn minimum<W: Visibility>(&self, other: &Tensor<W>) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.minimum(&other.handle).into()
    }

    /// The largest along an axis, which disappears. Exact; 4 rounds for each halving: 28 for 100 elements.
    #[track_caller]
    pub fn max(&self, axis: usize) -> Self {
        self.handle.max(axis).into()
    }

    /// The smallest along an axis, which disappears. Exact; rounds as for [`Self::max`].
    #[track_caller]
    pub fn min(&self, axis: usize) -> Self {
        self.handle.neg().max(axis).neg().into()
    }
}

impl<V: Visibility> Tensor<V, Bit> {
    /// 0 or 1. A secret costs 1 round.
    #[track_caller]
    pub fn number(&self) -> Tensor<V> {
        self.handle.number().into()
    }

    /// `bit ? x : y`, with broadcasting. Both are computed; a secret costs 1 round after the opening of `x - y`.
    #[track_caller]
    pub fn select<W: Visibility, X: Visibility>(&self, x: &Tensor<W>, y: &Tensor<X>) -> Tensor<<V::Out as Join<X>>::Out>
    where
        V: Join<W, Out: Join<X>>,
    {
        self.handle.select(&x.handle, &y.handle).into()
    }

    /// `bit ? x : 0`, with broadcasting. A secret costs 1 round after the opening of x.
    #[track_caller]
    pub fn keep<W: Visibility>(&self, x: &Tensor<W>) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.keep(&x.handle).into()
    }
}

macro_rules! between_bits {
    ($trait:ident :: $method:ident => $how:ident) => {
        between_bits!(@ $trait, $method, $how, &Tensor<V, Bit>, &Tensor<W, Bit>);
        between_bits!(@ $trait, $method, $how, &Tensor<V, Bit>, Tensor<W, Bit>);
        between_bits!(@ $trait, $method, $how, Tensor<V, Bit>, &Tensor<W, Bit>);
        between_bits!(@ $trait, $method, $how, Tensor<V, Bit>, Tensor<W, Bit>);
    };
    (@ $trait:ident, $method:ident, $how:ident, $left:ty, $right:ty) => {
        impl<V: Join<W>, W: Visibility> $trait<$right> for $left {
            type Output = Tensor<V::Out, Bit>;

            #[track_caller]
            fn $method(self, right: $right) -> Self::Output {
                self.handle.logic(Logic::$how, &right.handle).into()
            }
        }
    };
}

between_bits!(BitAnd::bitand => And);
between_bits!(BitOr::bitor => Or);
between_bits!(BitXor::bitxor => Xor);

impl<V: Visibility> Not for &Tensor<V, Bit> {
    type Output = Tensor<V, Bit>;

    #[track_caller]
    fn not(self) -> Tensor<V, Bit> {
        self.handle.not().into()
    }
}

impl<V: Visibility> Not for Tensor<V, Bit> {
    type Output = Self;

    #[track_caller]
    fn not(self) -> Self {
        self.handle.not().into()
    }
}
