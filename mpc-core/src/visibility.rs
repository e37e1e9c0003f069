//! Who may know a value, in types: `Public < Private<P> < Secret`.

use crate::engine::Vis;
use std::marker::PhantomData;

/// Known to everybody.
#[derive(Clone, Copy, Debug)]
pub struct Public;

/// Known to nobody: every party holds a share.
#[derive(Clone, Copy, Debug)]
pub struct Secret;

/// Known to the party `P`.
#[derive(Clone, Copy, Debug)]
pub struct Private<P>(PhantomData<P>);

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Public {}
    impl Sealed for super::Secret {}
    impl<P> Sealed for super::Private<P> {}
}

/// Who may know a value: [`Public`], [`Private`] or [`Secret`].
pub trait Visibility: sealed::Sealed + 'static {
    /// The same, as data.
    const VIS: Vis;
}

impl Visibility for Public {
    const VIS: Vis = Vis::Public;
}
impl Visibility for Secret {
    const VIS: Vis = Vis::Secret;
}
impl<P: Party> Visibility for Private<P> {
    const VIS: Vis = Vis::Private(P::INDEX);
}

/// What could be printed without awaiting it: nothing.
#[diagnostic::on_unimplemented(
    message = "a tensor cannot be printed: its value is secret, or not computed yet",
    label = "not a value that can be shown",
    note = "say who may see it and await that: `x.reveal().await?` for everybody, `x.reveal_to::<P>().await?` for one party; `{{:?}}` prints the shape"
)]
pub trait Printable: sealed::Sealed {}

/// A party of the program, named by the `parties!` macro.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a party of this program",
    label = "not a party",
    note = "name the parties once: `parties! {{ compute Hospital, Lab; }}`"
)]
pub trait Party: Copy + 'static {
    /// Its place in the roster: compute parties first, then clients.
    const INDEX: usize;
    /// Its name in the roster.
    const NAME: &'static str;
    /// Whether it only gives inputs and gets results: it holds no share of what others know, and computes nothing secret.
    const CLIENT: bool = false;
}

/// The parties of a program, made by the `parties!` macro.
pub trait PartySet: 'static {
    /// The names of those who compute, in the order of the roster.
    const COMPUTE: &'static [&'static str];
    /// The names of the clients, in the order of the roster.
    const CLIENTS: &'static [&'static str] = &[];
}

/// Who may know a value made of two. Two owners have no join: no party knows both values.
#[diagnostic::on_unimplemented(
    message = "`{Self}` and `{R}` cannot be combined in the clear: they belong to different owners",
    label = "no party knows both of these values",
    note = "call `.share()` on both tensors first: `a.share() * b.share()` computes on shares, and neither owner learns the other's value",
    note = "in code that is generic over the visibility, ask for `V: AnyVisibility`, whose values combine"
)]
pub trait Join<R: Visibility>: Visibility {
    /// The visibility of the result.
    type Out: Visibility;
}

impl<R: Visibility> Join<R> for Public {
    type Out = R;
}
impl<R: Visibility> Join<R> for Secret {
    type Out = Secret;
}
impl<P: Party> Join<Public> for Private<P> {
    type Out = Self;
}
impl<P: Party> Join<Self> for Private<P> {
    type Out = Self;
}
impl<P: Party> Join<Secret> for Private<P> {
    type Out = Secret;
}
