//! The protocol `dealer`: N >= 2 parties with additive shares over Z_2^k (exclusive-or shares for bits), and a dealer who
//! hands out correlated randomness and never sees a message that depends on data. Semi-honest; private against any
//! N - 1 parties together, as long as the dealer colludes with none of them.
//!
//! Masked wires and their reuse: Turbospeedz (ePrint 2019/080) and ABY2.0 (ePrint 2020/1225). Truncation: the wrap-free
//! form of Dalskov, Escudero, Keller (ePrint 2020/1330, section on fixed-point numbers). Comparison of a public with a
//! masked value by multi-fan-in gates: ABY2.0. Trigonometric series of a masked value: the Fourier technique of
//! Zheng et al., Secure Softmax/Sigmoid for Machine-learning Computation (ACSAC 2023).
//!
//! # Costs
//! Per element, 64-bit ring. *Sent*: bytes from each party to each other party. *Dealt*: bytes from the dealer, to one
//! party. Bits are packed 64 to a word, so a small tensor pays for whole words. The conformance tests check every row.
//!
//! | step | rounds | sent | dealt |
//! |---|---|---|---|
//! | share, add, linear maps, public factors | 0 | 0 | 0 |
//! | reveal, reveal_to | 1 | 8 | 0 |
//! | reveal_to a client | 0 | 8, to the client | 0 |
//! | share of a client's value | 0 | 8, from the client to one party | 0 |
//! | open a wire (once, before its first use below) | 1 | 8 | 0 |
//! | bilinear map of open wires | 0 | 0 | 8 an element of the result |
//! | truncate, N = 2 | 1 | 1/8 | 8 |
//! | truncate, N > 2 | 1 | 8 | 16 |
//! | truncate an open wire | 0 | 0 | 16 |
//! | a bit times a truncated open wire | 1 | 1/8 | 24 |
//! | compare an open wire with t thresholds | 2 | 33/8 t | 32 + 12 t |
//! | the same, of which blocks of 16 bits are alike: l different ones for the lowest, n others, if l + n < 4 t | 2 | (6 l + 7 n + 6 t)/8 | 32 + (15 l + 22 n + 15 t)/8 |
//! | equality of an open wire with a public number | 2 | 20/8 | 32 + 55/8 |
//! | one-hot row of c classes from an open wire (c > 16: up to 65536) | 0 (1) | 0 (n c/8 for n nibbles) | 32 (+ (2^n - n - 1) c/8) |
//! | and of k bits | 1 | k/8 | (2^k - k - 1)/8 |
//! | bit to number, and times w open wires | 1 | 1/8 | 8 + 8 w |
//! | sums of c bits, and of them times an open wire, all times 1 - 2 s for another bit s | 1 | (c + 1)/8 | 16 (c + 1) |
//! | series of K harmonics of an open wire (no truncation) | 0 | 0 | 16 K |
//! | exponential of an open wire in a window | 0 | 0 | 32 |

mod bilinear;
mod choose;
mod choose_signed;
mod choose_sums;
mod compare;
mod conjunction;
mod equality;
mod exponential;
mod fused;
mod one_hot;
mod series;
mod service;
mod truncate;

pub(crate) use service::serve_on;
pub use service::{Limits, Served, Watch, serve};

use super::{Array, Chosen, Fresh, Opening, Protocol, Sums, Times, Wire};
use crate::{
    backend::{Backend, Bits, Exponential, Payload, Series, arrange, tree},
    bilinear::{Bilinear, Linear},
    context::Context,
    exec::{Route, Slot, Tag},
    fixed::Fixed,
    preprocessing::{Mask, Need},
    rand::{Address, At, Purpose},
    ring::Ring,
    shape::View,
};
use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    marker::PhantomData,
    rc::Rc,
};

/// The protocol at one party.
pub struct Dealer<R, B> {
    cx: Rc<Context>,
    backend: B,
    fixed: Fixed,
    ring: PhantomData<R>,
}

/// The openings of a base wire: whole, and by piece.
pub struct Openings<A> {
    whole: OnceCell<Slot<A>>,
    pieces: RefCell<HashMap<u32, Slot<A>>>,
}

impl<A> Default for Openings<A> {
    fn default() -> Self {
        Self { whole: OnceCell::new(), pieces: RefCell::default() }
    }
}

