//! `if`: one branch on a `bool`, both on bits.

use super::Select;
use crate::{
    tensor::{Bit, Tensor},
    visibility::Visibility,
};

/// The condition of an `if` whose branches are given `S` and yield `A` and `B`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no condition",
    label = "an `if` needs a `bool` or bits",
    note = "a comparison gives bits: `if x > 0.0 {{ .. }} else {{ .. }}`"
)]
pub trait Condition<S, A, B> {
    /// What the `if` yields.
    type Out;

    /// Runs one branch, or both and selects.
    #[track_caller]
    fn choose(self, state: S, then: impl FnOnce(S) -> A, otherwise: impl FnOnce(S) -> B) -> Self::Out;
}

/// `if condition { then } else { otherwise }`
#[inline]
#[track_caller]
pub fn choose<C: Condition<(), A, B>, A, B>(
    condition: C,
    then: impl FnOnce() -> A,
    otherwise: impl FnOnce() -> B,
) -> C::Out {
    condition.choose((), |()| then(), |()| otherwise())
}

/// `if condition { then } else { otherwise }` for branches that both use up, or change, the same variables: with bits, each
/// gets a copy.
#[inline]
#[track_caller]
pub fn choose_with<C: Condition<S, A, B>, S, A, B>(
    condition: C,
    state: S,
    then: impl FnOnce(S) -> A,
    otherwise: impl FnOnce(S) -> B,
) -> C::Out {
    condition.choose(state, then, otherwise)
}

impl<S, A> Condition<S, A, A> for bool {
    type Out = A;

    #[inline]
    fn choose(self, state: S, then: impl FnOnce(S) -> A, otherwise: impl FnOnce(S) -> A) -> A {
        if self { then(state) } else { otherwise(state) }
    }
}

macro_rules! bits {
    ($($bits:ty),+) => {$(
        impl<V: Visibility, S: Clone, A: Select<V, B>, B> Condition<S, A, B> for $bits {
            type Out = A::Out;

            #[track_caller]
            fn choose(self, state: S, then: impl FnOnce(S) -> A, otherwise: impl FnOnce(S) -> B) -> A::Out {
                let runtime = self.handle().runtime();
                let (then, otherwise) = runtime.oblivious(|| (then(state.clone()), otherwise(state)));
                A::select(&self, then, otherwise)
            }
        }
    )+};
}
bits!(Tensor<V, Bit>, &Tensor<V, Bit>);
