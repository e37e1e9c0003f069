//! Protocols: how parties compute on values that none of them sees. Each in a folder of its own; `plain` is the clear
//! template to start a new one from.

pub mod dealer;
pub mod plain;
mod wire;

pub use wire::{Fresh, Opening, Wire, WireId};

use crate::{
    backend::{Backend, Bits, Exponential, Series},
    bilinear::{Bilinear, Linear},
    context::Context,
    exec::{Route, Slot},
    fixed::Fixed,
    preprocessing::{Mask, Need},
    rand::At,
    ring::Ring,
    shape::View,
};
use std::rc::Rc;

/// The arrays of a protocol's backend over its ring.
pub type Array<P> = <<P as Protocol>::Backend as Backend>::Array<<P as Protocol>::Ring>;

/// A secret bit as a number, and times each of some wires.
pub struct Chosen<P: Protocol> {
    /// 0 or 1 (not scaled).
    pub number: P::Share,
    /// The bit times each wire.
    pub products: Vec<P::Share>,
}

/// A wire that bits multiply, and the public weight of each bit's product.
pub struct Times<'a, P: Protocol> {
    /// The wire.
    pub wire: &'a Rc<Wire<P>>,
    /// A weight for each bit.
    pub factors: &'a [i64],
}

/// Sums of secret bits as numbers, and of their products with a wire.
pub struct Sums<S> {
    /// One for each set of weights.
    pub numbers: Vec<S>,
    /// That of the products.
    pub product: Option<S>,
}