impl<R: Ring, B: Backend> Dealer<R, B> {
    /// The protocol at one party.
    pub fn new(cx: Rc<Context>, backend: B, fixed: Fixed) -> Self {
        Self { cx, backend, fixed, ring: PhantomData }
    }

    /// This party's share of the mask of a wire.
    fn mask(&self, mask: &Mask) -> B::Array<R> {
        let (at, (range, views)) = (mask.address(), mask.needed());
        let random = match mask.owner {
            Some(owner) if usize::from(owner) != self.cx.me() => self.backend.fill(range.len(), R::ZERO),
            _ => self.cx.random(&self.backend, at, range),
        };
        views.iter().fold(random, |x, view| self.backend.linear(&Linear::View(view.clone()), &x))
    }

    /// The wire opened under its mask, and this party's share of the mask. Queues the opening now, if it is the first.
    fn opened(&self, x: &Rc<Wire<Self>>) -> impl Future<Output = B::Array<R>> + use<R, B> {
        let base = x.base.as_ref().unwrap_or(x);
        let (slot, views) = match x.id.plan() {
            Opening::Whole => {
                let slot = base.openings.whole.get_or_init(|| self.open(base, base.id.mask.address(), 0));
                (slot.clone(), x.id.mask.views.clone())
            }
            Opening::Piece(number) => {
                let mut pieces = base.openings.pieces.borrow_mut();
                let open = || self.open(x, x.id.mask.address(), number + 1);
                (pieces.entry(number).or_insert_with(open).clone(), Vec::new())
            }
        };
        let backend = self.backend.clone();
        async move { views.into_iter().fold(slot.await, |m, view| backend.linear(&Linear::View(view), &m)) }
    }

    fn open(&self, x: &Wire<Self>, at: Address, piece: u32) -> Slot<B::Array<R>> {
        let masked = self.backend.add(&x.share, &self.mask(&x.id.mask));
        let route = x.id.mask.owner.map_or(Route::All, |owner| Route::From(usize::from(owner)));
        self.cx.open(&self.backend, Tag { at, piece }, route, x.id.scope, &masked)
    }

    /// Fresh shares of a result to those who may see it, and their sum there. What only a client may see needs no round.
    fn deliver<T: Clone + 'static>(
        &self,
        tag: Tag,
        at: At,
        route: Route,
        fresh: Payload,
        sum: impl FnOnce(Vec<Payload>) -> Option<T> + 'static,
    ) -> Slot<Option<T>> {
        let cx = &self.cx;
        if cx.is_client(cx.me()) {
            return cx.hear_parties(tag.at, at.scope, fresh.words(), sum);
        }
        cx.tell_clients(tag.at, route, at.scope, &fresh);
        match route {
            Route::To(only) if cx.is_client(only) => Slot::full(None),
            route => cx.exchange(tag, route, at.scope, fresh, |parts| parts.and_then(sum)),
        }
    }
}

impl<R: Ring, B: Backend> Protocol for Dealer<R, B> {
    type Ring = R;
    type Backend = B;
    type Share = B::Array<R>;
    type Bits = Bits<B>;
    type Openings = Openings<B::Array<R>>;

    fn backend(&self) -> &B {
        &self.backend
    }
    fn context(&self) -> &Rc<Context> {
        &self.cx
    }
    fn fixed(&self) -> Fixed {
        self.fixed
    }

    fn constant(&self, x: &Array<Self>) -> Self::Share {
        if self.cx.first() { x.clone() } else { self.backend.fill(self.backend.len(x), R::ZERO) }
    }

    fn private(&self, at: At, owner: usize, x: Option<&Array<Self>>, len: usize) -> Slot<Self::Share> {
        if self.cx.is_client(owner) {
            return self.cx.client_share(&self.backend, at, owner, x, len);
        }
        Slot::full(x.cloned().unwrap_or_else(|| self.backend.fill(len, R::ZERO)))
    }

    fn refresh(&self, at: At, x: &Self::Share) -> Fresh<Self::Share> {
        Fresh(self.cx.refreshed(&self.backend, at, x))
    }

    fn export(&self, x: &Self::Share) -> Vec<R> {
        self.backend.download(x)
    }
    fn import(&self, x: Array<Self>) -> Self::Share {
        x
    }

