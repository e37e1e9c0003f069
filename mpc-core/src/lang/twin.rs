//! Code for every visibility: the same function runs on secrets, and on public numbers as its plaintext twin.

use super::Holds;
use crate::visibility::{Join, Public, Secret, Visibility};

/// Any visibility, for generic code: values of it combine with each other, with public ones, and with secret ones.
///
/// `fn score<V: AnyVisibility>(x: &Tensor<V>) -> Tensor<V>` is one function for [`Secret`], for
/// [`Private`](crate::Private) and for [`Public`], where it computes in the clear: its own twin.
pub trait AnyVisibility:
    Copy
    + Visibility
    + Join<Self, Out = Self>
    + Join<Public, Out = Self>
    + Join<Secret, Out = Secret>
    + Holds<Self>
    + Holds<Public>
{
}

impl<V> AnyVisibility for V where
    V: Visibility
        + Copy
        + Join<Self, Out = Self>
        + Join<Public, Out = Self>
        + Join<Secret, Out = Secret>
        + Holds<Self>
        + Holds<Public>
{
}
