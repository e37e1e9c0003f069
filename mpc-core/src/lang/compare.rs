//! `< <= > >= == !=`: native where the types have them, bits on tensors.

use super::sealed::Never;
use crate::{
    engine::Logic,
    tensor::{Bit, Tensor},
    visibility::{Join, Visibility},
};

/// `< <= > >=` between two types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be ordered against `{Rhs}`",
    label = "no order between `{Self}` and `{Rhs}`",
    note = "a tensor is compared with another tensor or an `f64`: write `x > 2.0`, not `x > 2`; for a variable, `f64::from(n)` or `n as f64`",
    note = "if two parties own the tensors, no party knows both: call `.share()` on them first"
)]
pub trait Compare<Rhs: ?Sized> {
    /// `bool`, or a tensor of bits.
    type Out;

    /// `self < right`
    #[track_caller]
    fn lt(&self, right: &Rhs) -> Self::Out;
    /// `self <= right`
    #[track_caller]
    fn le(&self, right: &Rhs) -> Self::Out;
    /// `self > right`
    #[track_caller]
    fn gt(&self, right: &Rhs) -> Self::Out;
    /// `self >= right`
    #[track_caller]
    fn ge(&self, right: &Rhs) -> Self::Out;
}

/// `== !=` between two types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be compared with `{Rhs}`",
    label = "no equality between `{Self}` and `{Rhs}`",
    note = "a tensor is compared with another tensor or an `f64`: write `x == 2.0`, not `x == 2`; for a variable, `f64::from(n)` or `n as f64`",
    note = "if two parties own the tensors, no party knows both: call `.share()` on them first"
)]
pub trait Equate<Rhs: ?Sized> {
    /// `bool`, or a tensor of bits.
    type Out;

    /// `self == right`
    #[track_caller]
    fn eq(&self, right: &Rhs) -> Self::Out;
    /// `self != right`
    #[track_caller]
    fn ne(&self, right: &Rhs) -> Self::Out;
}

/// `left < right`
#[inline]
#[track_caller]
pub fn lt<L: Compare<R> + ?Sized, R: ?Sized>(left: &L, right: &R) -> L::Out {
    left.lt(right)
}

/// `left <= right`
#[inline]
#[track_caller]
pub fn le<L: Compare<R> + ?Sized, R: ?Sized>(left: &L, right: &R) -> L::Out {
    left.le(right)
}

/// `left > right`
#[inline]
#[track_caller]
pub fn gt<L: Compare<R> + ?Sized, R: ?Sized>(left: &L, right: &R) -> L::Out {
    left.gt(right)
}

/// `left >= right`
#[inline]
#[track_caller]
pub fn ge<L: Compare<R> + ?Sized, R: ?Sized>(left: &L, right: &R) -> L::Out {
    left.ge(right)
}

/// `left == right`
#[inline]
#[track_caller]
pub fn eq<L: Equate<R> + ?Sized, R: ?Sized>(left: &L, right: &R) -> L::Out {
    left.eq(right)
}

/// `left != right`
#[inline]
#[track_caller]
pub fn ne<L: Equate<R> + ?Sized, R: ?Sized>(left: &L, right: &R) -> L::Out {
    left.ne(right)
}

impl<L: PartialOrd<R> + ?Sized, R: ?Sized> Compare<R> for L {
    type Out = bool;

    #[inline]
    fn lt(&self, right: &R) -> bool {
        self < right
    }
    #[inline]
    fn le(&self, right: &R) -> bool {
        self <= right
    }
    #[inline]
    fn gt(&self, right: &R) -> bool {
        self > right
    }
    #[inline]
    fn ge(&self, right: &R) -> bool {
        self >= right
    }
}

impl<L: PartialEq<R> + ?Sized, R: ?Sized> Equate<R> for L {
    type Out = bool;

    #[inline]
    fn eq(&self, right: &R) -> bool {
        self == right
    }
    #[inline]
    fn ne(&self, right: &R) -> bool {
        self != right
    }
}