    fn reveal(&self, at: At, x: &Self::Share, route: Route) -> Slot<Option<Array<Self>>> {
        let (len, kernels) = (self.backend.len(x), self.backend.clone());
        let tag = Tag { at: at.address(Purpose::Reveal), piece: 0 };
        // Shares of a sum of widened private values are those values: shares of zero hide all but the sum.
        let fresh = self.backend.to_wire(&self.refresh(at, x).0);
        let sum = move |parts: Vec<Payload>| Some(kernels.sum_wire(&parts, len));
        self.deliver(tag, at, route, fresh, sum)
    }

    fn add(&self, x: &Self::Share, y: &Self::Share) -> Self::Share {
        self.backend.add(x, y)
    }
    fn sub(&self, x: &Self::Share, y: &Self::Share) -> Self::Share {
        self.backend.sub(x, y)
    }
    fn linear(&self, map: &Linear, x: &Self::Share) -> Self::Share {
        self.backend.linear(map, x)
    }
    fn concat(&self, parts: &[&Self::Share], runs: &[usize], outer: usize) -> Self::Share {
        self.backend.concat(parts, runs, outer)
    }
    fn bilinear_public(&self, map: &Bilinear, x: &Self::Share, y: &Array<Self>, public_first: bool) -> Self::Share {
        if public_first { self.backend.bilinear(map, y, x) } else { self.backend.bilinear(map, x, y) }
    }

    async fn bilinear(&self, at: At, map: &Bilinear, a: &Rc<Wire<Self>>, b: &Rc<Wire<Self>>) -> Fresh<Self::Share> {
        self.bilinear_share(at, map, a, b).await
    }
    fn needs_bilinear(&self, at: At, map: &Bilinear, a: &Mask, b: &Mask, needs: &mut Vec<Need>) {
        needs.push(bilinear::needs(at, map, a, b));
    }

    async fn truncate(&self, at: At, z: Fresh<Self::Share>, bits: u32) -> Self::Share {
        match (bits, self.cx.parties()) {
            (0, _) => z.0,
            (_, 2) => self.truncate_by_bit(at, z.0, bits).await,
            _ => self.truncate_opened(at, z.0, bits).await,
        }
    }
    fn needs_truncate(&self, at: At, len: usize, bits: u32, needs: &mut Vec<Need>) {
        needs.extend(truncate::needs(at, self.cx.parties(), len, bits));
    }

    async fn truncate_wire(&self, at: At, z: &Rc<Wire<Self>>, bits: u32) -> Self::Share {
        self.truncate_masked(at, z, bits).await
    }
    fn needs_truncate_wire(&self, at: At, z: &Mask, bits: u32, needs: &mut Vec<Need>) {
        needs.push(fused::needs_truncate(at, z, bits));
    }

    async fn choose_truncated(
        &self,
        at: At,
        bit: &Self::Bits,
        z: &Rc<Wire<Self>>,
        y: &Self::Share,
        bits: u32,
    ) -> Self::Share {
        self.choose_masked(at, bit, z, y, bits).await
    }
    fn needs_choose_truncated(&self, at: At, z: &Mask, bits: u32, needs: &mut Vec<Need>) {
        needs.push(fused::needs_choose(at, z, bits));
    }

    async fn less_than(&self, at: At, x: &Rc<Wire<Self>>, thresholds: &[R]) -> Vec<Self::Bits> {
        self.compare(at, x, thresholds).await
    }
    fn needs_less_than(&self, at: At, x: &Mask, thresholds: &[R], needs: &mut Vec<Need>) {
        needs.push(compare::needs(at, x, thresholds));
    }

    async fn equal(&self, at: At, x: &Rc<Wire<Self>>, t: R) -> Self::Bits {
        self.equality(at, x, t).await
    }
    fn needs_equal(&self, at: At, x: &Mask, needs: &mut Vec<Need>) {
        needs.extend(equality::needs(at, R::BITS, x));
    }

    async fn one_hot(&self, at: At, x: &Rc<Wire<Self>>, classes: usize) -> Self::Bits {
        self.one_hot_bits(at, x, classes).await
    }
    fn needs_one_hot(&self, at: At, x: &Mask, classes: usize, needs: &mut Vec<Need>) {
        needs.extend(one_hot::needs(at, R::BITS, self.fixed.bits(), x, classes));
    }

