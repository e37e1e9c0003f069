//! Variables that a branch of an `if` on bits changes: afterwards they hold what one or the other branch left in them.

use crate::{
    engine::Logic,
    error::{Error, Usage},
    op::Handle,
    tensor::{Bit, Tensor},
    visibility::{Party, Private, Public, Secret, Visibility},
};
use std::{panic::Location, rc::Rc};

/// The variables that a branch changes, handed back at its end.
#[derive(Clone, Debug)]
pub struct Kept<T>(
    /// One variable, or a tuple of them.
    pub T,
);

/// A variable that may be changed under bits known to `V`.
#[diagnostic::on_unimplemented(
    message = "a variable of type `{Self}` cannot be changed in a branch of an `if` on bits",
    label = "a branch of this `if` changes a variable of type `{Self}`",
    note = "the variable would tell which branch was taken: make it a tensor before the `if`, such as `let mut total = x.sum() * 0.0`, or a tuple, array or `Vec` of tensors; a struct of these has `#[derive(Select)]`"
)]
pub trait Merge<V>: Sized {
    /// What holds after the `if`.
    #[track_caller]
    fn merge(bits: &Tensor<V, Bit>, a: Self, b: Self) -> Self;

    /// What holds when only one branch has the value: nothing but the mistake in `bits`.
    #[track_caller]
    fn spoil(bits: &Tensor<V, Bit>, lone: Self) -> Self;
}

/// Whether a tensor of this visibility may depend on bits known to `V`.
#[diagnostic::on_unimplemented(
    message = "a variable that holds a `Tensor<{Self}>` cannot be changed in a branch of an `if` on bits known to `{V}`",
    label = "a branch of this `if` changes a variable of visibility `{Self}`",
    note = "the variable would reveal the bits: call `.share()` on it before the `if`"
)]
pub trait Holds<V>: Visibility {}
impl<V: Visibility> Holds<V> for Secret {}
impl Holds<Public> for Public {}
impl<P: Party> Holds<Public> for Private<P> {}
impl<P: Party> Holds<Self> for Private<P> {}

impl<V: Visibility, W: Holds<V>> Merge<V> for Tensor<W> {
    #[track_caller]
    fn merge(when: &Tensor<V, Bit>, a: Self, b: Self) -> Self {
        one_of(when.handle(), a.handle(), b.handle(), |when| when.select(a.handle(), b.handle())).into()
    }

    #[track_caller]
    fn spoil(when: &Tensor<V, Bit>, lone: Self) -> Self {
        when.handle().select(lone.handle(), lone.handle()).into()
    }
}

impl<V: Visibility, W: Holds<V>> Merge<V> for Tensor<W, Bit> {
    #[track_caller]
    fn merge(when: &Tensor<V, Bit>, a: Self, b: Self) -> Self {
        one_of(when.handle(), a.handle(), b.handle(), |when| bits(when, a.handle(), b.handle())).into()
    }

    #[track_caller]
    fn spoil(when: &Tensor<V, Bit>, lone: Self) -> Self {
        when.handle().logic(Logic::And, lone.handle()).into()
    }
}

/// A variable that neither branch changed stays as it is, at no cost.
#[track_caller]
fn one_of(when: &Handle, a: &Handle, b: &Handle, select: impl FnOnce(&Handle) -> Handle) -> Handle {
    let same = Rc::ptr_eq(a.runtime(), b.runtime()) && a.id().is_some() && a.id() == b.id();
    if same && when.error().is_none() { a.clone() } else { select(when) }
}

/// `when ? a : b` for bits.
#[track_caller]
pub(super) fn bits(when: &Handle, a: &Handle, b: &Handle) -> Handle {
    b.logic(Logic::Xor, &when.logic(Logic::And, &a.logic(Logic::Xor, b)))
}

impl<V: Visibility, T: Merge<V>> Merge<V> for Vec<T> {
    #[track_caller]
    fn merge(bits: &Tensor<V, Bit>, a: Self, b: Self) -> Self {
        if a.len() == b.len() {
            return a.into_iter().zip(b).map(|(a, b)| T::merge(bits, a, b)).collect();
        }
        let bits = unequal(bits, a.len(), b.len());
        // Whoever reads any element of the list hears of it.
        let (mut a, mut b, mut merged) = (a.into_iter(), b.into_iter(), Self::new());
        loop {
            merged.push(match (a.next(), b.next()) {
                (Some(a), Some(b)) => T::merge(&bits, a, b),
                (Some(lone), None) | (None, Some(lone)) => T::spoil(&bits, lone),
                (None, None) => return merged,
            });
        }
    }

    #[track_caller]
    fn spoil(bits: &Tensor<V, Bit>, lone: Self) -> Self {
        lone.into_iter().map(|lone| T::spoil(bits, lone)).collect()
    }
}

/// The mistake of lists that end up with different lengths.
#[track_caller]
fn unequal<V: Visibility>(bits: &Tensor<V, Bit>, then: usize, otherwise: usize) -> Tensor<V, Bit> {
    let handle = bits.handle();
    if handle.error().is_some() {
        return bits.clone();
    }
    let scopes = handle.runtime().scopes();
    let error = Error::Usage {
        op: "if".into(),
        problem: Usage::Argument(format!(
            "the branches end with lists of {then} and {otherwise} values: a length is public"
        )),
        shapes: vec![handle.shape()],
        scope: scopes.path(scopes.step("if")),
        at: Location::caller(),
    };
    Handle::poisoned(handle.runtime(), error).into()
}

impl<V, T: Merge<V>, const N: usize> Merge<V> for [T; N] {
    #[track_caller]
    fn merge(bits: &Tensor<V, Bit>, a: Self, b: Self) -> Self {
        let mut b = b.into_iter();
        a.map(|a| match b.next() {
            Some(b) => T::merge(bits, a, b),
            None => T::spoil(bits, a),
        })
    }

    #[track_caller]
    fn spoil(bits: &Tensor<V, Bit>, lone: Self) -> Self {
        lone.map(|lone| T::spoil(bits, lone))
    }
}

macro_rules! tuples {
    ($($($t:ident $x:ident $y:ident),*;)+) => {$(
        impl<V, $($t: Merge<V>),*> Merge<V> for ($($t,)*) {
            #[track_caller]
            fn merge(_bits: &Tensor<V, Bit>, ($($x,)*): Self, ($($y,)*): Self) -> Self {
                ($($t::merge(_bits, $x, $y),)*)
            }

            #[track_caller]
            fn spoil(_bits: &Tensor<V, Bit>, ($($x,)*): Self) -> Self {
                ($($t::spoil(_bits, $x),)*)
            }
        }
    )+};
}
tuples! {
    A a1 a2;
    A a1 a2, B b1 b2;
    A a1 a2, B b1 b2, C c1 c2;
    A a1 a2, B b1 b2, C c1 c2, D d1 d2;
    A a1 a2, B b1 b2, C c1 c2, D d1 d2, E e1 e2;
    A a1 a2, B b1 b2, C c1 c2, D d1 d2, E e1 e2, F f1 f2;
    A a1 a2, B b1 b2, C c1 c2, D d1 d2, E e1 e2, F f1 f2, G g1 g2;
    A a1 a2, B b1 b2, C c1 c2, D d1 d2, E e1 e2, F f1 f2, G g1 g2, H h1 h2;
}
