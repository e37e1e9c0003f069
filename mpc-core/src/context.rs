//! What a protocol sees of its party: who it is, addressed randomness, openings, the dealer's corrections.

mod clients;

use crate::{
    backend::{Backend, Bits, Payload},
    exec::{Net, Route, Slot, Tag},
    rand::{Address, At, Purpose, Seed},
    ring::Ring,
    scope::ScopeId,
};
use std::{
    cell::{RefCell, RefMut},
    ops::Range,
};

/// The party that receives the dealer's corrections of an op. A hash of its number spreads the load: the steps of a
/// training loop recur with a period, so the number itself would give one party all of the large ones.
pub(crate) fn corrected(op: u64, parties: usize) -> usize {
    ((op.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) % parties as u64) as usize
}

/// A party as its protocol sees it.
pub struct Context {
    me: usize,
    parties: usize,
    dealer_seed: Option<Seed>,
    /// By party; our own entry is empty.
    pair_seeds: Vec<Option<Seed>>,
    own_seed: Option<Seed>,
    /// Shared with each client; at a client, with each compute party.
    client_seeds: Vec<Seed>,
    /// How many clients there are.
    clients: usize,
    net: RefCell<Net>,
}

impl Context {
    pub(crate) fn new(
        dealer_seed: Option<Seed>,
        pair_seeds: Vec<Option<Seed>>,
        own_seed: Option<Seed>,
        net: Net,
    ) -> Self {
        let (me, parties, client_seeds) = (net.me, net.parties, Vec::new());
        Self { me, parties, dealer_seed, pair_seeds, own_seed, client_seeds, clients: 0, net: RefCell::new(net) }
    }

    /// With clients: how many, and the seeds that this end shares with each of them (at a client, with each compute
    /// party).
    pub(crate) fn with_clients(self, clients: usize, client_seeds: Vec<Seed>) -> Self {
        Self { clients, client_seeds, ..self }
    }

    /// This party.
    pub fn me(&self) -> usize {
        self.me
    }

    /// How many parties compute.
    pub fn parties(&self) -> usize {
        self.parties
    }

    /// How many clients there are. They are numbered after the parties that compute.
    pub fn clients(&self) -> usize {
        self.clients
    }

    /// Whether this number is a client's.
    pub fn is_client(&self, number: usize) -> bool {
        number >= self.parties
    }

    /// Whether this is the party that adds public terms.
    pub fn first(&self) -> bool {
        self.me == 0
    }

    pub(crate) fn net(&self) -> RefMut<'_, Net> {
        self.net.borrow_mut()
    }

    /// This party's share of elements `range` of a random value that nobody knows but the dealer. Free.
    pub fn random<B: Backend, R: Ring>(&self, backend: &B, at: Address, range: Range<usize>) -> B::Array<R> {
        match &self.dealer_seed {
            Some(seed) => backend.random(seed, at, range),
            None => backend.fill(range.len(), R::ZERO), // cost reports have no seeds
        }
    }

    /// Elements `range` of a random value that only this party knows: not even the dealer.
    pub fn own<B: Backend, R: Ring>(&self, backend: &B, at: Address, range: Range<usize>) -> B::Array<R> {
        match &self.own_seed {
            Some(seed) => backend.random(seed, at, range),
            None => backend.fill(range.len(), R::ZERO), // cost reports have no seeds
        }
    }

    /// A share plus this party's share of zero, unpredictable to any N - 1 parties. Free.
    pub fn refreshed<B: Backend, R: Ring>(&self, backend: &B, at: At, share: &B::Array<R>) -> B::Array<R> {
        let (at, len) = (at.address(Purpose::Zero), backend.len(share));
        let mut share = share.clone();
        for (peer, seed) in self.pair_seeds.iter().enumerate() {
            let Some(seed) = seed else { continue };
            let random = backend.random(seed, at, 0..len);
            share = if peer < self.me { backend.sub(&share, &random) } else { backend.add(&share, &random) };
        }
        share
    }

    /// This party's exclusive-or share of zero bits. Free.
    pub fn zero_bits<B: Backend>(&self, backend: &B, at: At, words: usize) -> Bits<B> {
        let at = at.address(Purpose::Zero);
        let zero = backend.fill(words, 0);
        self.pair_seeds
            .iter()
            .flatten()
            .fold(zero, |share, seed| backend.xor(&share, &backend.random(seed, at, 0..words)))
    }

    /// This party's share of `len` elements that the dealer made: random, and at one party a correction. Costs that
    /// party `len` elements from the dealer.
    pub fn dealt<B: Backend, R: Ring>(
        &self,
        backend: &B,
        at: At,
        purpose: Purpose,
        len: usize,
    ) -> impl Future<Output = B::Array<R>> + use<B, R> {
        let address = at.address(purpose);
        let counting = self.dealer_seed.is_none();
        self.net().dealer_sent += 8 * R::words(len) as u64;
        let correction = (counting || corrected(at.op, self.parties) == self.me)
            .then(|| self.net().correction(address, at.scope, R::words(len)));
        let random = correction.is_none().then(|| self.random::<B, R>(backend, address, 0..len));
        let backend = backend.clone();
        async move {
            match (correction, random) {
                (Some(correction), _) => backend.sum_wire(&[correction.await], len),
                (None, Some(random)) => random,
                (None, None) => backend.fill(len, R::ZERO),
            }
        }
    }

    /// Sends words by a route in the next round. Queues now, whether or not the result is ever awaited; `combine` runs
    /// when the round is over, on the parts in the order of their senders.
    pub fn exchange<T: Clone + 'static>(
        &self,
        tag: Tag,
        route: Route,
        scope: ScopeId,
        payload: Payload,
        combine: impl FnOnce(Option<Vec<Payload>>) -> T + 'static,
    ) -> Slot<T> {
        let slot = Slot::empty();
        let filled = slot.clone();
        self.net().queue(tag, route, scope, payload, move |parts| filled.set(combine(parts)));
        slot
    }

    /// Opens additive shares to everybody in the next round, by a route from all who have a part in the value: (N - 1)
    /// times their size from each of these.
    pub fn open<B: Backend, R: Ring>(
        &self,
        backend: &B,
        tag: Tag,
        route: Route,
        scope: ScopeId,
        share: &B::Array<R>,
    ) -> Slot<B::Array<R>> {
        let (len, kernels) = (backend.len(share), backend.clone());
        self.exchange(tag, route, scope, backend.to_wire(share), move |parts| {
            kernels.sum_wire(&parts.unwrap_or_default(), len)
        })
    }

    /// Opens shared bits (exclusive or) to everybody in the next round.
    pub fn open_bits<B: Backend>(&self, backend: &B, tag: Tag, scope: ScopeId, share: &Bits<B>) -> Slot<Bits<B>> {
        let (words, kernels) = (backend.len(share), backend.clone());
        self.exchange(tag, Route::All, scope, backend.to_wire(share), move |parts| {
            kernels.xor_wire(&parts.unwrap_or_default(), words)
        })
    }
}