    async fn and(&self, at: At, groups: &[&[Self::Bits]], len: usize) -> Vec<Self::Bits> {
        self.conjunctions(at, groups, len).await
    }
    fn needs_and(&self, at: At, groups: &[usize], len: usize, needs: &mut Vec<Need>) {
        needs.push(conjunction::needs(at, groups, len));
    }

    fn private_bits(&self, at: At, owner: usize, x: Option<&Bits<B>>, len: usize) -> Slot<Self::Bits> {
        if self.cx.is_client(owner) {
            return self.cx.client_bits(&self.backend, at, owner, x, tree::plane(len));
        }
        Slot::full(x.cloned().unwrap_or_else(|| self.backend.fill(tree::plane(len), 0)))
    }
    fn constant_bits(&self, x: &Bits<B>) -> Self::Bits {
        if self.cx.first() { x.clone() } else { self.backend.fill(self.backend.len(x), 0) }
    }
    fn reveal_bits(&self, at: At, x: &Self::Bits, route: Route) -> Slot<Option<Bits<B>>> {
        let (words, kernels) = (self.backend.len(x), self.backend.clone());
        let tag = Tag { at: at.address(Purpose::Reveal), piece: 0 };
        let fresh = self.backend.xor(x, &self.cx.zero_bits(&self.backend, at, words));
        let sum = move |parts: Vec<Payload>| Some(kernels.xor_wire(&parts, words));
        self.deliver(tag, at, route, self.backend.to_wire(&fresh), sum)
    }
    fn view_bits(&self, view: &View, x: &Self::Bits, len: usize) -> Self::Bits {
        self.backend.view_bits(view, x, len)
    }
    fn concat_bits(&self, parts: &[(&Self::Bits, usize)], runs: &[usize], outer: usize) -> Self::Bits {
        arrange::concat_bits(&self.backend, parts, runs, outer)
    }
    fn xor(&self, a: &Self::Bits, b: &Self::Bits) -> Self::Bits {
        self.backend.xor(a, b)
    }
    fn not(&self, a: &Self::Bits) -> Self::Bits {
        if self.cx.first() { self.backend.not(a) } else { a.clone() }
    }

    async fn choose(&self, at: At, bit: &Self::Bits, len: usize, wires: &[Rc<Wire<Self>>]) -> Chosen<Self> {
        self.choose_share(at, bit, len, wires).await
    }
    fn needs_choose(&self, at: At, len: usize, wires: &[Mask], needs: &mut Vec<Need>) {
        needs.push(choose::needs(at, len, wires));
    }

    async fn choose_sums(
        &self,
        at: At,
        bits: &[Self::Bits],
        len: usize,
        weights: &[&[i64]],
        times: Option<Times<'_, Self>>,
    ) -> Sums<Self::Share> {
        self.sums_of(at, bits, len, weights, times).await
    }

    async fn choose_signed(
        &self,
        at: At,
        sign: &Self::Bits,
        bits: &[Self::Bits],
        weights: &[&[i64]],
        times: Times<'_, Self>,
    ) -> Sums<Self::Share> {
        self.signed_sums_of(at, sign, bits, weights, times).await
    }
    fn needs_choose_signed(&self, at: At, bits: usize, wire: &Mask, needs: &mut Vec<Need>) {
        needs.push(choose_signed::needs(at, bits, wire));
    }

    async fn series(&self, at: At, series: &Series, x: &Rc<Wire<Self>>) -> Fresh<Self::Share> {
        self.series_share(at, series, x).await
    }
    fn needs_series(&self, at: At, series: &Series, x: &Mask, needs: &mut Vec<Need>) {
        needs.push(series::needs(at, series, x));
    }

    async fn exponential(&self, at: At, e: &Exponential, x: &Rc<Wire<Self>>) -> Self::Share {
        self.exponential_share(at, e, x).await
    }
    fn needs_exponential(&self, at: At, e: &Exponential, x: &Mask, needs: &mut Vec<Need>) {
        needs.push(exponential::needs(at, e, x));
    }

    fn open_early(&self, x: &Rc<Wire<Self>>) {
        drop(self.opened(x));
    }
}
