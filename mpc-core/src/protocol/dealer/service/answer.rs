//! What one party receives for the requests that name it. A request's corrections all go to one party, so every party has
//! a worker of its own, which makes them no faster than the party reads: a slow party keeps nobody else waiting.

use super::{super::compare, Totals};
use crate::{
    backend::{
        Add, Backend, Bits, Deals, Payload, Set,
        exponential::Window,
        tree::{self, plane},
    },
    bilinear::{Bilinear, Linear},
    error::{Error, Result},
    fixed::Fixed,
    preprocessing::{Mask, Need, NeedKind, encode_corrections},
    rand::{Address, Purpose, Seed},
    ring::Ring,
};
use mpc_comm::{Frame, Kind, Postbox, SPANS, Words};
use std::{
    cell::RefCell,
    marker::PhantomData,
    ops::Range,
    sync::{Arc, atomic::Ordering, mpsc::Receiver},
    thread,
};
use tracing::{Span, debug_span};

/// Corrections leave when so many words have gathered.
pub(super) const CHUNK: usize = 1 << 17;

/// Answers the requests whose corrections go to one party.
pub(super) struct Worker<'a, R: Ring, B: Backend> {
    /// The span of the session.
    pub(super) span: &'a Span,
    pub(super) receiver: usize,
    pub(super) seeds: Arc<[Seed]>,
    pub(super) fixed: Fixed,
    pub(super) backend: B,
    pub(super) postbox: Postbox,
    /// The most bytes that may wait in the postbox when an answer is begun.
    pub(super) queued_bytes: u64,
    pub(super) totals: &'a Totals,
    pub(super) outbox: Vec<(Address, Payload)>,
    pub(super) gathered: usize,
    pub(super) recent: RefCell<Recent<B::Array<R>>>,
    pub(super) ring: PhantomData<R>,
}

/// The mask that the last request was about. Making it again is cheaper than keeping it, unless it is asked for again and again:
/// all choices of a function multiply one wire.
pub(super) enum Recent<A> {
    None,
    Once(Mask),
    Kept(Mask, A),
}

/// A party whose worker is no more must not wait for it.
struct GiveUp(Postbox);

impl Drop for GiveUp {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.give_up("a thread of the dealer has panicked; its own log says why");
        }
    }
}