/// Implements both traits. With the tensor on the right the operators change sides.
macro_rules! tensors {
    ([$($generics:tt)*] $left:ty, $right:ty => $out:ty, |$l:ident, $r:ident| $x:expr, $y:expr;
     $lt:ident $le:ident $gt:ident $ge:ident) => {
        impl<$($generics)*> Compare<$right> for $left {
            type Out = Tensor<$out, Bit>;

            #[track_caller]
            fn lt(&self, $r: &$right) -> Self::Out {
                let $l = self;
                Tensor::$lt($x, $y)
            }
            #[track_caller]
            fn le(&self, $r: &$right) -> Self::Out {
                let $l = self;
                Tensor::$le($x, $y)
            }
            #[track_caller]
            fn gt(&self, $r: &$right) -> Self::Out {
                let $l = self;
                Tensor::$gt($x, $y)
            }
            #[track_caller]
            fn ge(&self, $r: &$right) -> Self::Out {
                let $l = self;
                Tensor::$ge($x, $y)
            }
        }

        impl<$($generics)*> Equate<$right> for $left {
            type Out = Tensor<$out, Bit>;

            #[track_caller]
            fn eq(&self, $r: &$right) -> Self::Out {
                let $l = self;
                Tensor::equal($x, $y)
            }
            #[track_caller]
            fn ne(&self, $r: &$right) -> Self::Out {
                let $l = self;
                Tensor::not_equal($x, $y)
            }
        }
    };
    (between $left:ty, $right:ty) => {
        tensors!([V: Join<W>, W: Visibility] $left, $right => V::Out, |l, r| l, &Tensor::clone(r); lt le gt ge);
    };
    (with $tensor:ty, $number:ty) => {
        tensors!([V: Visibility] $tensor, $number => V, |l, r| l, f64::clone(r); lt le gt ge);
        tensors!([V: Visibility] $number, $tensor => V, |l, r| r, f64::clone(l); gt ge lt le);
    };
}
tensors!(between Tensor<V>, Tensor<W>);
tensors!(between Tensor<V>, &Tensor<W>);
tensors!(between &Tensor<V>, Tensor<W>);
tensors!(between &Tensor<V>, &Tensor<W>);
tensors!(with Tensor<V>, f64);
tensors!(with Tensor<V>, &f64);
tensors!(with &Tensor<V>, f64);
tensors!(with &Tensor<V>, &f64);

/// Bits are equal or not, and have no order.
macro_rules! bits {
    ($($left:ty, $right:ty;)+) => {$(
        impl<V: Join<W>, W: Visibility> Equate<$right> for $left {
            type Out = Tensor<V::Out, Bit>;

            #[track_caller]
            fn eq(&self, right: &$right) -> Self::Out {
                self.ne(right).handle().not().into()
            }
            #[track_caller]
            fn ne(&self, right: &$right) -> Self::Out {
                self.handle().logic(Logic::Xor, right.handle()).into()
            }
        }
    )+};
}
bits! {
    Tensor<V, Bit>, Tensor<W, Bit>;
    Tensor<V, Bit>, &Tensor<W, Bit>;
    &Tensor<V, Bit>, Tensor<W, Bit>;
    &Tensor<V, Bit>, &Tensor<W, Bit>;
}

/// Impls that never apply. They make the compiler give the messages above, where it would otherwise ask for `PartialOrd`.
macro_rules! refused {
    ($($number:ty)*) => {$(
        refused!(@ Compare: lt le gt ge; Tensor<V>, $number);
        refused!(@ Compare: lt le gt ge; &Tensor<V>, $number);
        refused!(@ Compare: lt le gt ge; $number, Tensor<V>);
        refused!(@ Compare: lt le gt ge; $number, &Tensor<V>);
        refused!(@ Equate: eq ne; Tensor<V>, $number);
        refused!(@ Equate: eq ne; &Tensor<V>, $number);
        refused!(@ Equate: eq ne; $number, Tensor<V>);
        refused!(@ Equate: eq ne; $number, &Tensor<V>);
    )*};
    (@ $trait:ident: $($method:ident)+; $left:ty, $right:ty) => {
        #[doc(hidden)]
        #[diagnostic::do_not_recommend]
        impl<V: Visibility + Never> $trait<$right> for $left {
            type Out = Tensor<V, Bit>;
            $(fn $method(&self, _: &$right) -> Self::Out { V::never() })+
        }
    };
}
refused!(@ Compare: lt le gt ge; Tensor<V, Bit>, Tensor<V, Bit>);
refused!(@ Compare: lt le gt ge; &Tensor<V, Bit>, &Tensor<V, Bit>);
refused!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32);
