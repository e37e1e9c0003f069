//! Places where only a public value will do. Each is a function that gives back what it is given, and a trait whose
//! absence on tensors is the message to the user.

use super::sealed::Never;
use crate::tensor::Tensor;

macro_rules! conditions {
    ($($(#[$meta:meta])* $trait:ident, $function:ident;)+) => {$(
        $(#[$meta])*
        pub trait $trait {
            /// The condition itself.
            fn public(self) -> bool;
        }

        impl $trait for bool {
            #[inline]
            fn public(self) -> bool {
                self
            }
        }

        #[doc = concat!("The condition, which is a [`", stringify!($trait), "`].")]
        #[inline]
        pub fn $function<C: $trait>(condition: C) -> bool {
            condition.public()
        }
    )+};
}
conditions! {
    /// The condition of an `if` that a branch may leave early.
    #[diagnostic::on_unimplemented(
        message = "a branch of an `if` on a tensor leaves it early, by `return`, `break`, `continue`, `?`, `.await` or a panic",
        label = "only a `bool` can decide this, not `{Self}`",
        note = "both branches run, because leaving would tell which one was taken: let the `if` yield the value instead, `let y = if c {{ a }} else {{ b }};`"
    )]
    MayLeave, may_leave;

    /// The condition of an `if` with a side effect in a branch.
    #[diagnostic::on_unimplemented(
        message = "a branch of an `if` on a tensor has a side effect: it prints, or changes something other than a local variable",
        label = "only a `bool` can decide this, not `{Self}`",
        note = "both branches run, because an effect would tell which one was taken: let the `if` yield the value, and act on it after the `if`"
    )]
    MayAct, may_act;

    /// The condition of a `while`.
    #[diagnostic::on_unimplemented(
        message = "a loop cannot run until a tensor says so",
        label = "only a `bool` can decide this, not `{Self}`",
        note = "the number of turns would reveal the secret: take a public bound, `for _ in 0..MAX {{ if condition {{ .. }} }}`, or reveal the condition on purpose, `.reveal().await?`"
    )]
    MayLoop, may_loop;

    /// The guard of a `match` arm.
    #[diagnostic::on_unimplemented(
        message = "a `match` cannot be guarded by a tensor",
        label = "only a `bool` can decide this, not `{Self}`",
        note = "the arm taken would reveal the secret: write `if .. {{ .. }} else if .. {{ .. }} else {{ .. }}`, which computes all branches"
    )]
    MayGuard, may_guard;
}

/// What a `match` can compare with literals: not a tensor.
#[diagnostic::on_unimplemented(
    message = "a `match` on a tensor would reveal it by the arm that is taken",
    label = "`{Self}` cannot be matched",
    note = "write `if x == 1.0 {{ .. }} else if x == 2.0 {{ .. }} else {{ .. }}`, which computes all branches"
)]
pub trait PublicScrutinee {}
impl<T: PartialEq + ?Sized> PublicScrutinee for T {}

/// What can be an index: not a tensor.
#[diagnostic::on_unimplemented(
    message = "a tensor cannot be an index",
    label = "the place that is read would reveal `{Self}`",
    note = "use an oblivious gather, which reads every place: multiply by a one-hot row, `(index == positions).number().matmul(&table)`"
)]
pub trait PublicIndex {}
impl<T: PartialEq> PublicIndex for T {}

/// Impls that never apply. They make the compiler give the messages above, where it would otherwise ask for `PartialEq`.
macro_rules! refused {
    ($($trait:ident for $type:ty;)+) => {$(
        #[doc(hidden)]
        #[diagnostic::do_not_recommend]
        impl<V: Never, K> $trait for $type {}
    )+};
}
refused! {
    PublicScrutinee for Tensor<V, K>;
    PublicScrutinee for &Tensor<V, K>;
    PublicIndex for Tensor<V, K>;
    PublicIndex for &Tensor<V, K>;
}

/// The value of a `match` with literals.
#[inline]
pub fn scrutinee<T: PublicScrutinee>(value: T) -> T {
    value
}

/// The index, which is public.
#[inline]
pub fn index<I: PublicIndex>(index: I) -> I {
    index
}