impl<R: Ring, B: Deals> Worker<'_, R, B> {
    /// Answers batch after batch until there are no more, or the link is over. An empty batch asks to be told when all
    /// before it have been answered.
    pub(super) fn run(mut self, batches: &Receiver<Vec<Need>>) {
        let _give_up = GiveUp(self.postbox.clone());
        for needs in batches {
            if needs.is_empty() && !self.send() {
                return;
            }
            let (receiver, count) = (self.receiver, needs.len());
            let _span = debug_span!(target: SPANS, parent: self.span, "answer", receiver, needs = count).entered();
            for need in needs {
                if !self.postbox.wait(self.queued_bytes) {
                    return;
                }
                self.deal(&need);
                self.totals.waiting.fetch_sub(1, Ordering::Relaxed);
                if self.gathered > CHUNK && !self.send() {
                    return;
                }
            }
            if !self.outbox.is_empty() && !self.send() {
                return;
            }
        }
    }

    /// Sends what has gathered; false, and the session over, if it could not be made or is more than a frame may have.
    fn send(&mut self) -> bool {
        let sent = self.gathered().and_then(|body| {
            let frame = Frame { kind: Kind::Dealt, round: 0, digest: 0, body };
            self.postbox.send(frame).map_err(Error::from)
        });
        sent.inspect_err(|error| {
            tracing::error!(receiver = self.receiver, %error, "an answer cannot be sent");
            self.totals.fail(error.clone());
            self.postbox.give_up(&error.for_others());
        })
        .is_ok()
    }

    /// What has gathered, when all of it is made.
    fn gathered(&mut self) -> Result<Vec<Words>> {
        self.totals.bytes.fetch_add(8 * std::mem::take(&mut self.gathered) as u64, Ordering::Relaxed);
        let outbox = std::mem::take(&mut self.outbox);
        let here = outbox.iter().map(|(at, payload)| Ok((*at, payload.arrived()?.unwrap_or_else(Words::empty))));
        let here = here.collect::<Result<Vec<_>>>()?;
        self.backend.check()?;
        Ok(encode_corrections(here))
    }

    fn deal(&mut self, need: &Need) {
        let at = |part: u8, purpose| Address { op: need.op, part, purpose };
        let here = |purpose| at(need.part, purpose);
        match &need.kind {
            NeedKind::Product { map, a, b } => {
                let product = self.backend.bilinear(map, &self.mask(a), &self.mask(b));
                self.correct(here(Purpose::Product), &product);
            }
            NeedKind::TruncateByBit { len } => {
                // Among more parties the request was refused.
                let [first, second] = &self.seeds[..] else { return };
                let bits = |seed| self.backend.random::<u64>(seed, here(Purpose::Wrap), 0..plane(*len));
                let both = self.backend.and(&bits(first), &bits(second));
                self.correct(here(Purpose::WrapProduct), &self.backend.bits_to_ring(&both, *len));
            }
            NeedKind::TruncateOpened { len, bits } => {
                let mask = self.sum(here(Purpose::Shift), 0..*len);
                self.correct(here(Purpose::ShiftHigh), &self.backend.shifted(&mask, *bits));
                self.correct(here(Purpose::ShiftSign), &self.backend.shifted(&mask, R::BITS - 1));
            }
            NeedKind::TruncateMasked { mask, bits } => {
                let mask = self.mask(mask);
                self.correct(here(Purpose::ShiftHigh), &self.backend.shifted(&mask, *bits));
                self.correct(here(Purpose::ShiftSign), &self.backend.shifted(&mask, R::BITS - 1));
            }
            NeedKind::ChoiceTruncated { mask, bits } => {
                let (len, mask) = (mask.out_len(), self.mask(mask));
                let beta = self.xor(here(Purpose::Choice), plane(len));
                let beta = self.backend.bits_to_ring(&beta, len);
                let times = Bilinear::Mul { len };
                let high = self.backend.bilinear(&times, &self.backend.shifted(&mask, *bits), &beta);
                let sign = self.backend.bilinear(&times, &self.backend.shifted(&mask, R::BITS - 1), &beta);
                self.correct(here(Purpose::ChoiceNumber), &beta);
                self.correct(here(Purpose::ChoiceProduct), &high);
                self.correct(here(Purpose::ChoiceSign), &sign);
            }
            NeedKind::Compare { mask, thresholds } => {
                let others = self.others(here(Purpose::Tables), tree::table_words(R::BITS) * mask.out_len(), Add::Xor);
                self.put(here(Purpose::Tables), &self.backend.tables(&self.mask(mask), &others, true));
                let sets = Set::of_tree(R::BITS);
                for part in need.part..need.part.saturating_add(*thresholds) {
                    let words = compare::mask_words(R::BITS, mask.out_len());
                    let masks = self.xor(at(part, Purpose::Tree), words);
                    let monomials = self.backend.all_of(&sets, &masks, plane(mask.out_len()));
                    self.correct_bits(at(part, Purpose::Monomials), &monomials);
                }
            }
            NeedKind::CompareTogether { mask, forest } => {
                let (len, levels) = (mask.out_len(), forest.levels(R::BITS));
                let others = self.others(here(Purpose::Tables), tree::table_words(R::BITS) * len, Add::Xor);
                self.put(here(Purpose::Tables), &self.backend.tables(&self.mask(mask), &others, true));
                let masks = self.xor(here(Purpose::Tree), tree::bits_of(&levels).0 * plane(len));
                let monomials = self.backend.all_of(&Set::of_levels(&levels), &masks, plane(len));
                self.correct_bits(here(Purpose::Monomials), &monomials);
            }
            NeedKind::Choice { len, wires } => {
                let beta = self.xor(here(Purpose::Choice), plane(*len));
                let beta: B::Array<R> = self.backend.bits_to_ring(&beta, *len);
                for (k, wire) in wires.iter().enumerate() {
                    let product = self.backend.bilinear(&Bilinear::Mul { len: *len }, &beta, &self.mask(wire));
                    self.correct(at(need.part + k as u8, Purpose::ChoiceProduct), &product);
                }
                self.correct(here(Purpose::ChoiceNumber), &beta);
            }
            NeedKind::SignedChoice { bits, wire } => {
                let len = wire.out_len();
                let (mask, zero) = (self.mask(wire), self.backend.fill(len, R::ZERO));
                let sigma = self.backend.bits_to_ring(&self.xor(here(Purpose::Choice), plane(len)), len);
                let tau = self.backend.add_scalar(&self.backend.linear(&Linear::Times(-2), &sigma), R::ONE);
                let tau_mask = self.backend.bilinear(&Bilinear::Mul { len }, &tau, &mask);
                self.correct(here(Purpose::ChoiceNumber), &tau);
                self.correct(here(Purpose::ChoiceProduct), &tau_mask);
                for part in (need.part + 1..).take(usize::from(*bits)) {
                    let gamma = self.xor(at(part, Purpose::Choice), plane(len));
                    self.correct(at(part, Purpose::ChoiceNumber), &self.backend.choose(&gamma, &tau, &zero));
                    self.correct(at(part, Purpose::ChoiceProduct), &self.backend.choose(&gamma, &tau_mask, &zero));
                }
            }
            NeedKind::Equal { mask } => {
                let others = self.others(here(Purpose::Tables), tree::table_words(R::BITS) * mask.out_len(), Add::Xor);
                self.put(here(Purpose::Tables), &self.backend.tables(&self.mask(mask), &others, false));
            }
            NeedKind::Conjunction { len, groups } => {
                let width = plane(*len);
                let factors: usize = groups.iter().map(|&factors| usize::from(factors)).sum();
                let masks = self.xor(here(Purpose::Factors), factors * width);
                let products = self.backend.all_of(&Set::of_groups(groups), &masks, width);
                self.correct_bits(here(Purpose::FactorProducts), &products);
            }
            NeedKind::Waves { mask, period_log2, harmonics } => {
                let (code, harmonics) = ((*period_log2, self.fixed.bits()), usize::from(*harmonics));
                let others = self.others(here(Purpose::Waves), 2 * harmonics * mask.out_len(), Add::Sum);
                let waves = self.backend.waves(code, harmonics, &self.mask(mask), &others);
                self.put(here(Purpose::Waves), &waves);
            }
            NeedKind::Decays { mask, window, from } => {
                let window = Window { log2: *window, from: *from };
                let others = self.others(here(Purpose::Decays), 2 * mask.out_len(), Add::Sum);
                let decays = self.backend.decays(window, &self.mask(mask), &others);
                self.put(here(Purpose::Decays), &decays);
            }
        }
    }

    /// The value that the parties' random shares at an address add up to.
    fn sum(&self, at: Address, range: Range<usize>) -> B::Array<R> {
        self.backend.total(&self.seeds, at, range, Add::Sum)
    }

    /// The same for bits.
    fn xor(&self, at: Address, words: usize) -> Bits<B> {
        self.backend.total(&self.seeds, at, 0..words, Add::Xor)
    }

    /// What the random shares at an address of all parties but the one that is corrected add up to.
    fn others<S: Ring>(&self, at: Address, len: usize, how: Add) -> B::Array<S> {
        let seeds = self.seeds.iter().enumerate().filter(|(party, _)| *party != self.receiver);
        self.backend.total(&seeds.map(|(_, seed)| seed.clone()).collect(), at, 0..len, how)
    }

    /// The mask of a wire. One that is asked for a second time in a row is kept until there is another.
    fn mask(&self, mask: &Mask) -> B::Array<R> {
        let mut recent = self.recent.borrow_mut();
        match &*recent {
            Recent::Kept(known, made) if known == mask => made.clone(),
            Recent::Once(known) if known == mask => {
                let made = self.make(mask);
                self.backend.keep(&made);
                *recent = Recent::Kept(mask.clone(), made.clone());
                made
            }
            _ => {
                *recent = Recent::Once(mask.clone());
                self.make(mask)
            }
        }
    }

    fn make(&self, mask: &Mask) -> B::Array<R> {
        let (range, views) = mask.needed();
        let base = match mask.owner {
            None => self.sum(mask.address(), range),
            // A request with an owner that is no party was refused.
            Some(owner) => self.backend.random(&self.seeds[usize::from(owner)], mask.address(), range),
        };
        views.iter().fold(base, |x, view| self.backend.linear(&Linear::View(view.clone()), &x))
    }

    /// Makes the parties' random shares at an address, but for one, add up to `value` with the correction for that one.
    fn correct(&mut self, at: Address, value: &B::Array<R>) {
        let others = self.others(at, self.backend.len(value), Add::Sum);
        self.put(at, &self.backend.sub(value, &others));
    }

    /// The same for bits.
    fn correct_bits(&mut self, at: Address, value: &Bits<B>) {
        let others = self.others(at, self.backend.len(value), Add::Xor);
        self.put(at, &self.backend.xor(value, &others));
    }

    /// Puts a correction aside until enough has gathered.
    fn put<S: Ring>(&mut self, at: Address, correction: &B::Array<S>) {
        let payload = self.backend.to_wire(correction);
        self.gathered += payload.words();
        self.outbox.push((at, payload));
    }
}
