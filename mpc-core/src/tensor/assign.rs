//! `+= -= *=`: the variable holds the result from then on. Its type stays, so what is added to a public tensor is public.

use super::Tensor;
use crate::visibility::{Join, Visibility};
use std::ops::{AddAssign, MulAssign, SubAssign};

macro_rules! assign {
    ($($trait:ident :: $method:ident, $sign:tt;)+) => {$(
        assign!(@ [V: Join<W, Out = V>, W: Visibility] $trait, $method, Tensor<W>, $sign);
        assign!(@ [V: Join<W, Out = V>, W: Visibility] $trait, $method, &Tensor<W>, $sign);
        assign!(@ [V: Visibility] $trait, $method, f64, $sign);
    )+};
    (@ [$($generics:tt)*] $trait:ident, $method:ident, $right:ty, $sign:tt) => {
        impl<$($generics)*> $trait<$right> for Tensor<V> {
            #[track_caller]
            fn $method(&mut self, right: $right) {
                *self = &*self $sign right;
            }
        }
    };
}
assign! {
    AddAssign::add_assign, +;
    SubAssign::sub_assign, -;
    MulAssign::mul_assign, *;
}
