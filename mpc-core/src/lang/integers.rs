//! `x * 2`: refused with what to write instead, where the compiler would only list the types that it knows.
//!
//! The impls are for `i32` alone, which a literal is unless something else asks for another type. With more of them a literal
//! would have no type before the end of the function, and the message would ask for annotations instead.

use crate::{tensor::Tensor, visibility::Visibility};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Sub, SubAssign};

/// That tensors take integers, which they do not: implemented for nothing.
#[diagnostic::on_unimplemented(
    message = "a tensor cannot be combined with an integer",
    label = "an integer beside a tensor",
    note = "tensors are fixed-point numbers, and Rust does not convert by itself: write `2.0`, not `2`; for a variable, `f64::from(n)` or `n as f64`"
)]
pub trait TakesIntegers {
    /// Anything, which is never asked for.
    fn never<T>() -> T;
}

macro_rules! refused {
    ($($trait:ident $method:ident, $assign:ident $assigned:ident;)*) => {$(
        refused!(@ $trait $method: Tensor<V>, i32);
        refused!(@ $trait $method: &Tensor<V>, i32);
        refused!(@ $trait $method: i32, Tensor<V>);
        refused!(@ $trait $method: i32, &Tensor<V>);

        #[doc(hidden)]
        impl<V: Visibility + TakesIntegers> $assign<i32> for Tensor<V> {
            fn $assigned(&mut self, _: i32) {}
        }
    )*};
    (@ $trait:ident $method:ident: $left:ty, $right:ty) => {
        #[doc(hidden)]
        impl<V: Visibility + TakesIntegers> $trait<$right> for $left {
            type Output = Tensor<V>;

            fn $method(self, _: $right) -> Tensor<V> {
                V::never()
            }
        }
    };
}
refused! {
    Add add, AddAssign add_assign;
    Sub sub, SubAssign sub_assign;
    Mul mul, MulAssign mul_assign;
    Div div, DivAssign div_assign;
}
