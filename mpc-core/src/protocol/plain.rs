//! The clear-text protocol: every party holds every value. No security at all. It is the fixed-point oracle that the
//! others are compared with, and the template for a new protocol.
//!
//! | step | rounds | bytes per value and peer |
//! |---|---|---|
//! | a private value becomes "secret" | 1 | 8, from its owner |
//! | a client's value becomes "secret" | 0 | 8, from the client |
//! | a client sees a result | 0 | 8, to the client |
//! | everything else | 0 | 0 |

use super::{Array, Chosen, Fresh, Protocol, Sums, Times, Wire};
use crate::{
    backend::{Backend, Bits, Exponential, Series, arrange, tree::plane},
    bilinear::{Bilinear, Linear},
    context::Context,
    exec::{Route, Slot, Tag},
    fixed::Fixed,
    preprocessing::{Mask, Need},
    rand::{At, Purpose},
    ring::Ring,
    shape::View,
};
use std::{marker::PhantomData, rc::Rc};

/// The clear-text protocol.
pub struct Plain<R, B> {
    cx: Rc<Context>,
    backend: B,
    fixed: Fixed,
    /// Numbers of more units than this are found by [`Protocol::exceeds`].
    limit: Option<R>,
    ring: PhantomData<R>,
}

impl<R: Ring, B: Backend> Plain<R, B> {
    /// The protocol at one party.
    pub fn new(cx: Rc<Context>, backend: B, fixed: Fixed) -> Self {
        Self { cx, backend, fixed, limit: None, ring: PhantomData }
    }

    /// With a check of magnitudes: for a ring larger than that of sessions, `S`.
    pub fn checked<S: Ring>(self) -> Self {
        Self { limit: Some(self.fixed.nearest(self.fixed.limit::<S>())), ..self }
    }

    /// What everybody has, where a route reaches. Clients have it from all parties alike, and take the first's word.
    fn known<T: Ring>(&self, at: At, x: &B::Array<T>, route: Route, len: usize) -> Slot<Option<B::Array<T>>> {
        let (cx, kernels, at, scope) = (&self.cx, self.backend.clone(), at.address(Purpose::Reveal), at.scope);
        let payload = self.backend.to_wire(x);
        if cx.is_client(cx.me()) {
            return cx.hear_parties(at, scope, payload.words(), move |parts| Some(kernels.sum_wire(&parts[..1], len)));
        }
        cx.tell_clients(at, route, scope, &payload);
        let here = !matches!(route, Route::To(only) if only != cx.me());
        Slot::full(here.then(|| x.clone()))
    }
}

impl<R: Ring, B: Backend> Protocol for Plain<R, B> {
    type Ring = R;
    type Backend = B;
    type Share = B::Array<R>;
    type Bits = Bits<B>;
    type Openings = ();
    const ADDITIVE: bool = false;

    fn backend(&self) -> &B {
        &self.backend
    }
    fn context(&self) -> &Rc<Context> {
        &self.cx
    }
    fn fixed(&self) -> Fixed {
        self.fixed
    }

    fn exceeds(&self, x: &Self::Share) -> bool {
        let Some(limit) = self.limit else { return false };
        // |x| < limit: neither x - limit nor -limit - x is positive.
        let negative = |x: R| R::msb(x) == 1;
        let inside = |x: R| negative(R::sub(x, limit)) && negative(R::sub(R::neg(limit), x));
        self.backend.download(x).into_iter().any(|x| !inside(x))
    }

    fn constant(&self, x: &Array<Self>) -> Self::Share {
        x.clone()
    }

    fn private(&self, at: At, owner: usize, x: Option<&Array<Self>>, len: usize) -> Slot<Self::Share> {
        if self.cx.is_client(owner) {
            return self.cx.supplied_to_all(&self.backend, at, owner, x, len);
        }
        let own = x.cloned().unwrap_or_else(|| self.backend.fill(len, R::ZERO));
        let (payload, kernels) = (self.backend.to_wire(&own), self.backend.clone());
        let tag = Tag { at: at.address(Purpose::Input), piece: 0 };
        self.cx.exchange(tag, Route::From(owner), at.scope, payload, move |parts| {
            kernels.sum_wire(&parts.unwrap_or_default(), len)
        })
    }

