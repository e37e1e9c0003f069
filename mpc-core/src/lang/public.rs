//! Places where only a public value will do. Each is a function that gives back what it is given, and a trait whose
//! absence on tensors is the message to the user.

use super::sealed::Never;
use crate::tensor::Tensor;

/// The condition of an `if` that a branch may leave early.
#[diagnostic::on_unimplemented(
    message = "a branch of an `if` on a tensor leaves it early, by `return`, `break`, `continue`, `?`, `.await` or a panic",
    label = "only a `bool` can decide this, not `{Self}`",
    note = "both branches run, because leaving would tell which one was taken: let the `if` yield the value instead, `let y = if c {{ a }} else {{ b }};`"
)]
pub trait MayLeave: Into<bool> {}
impl MayLeave for bool {}

/// The condition, which is a [`MayLeave`].
#[inline]
pub fn may_leave<C: MayLeave>(condition: C) -> bool {
    condition.into()
}

/// The condition of an `if` with a side effect in a branch.
#[diagnostic::on_unimplemented(
    message = "a branch of an `if` on a tensor has a side effect: it prints, reveals, or changes something other than a local variable",
    label = "only a `bool` can decide this, not `{Self}`",
    note = "both branches run, because an effect would tell which one was taken: let the `if` yield the value, and act on it after the `if`"
)]
pub trait MayAct: Into<bool> {}
impl MayAct for bool {}

/// The condition, which is a [`MayAct`].
#[inline]
pub fn may_act<C: MayAct>(condition: C) -> bool {
    condition.into()
}

/// The condition of a `while`.
#[diagnostic::on_unimplemented(
    message = "a loop cannot run until a tensor says so",
    label = "only a `bool` can decide this, not `{Self}`",
    note = "the number of turns would reveal the secret: take a public bound, `for _ in 0..MAX {{ if condition {{ .. }} }}`, or reveal the condition on purpose, `.reveal().await?`"
)]
pub trait MayLoop: Into<bool> {}
impl MayLoop for bool {}

/// The condition, which is a [`MayLoop`].
#[inline]
pub fn may_loop<C: MayLoop>(condition: C) -> bool {
    condition.into()
}

/// What an `assert!` asserts.
#[diagnostic::on_unimplemented(
    message = "a tensor cannot be asserted: the panic would reveal it",
    label = "only a `bool` can decide this, not `{Self}`",
    note = "let the outcome be a value, `let valid = (x > 0.0).number();`, and reveal that on purpose; in a test, reveal both sides or use `mpc::testing::assert_close`"
)]
pub trait MayAssert: Into<bool> {}
impl MayAssert for bool {}

/// The condition, which is a [`MayAssert`].
#[inline]
pub fn may_assert<C: MayAssert>(condition: C) -> bool {
    condition.into()
}

/// The guard of a `match` arm.
#[diagnostic::on_unimplemented(
    message = "a `match` cannot be guarded by a tensor",
    label = "only a `bool` can decide this, not `{Self}`",
    note = "the arm taken would reveal the secret: write `if .. {{ .. }} else if .. {{ .. }} else {{ .. }}`, which computes all branches"
)]
pub trait MayGuard: Into<bool> {}
impl MayGuard for bool {}

/// The condition, which is a [`MayGuard`].
#[inline]
pub fn may_guard<C: MayGuard>(condition: C) -> bool {
    condition.into()
}

/// What a `match` can compare with literals: not a tensor.
#[diagnostic::on_unimplemented(
    message = "a `match` on a tensor would reveal it by the arm that is taken",
    label = "`{Self}` cannot be matched",
    note = "write `if x == 1.0 {{ .. }} else if x == 2.0 {{ .. }} else {{ .. }}`, which computes all branches"
)]
pub trait PublicScrutinee {
    /// The type itself. Where it is missing, the patterns give no errors of their own.
    type Value;

    /// The value itself.
    fn value(self) -> Self::Value;
}

impl<T: PartialEq> PublicScrutinee for T {
    type Value = T;

    #[inline]
    fn value(self) -> T {
        self
    }
}

/// What can be an index: not a tensor.
#[diagnostic::on_unimplemented(
    message = "a tensor cannot be an index",
    label = "the place that is read would reveal `{Self}`",
    note = "use an oblivious gather, which reads every place: multiply by a one-hot row, `(index == positions).number().matmul(&table)`"
)]
pub trait PublicIndex {
    /// The type itself.
    type Place;

    /// The index itself.
    fn place(self) -> Self::Place;
}

impl<T: PartialEq> PublicIndex for T {
    type Place = T;

    #[inline]
    fn place(self) -> T {
        self
    }
}

/// Impls that never apply. They make the compiler give the messages above, where it would otherwise ask for `PartialEq`.
macro_rules! refused {
    ($($trait:ident, $output:ident, $method:ident: $type:ty;)+) => {$(
        #[doc(hidden)]
        #[diagnostic::do_not_recommend]
        impl<V: Never, K> $trait for $type {
            type $output = Self;
            fn $method(self) -> Self {
                self
            }
        }
    )+};
}
refused! {
    PublicScrutinee, Value, value: Tensor<V, K>;
    PublicScrutinee, Value, value: &Tensor<V, K>;
    PublicIndex, Place, place: Tensor<V, K>;
    PublicIndex, Place, place: &Tensor<V, K>;
}

/// The value of a `match` with literals.
#[inline]
pub fn scrutinee<T: PublicScrutinee>(value: T) -> T::Value {
    value.value()
}

/// The index, which is public.
#[inline]
pub fn index<I: PublicIndex>(index: I) -> I::Place {
    index.place()
}