/// A protocol for N parties over a ring. What is free is not async. Steps that need correlated randomness have a
/// `needs_` twin that names it; both must be called with the same step and the same wires.
///
/// Steps of one op have different [`At::part`]s; a method that uses several says how many.
pub trait Protocol: Sized + 'static {
    /// The ring.
    type Ring: Ring;
    /// The array kernels.
    type Backend: Backend;
    /// What one party holds of a secret tensor of numbers.
    type Share: Clone + 'static;
    /// What one party holds of a secret tensor of bits.
    type Bits: Clone + 'static;
    /// What is remembered of a wire's openings.
    type Openings: Default + 'static;

    /// Whether what the parties hold of a secret adds up to it in the ring.
    const ADDITIVE: bool = true;

    /// The kernels.
    fn backend(&self) -> &Self::Backend;
    /// The party.
    fn context(&self) -> &Rc<Context>;
    /// The code of numbers.
    fn fixed(&self) -> Fixed;

    /// A value that everybody knows, as a share.
    fn constant(&self, x: &Array<Self>) -> Self::Share;
    /// A value that `owner` knows, as a share: the value there, nothing elsewhere. The owner may be a client, who sends what
    /// the parties need.
    fn private(&self, at: At, owner: usize, x: Option<&Array<Self>>, len: usize) -> Slot<Self::Share>;
    /// Shares of the same value that are fresh.
    fn refresh(&self, at: At, x: &Self::Share) -> Fresh<Self::Share>;
    /// The ring elements that this party holds of a secret, to keep.
    fn export(&self, x: &Self::Share) -> Vec<Self::Ring>;
    /// The reverse.
    fn import(&self, x: Array<Self>) -> Self::Share;
    /// The value in the clear, by a route to all or to one, perhaps a client; nothing elsewhere. At a client `x` is zeros.
    fn reveal(&self, at: At, x: &Self::Share, route: Route) -> Slot<Option<Array<Self>>>;

    /// `x + y`.
    fn add(&self, x: &Self::Share, y: &Self::Share) -> Self::Share;
    /// `x - y`.
    fn sub(&self, x: &Self::Share, y: &Self::Share) -> Self::Share;
    /// A linear map.
    fn linear(&self, map: &Linear, x: &Self::Share) -> Self::Share;
    /// Pieces one after the other: see [`Backend::concat`].
    fn concat(&self, parts: &[&Self::Share], runs: &[usize], outer: usize) -> Self::Share;
    /// A bilinear map of a secret and a public argument; `public_first` says which is which.
    fn bilinear_public(&self, map: &Bilinear, x: &Self::Share, y: &Array<Self>, public_first: bool) -> Self::Share;

    /// A bilinear map of two wires.
    fn bilinear(
        &self,
        at: At,
        map: &Bilinear,
        a: &Rc<Wire<Self>>,
        b: &Rc<Wire<Self>>,
    ) -> impl Future<Output = Fresh<Self::Share>>;
    /// Its needs.
    fn needs_bilinear(&self, at: At, map: &Bilinear, a: &Mask, b: &Mask, needs: &mut Vec<Need>);

    /// Drops the lowest `bits` bits. The result is the floor or one more, on average exact, for |z| < 2^(k-2).
    fn truncate(&self, at: At, z: Fresh<Self::Share>, bits: u32) -> impl Future<Output = Self::Share>;
    /// Its needs.
    fn needs_truncate(&self, at: At, len: usize, bits: u32, needs: &mut Vec<Need>);

    /// Truncation of a wire: opens it, so that a comparison of it needs no other opening. The result as of
    /// [`Self::truncate`].
    fn truncate_wire(&self, at: At, z: &Rc<Wire<Self>>, bits: u32) -> impl Future<Output = Self::Share>;
    /// Its needs.
    fn needs_truncate_wire(&self, at: At, z: &Mask, bits: u32, needs: &mut Vec<Need>);
    /// A bit times the truncated wire y = z / 2^bits, without opening y.
    fn choose_truncated(
        &self,
        at: At,
        bit: &Self::Bits,
        z: &Rc<Wire<Self>>,
        y: &Self::Share,
        bits: u32,
    ) -> impl Future<Output = Self::Share>;
    /// Its needs.
    fn needs_choose_truncated(&self, at: At, z: &Mask, bits: u32, needs: &mut Vec<Need>);

    /// `[x < t]` for each threshold, which are ring elements; |x - t| < 2^(k-1). Uses a part for each threshold. What it costs
    /// depends on the thresholds.
    fn less_than(&self, at: At, x: &Rc<Wire<Self>>, thresholds: &[Self::Ring])
    -> impl Future<Output = Vec<Self::Bits>>;
    /// Its needs.
    fn needs_less_than(&self, at: At, x: &Mask, thresholds: &[Self::Ring], needs: &mut Vec<Need>);

    /// `[x = t]` for a ring element t. Uses two parts.
    fn equal(&self, at: At, x: &Rc<Wire<Self>>, t: Self::Ring) -> impl Future<Output = Self::Bits>;
    /// Its needs.
    fn needs_equal(&self, at: At, x: &Mask, needs: &mut Vec<Need>);

    /// `[x = t]` for the numbers t = 0 .. classes, for each element in turn: x must be such a number, and at most 65536
    /// classes. Uses a part for each level of conjunctions, at least one.
    fn one_hot(&self, at: At, x: &Rc<Wire<Self>>, classes: usize) -> impl Future<Output = Self::Bits>;
    /// Its needs.
    fn needs_one_hot(&self, at: At, x: &Mask, classes: usize, needs: &mut Vec<Need>);

    /// The conjunction of each group of at most [`conjunction::MOST`](crate::backend::conjunction::MOST) bit tensors of
    /// `len` elements: one round.
    fn and(&self, at: At, groups: &[&[Self::Bits]], len: usize) -> impl Future<Output = Vec<Self::Bits>>;
    /// Its needs, for groups of so many factors.
    fn needs_and(&self, at: At, groups: &[usize], len: usize, needs: &mut Vec<Need>);

    /// Bits that `owner` knows, as a share: the bits there, nothing elsewhere.
    fn private_bits(&self, at: At, owner: usize, x: Option<&Bits<Self::Backend>>, len: usize) -> Slot<Self::Bits>;
    /// Bits that everybody knows, as a share.
    fn constant_bits(&self, x: &Bits<Self::Backend>) -> Self::Bits;
    /// Bits in the clear, by a route to all or to one; nothing elsewhere.
    fn reveal_bits(&self, at: At, x: &Self::Bits, route: Route) -> Slot<Option<Bits<Self::Backend>>>;
    /// A view of `len` bits.
    fn view_bits(&self, view: &View, x: &Self::Bits, len: usize) -> Self::Bits;
    /// Bits one after the other: like [`Self::concat`], each part with its number of bits.
    fn concat_bits(&self, parts: &[(&Self::Bits, usize)], runs: &[usize], outer: usize) -> Self::Bits;
    /// Exclusive or.
    fn xor(&self, a: &Self::Bits, b: &Self::Bits) -> Self::Bits;
    /// Complement.
    fn not(&self, a: &Self::Bits) -> Self::Bits;

    /// A bit as a number and times wires of `len` elements. Uses a part for each wire, at least one.
    fn choose(
        &self,
        at: At,
        bit: &Self::Bits,
        len: usize,
        wires: &[Rc<Wire<Self>>],
    ) -> impl Future<Output = Chosen<Self>>;
    /// Its needs.
    fn needs_choose(&self, at: At, len: usize, wires: &[Mask], needs: &mut Vec<Need>);

    /// Sums of bits with public weights, and of their products with a wire: the same as [`Self::choose`] of each of them, with the
    /// wire or without, in the following steps, and its needs are those.
    fn choose_sums(
        &self,
        at: At,
        bits: &[Self::Bits],
        len: usize,
        weights: &[&[i64]],
        times: Option<Times<'_, Self>>,
    ) -> impl Future<Output = Sums<Self::Share>>;

    /// Those sums and the product with a wire, times 1 - 2 `sign`: a bit that is set makes them negative. Uses a part for the sign and one
    /// for each bit.
    fn choose_signed(
        &self,
        at: At,
        sign: &Self::Bits,
        bits: &[Self::Bits],
        weights: &[&[i64]],
        times: Times<'_, Self>,
    ) -> impl Future<Output = Sums<Self::Share>>;
    /// Its needs, for so many bits.
    fn needs_choose_signed(&self, at: At, bits: usize, wire: &Mask, needs: &mut Vec<Need>);

    /// A trigonometric series of x with [`Series::extra_bits`] more fractional bits than a number has.
    fn series(&self, at: At, series: &Series, x: &Rc<Wire<Self>>) -> impl Future<Output = Fresh<Self::Share>>;
    /// Its needs.
    fn needs_series(&self, at: At, series: &Series, x: &Mask, needs: &mut Vec<Need>);

    /// The exponential of x, off by `(N + 1) / 2` units and 2^-18 of itself, on average exact. It has no meaning where x is outside of
    /// the window. For rings of at most 64 bits.
    fn exponential(&self, at: At, e: &Exponential, x: &Rc<Wire<Self>>) -> impl Future<Output = Self::Share>;
    /// Its needs.
    fn needs_exponential(&self, at: At, e: &Exponential, x: &Mask, needs: &mut Vec<Need>);

    /// Whether a number is beyond what sessions can hold. Only a protocol in the clear can tell, when asked to check.
    fn exceeds(&self, _: &Self::Share) -> bool {
        false
    }

    /// Starts the opening of a wire that a later step will want, so that it shares the round that comes next.
    fn open_early(&self, x: &Rc<Wire<Self>>);
}