    fn refresh(&self, _: At, x: &Self::Share) -> Fresh<Self::Share> {
        Fresh(x.clone())
    }

    fn export(&self, x: &Self::Share) -> Vec<R> {
        self.backend.download(x)
    }
    fn import(&self, x: Array<Self>) -> Self::Share {
        x
    }

    fn reveal(&self, at: At, x: &Self::Share, route: Route) -> Slot<Option<Array<Self>>> {
        self.known(at, x, route, self.backend.len(x))
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

    async fn bilinear(&self, _: At, map: &Bilinear, a: &Rc<Wire<Self>>, b: &Rc<Wire<Self>>) -> Fresh<Self::Share> {
        Fresh(self.backend.bilinear(map, &a.share, &b.share))
    }
    fn needs_bilinear(&self, _: At, _: &Bilinear, _: &Mask, _: &Mask, _: &mut Vec<Need>) {}

    async fn truncate(&self, _: At, z: Fresh<Self::Share>, bits: u32) -> Self::Share {
        self.backend.round_shift(&z.0, bits)
    }
    fn needs_truncate(&self, _: At, _: usize, _: u32, _: &mut Vec<Need>) {}

    async fn truncate_wire(&self, _: At, z: &Rc<Wire<Self>>, bits: u32) -> Self::Share {
        self.backend.round_shift(&z.share, bits)
    }
    fn needs_truncate_wire(&self, _: At, _: &Mask, _: u32, _: &mut Vec<Need>) {}

    async fn choose_truncated(
        &self,
        _: At,
        bit: &Self::Bits,
        _: &Rc<Wire<Self>>,
        y: &Self::Share,
        _: u32,
    ) -> Self::Share {
        self.backend.choose(bit, y, &self.backend.fill(self.backend.len(y), R::ZERO))
    }
    fn needs_choose_truncated(&self, _: At, _: &Mask, _: u32, _: &mut Vec<Need>) {}

    async fn less_than(&self, _: At, x: &Rc<Wire<Self>>, thresholds: &[R]) -> Vec<Self::Bits> {
        let below = |&t: &R| self.backend.top_bits(&self.backend.add_scalar(&x.share, R::neg(t)));
        thresholds.iter().map(below).collect()
    }
    fn needs_less_than(&self, _: At, _: &Mask, _: &[R], _: &mut Vec<Need>) {}

    async fn equal(&self, _: At, x: &Rc<Wire<Self>>, t: R) -> Self::Bits {
        self.backend.not(&self.backend.pack(&self.backend.add_scalar(&x.share, R::neg(t))))
    }
    fn needs_equal(&self, _: At, _: &Mask, _: &mut Vec<Need>) {}

    async fn one_hot(&self, _: At, x: &Rc<Wire<Self>>, classes: usize) -> Self::Bits {
        let backend = &self.backend;
        backend.not(&backend.pack(&arrange::differences(backend, &x.share, classes, self.fixed.bits())))
    }
    fn needs_one_hot(&self, _: At, _: &Mask, _: usize, _: &mut Vec<Need>) {}

    async fn and(&self, _: At, groups: &[&[Self::Bits]], len: usize) -> Vec<Self::Bits> {
        let all = self.backend.fill(plane(len), u64::MAX);
        let and = |all: Bits<B>, bits: &Bits<B>| self.backend.and(&all, bits);
        groups.iter().map(|group| group.iter().fold(all.clone(), and)).collect()
    }
    fn needs_and(&self, _: At, _: &[usize], _: usize, _: &mut Vec<Need>) {}

    fn private_bits(&self, at: At, owner: usize, x: Option<&Bits<B>>, len: usize) -> Slot<Self::Bits> {
        let words = plane(len);
        if self.cx.is_client(owner) {
            return self.cx.supplied_to_all(&self.backend, at, owner, x, words);
        }
        let own = x.cloned().unwrap_or_else(|| self.backend.fill(words, 0));
        let (payload, kernels) = (self.backend.to_wire(&own), self.backend.clone());
        let tag = Tag { at: at.address(Purpose::Input), piece: 0 };
        self.cx.exchange(tag, Route::From(owner), at.scope, payload, move |parts| {
            kernels.xor_wire(&parts.unwrap_or_default(), words)
        })
    }
    fn constant_bits(&self, x: &Bits<B>) -> Self::Bits {
        x.clone()
    }
    fn reveal_bits(&self, at: At, x: &Self::Bits, route: Route) -> Slot<Option<Bits<B>>> {
        self.known(at, x, route, self.backend.len(x))
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
        self.backend.not(a)
    }

    async fn choose(&self, _: At, bit: &Self::Bits, len: usize, wires: &[Rc<Wire<Self>>]) -> Chosen<Self> {
        let zero = self.backend.fill(len, R::ZERO);
        let products = wires.iter().map(|wire| self.backend.choose(bit, &wire.share, &zero)).collect();
        Chosen { number: self.backend.bits_to_ring(bit, len), products }
    }
    fn needs_choose(&self, _: At, _: usize, _: &[Mask], _: &mut Vec<Need>) {}

    async fn choose_sums(
        &self,
        _: At,
        bits: &[Self::Bits],
        len: usize,
        weights: &[&[i64]],
        times: Option<Times<'_, Self>>,
    ) -> Sums<Self::Share> {
        let backend = &self.backend;
        let total = |factors: &[i64], x: &B::Array<R>| {
            let zero = backend.fill(len, R::ZERO);
            let terms = bits.iter().zip(factors);
            let terms =
                terms.map(|(bit, factor)| backend.linear(&Linear::Times(*factor), &backend.choose(bit, x, &zero)));
            terms.fold(zero.clone(), |sum, term| backend.add(&sum, &term))
        };
        let one = backend.fill(len, R::ONE);
        let numbers = weights.iter().map(|factors| total(factors, &one)).collect();
        Sums { numbers, product: times.map(|times| total(times.factors, &times.wire.share)) }
    }

    async fn choose_signed(
        &self,
        at: At,
        sign: &Self::Bits,
        bits: &[Self::Bits],
        weights: &[&[i64]],
        times: Times<'_, Self>,
    ) -> Sums<Self::Share> {
        let signed = |x: B::Array<R>| self.backend.choose(sign, &self.backend.linear(&Linear::Neg, &x), &x);
        let sums = self.choose_sums(at, bits, times.wire.len, weights, Some(times)).await;
        Sums { numbers: sums.numbers.into_iter().map(signed).collect(), product: sums.product.map(signed) }
    }
    fn needs_choose_signed(&self, _: At, _: usize, _: &Mask, _: &mut Vec<Need>) {}

    async fn series(&self, _: At, series: &Series, x: &Rc<Wire<Self>>) -> Fresh<Self::Share> {
        let (fixed, series) = (self.fixed, *series);
        let scale = 2f64.powi((fixed.bits() + Series::extra_bits(fixed.bits())) as i32);
        let exact = move |x: R| R::from_i128((series.eval(fixed.decode(x)) * scale).round_ties_even() as i128);
        Fresh(self.backend.map(&x.share, &exact))
    }
    fn needs_series(&self, _: At, _: &Series, _: &Mask, _: &mut Vec<Need>) {}

    async fn exponential(&self, _: At, e: &Exponential, x: &Rc<Wire<Self>>) -> Self::Share {
        self.backend.map(&x.share, &|x| R::from_i128(e.eval(R::to_i128(x))))
    }
    fn needs_exponential(&self, _: At, _: &Exponential, _: &Mask, _: &mut Vec<Need>) {}

    fn open_early(&self, _: &Rc<Wire<Self>>) {}
}
