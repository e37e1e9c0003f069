//! Values from and to clients (docs/protocol.md section 8). A client shares a seed with each compute party. It gives a value
//! as shares that follow from these seeds, and one correction to the party that [`corrected`] names: 8 B an element in
//! all. It gets a result as one share from each.

use super::{Context, corrected};
use crate::{
    backend::{Backend, Bits, Payload},
    exec::{Route, Slot},
    rand::{Address, At, Purpose, Seed},
    ring::Ring,
    scope::ScopeId,
};

/// Takes the second array off the first.
type Minus<B, R> = fn(&B, &<B as Backend>::Array<R>, &<B as Backend>::Array<R>) -> <B as Backend>::Array<R>;

impl Context {
    /// This party's additive share of a client's value; at the client, sends what the others need.
    pub fn client_share<B: Backend, R: Ring>(
        &self,
        backend: &B,
        at: At,
        client: usize,
        x: Option<&B::Array<R>>,
        len: usize,
    ) -> Slot<B::Array<R>> {
        let kernels = backend.clone();
        let sum = move |parts: Vec<Payload>| kernels.sum_wire(&parts, len);
        self.supplied(backend, at, client, x, len, B::sub, sum)
    }

    /// This party's exclusive-or share of a client's bits; at the client, sends what the others need.
    pub fn client_bits<B: Backend>(
        &self,
        backend: &B,
        at: At,
        client: usize,
        x: Option<&Bits<B>>,
        words: usize,
    ) -> Slot<Bits<B>> {
        let kernels = backend.clone();
        let sum = move |parts: Vec<Payload>| kernels.xor_wire(&parts, words);
        self.supplied(backend, at, client, x, words, B::xor, sum)
    }

    /// `minus` takes a random share off, `sum` reads the correction.
    #[expect(clippy::too_many_arguments, reason = "numbers and bits differ in the last two")]
    fn supplied<B: Backend, R: Ring>(
        &self,
        backend: &B,
        at: At,
        client: usize,
        x: Option<&B::Array<R>>,
        len: usize,
        minus: Minus<B, R>,
        sum: impl FnOnce(Vec<Payload>) -> B::Array<R> + 'static,
    ) -> Slot<B::Array<R>> {
        let (address, last) = (at.address(Purpose::Input), corrected(at.op, self.parties));
        let random = |seed: &Seed| backend.random::<R>(seed, address, 0..len);
        if self.is_client(self.me) {
            if let Some(x) = x {
                let others = self.client_seeds.iter().enumerate().filter(|(party, _)| *party != last);
                let rest = others.fold(x.clone(), |rest, (_, seed)| minus(backend, &rest, &random(seed)));
                self.net().tell(last, address, at.scope, &backend.to_wire(&rest));
            }
            return Slot::full(backend.fill(len, R::ZERO));
        }
        if self.me != last {
            let seed = self.client_seeds.get(client - self.parties);
            return Slot::full(seed.map_or_else(|| backend.fill(len, R::ZERO), random)); // cost reports have no seeds
        }
        self.hear([client], address, at.scope, R::words(len), sum)
    }

    /// The same words from a client to every compute party: for a protocol in the clear.
    pub fn supplied_to_all<B: Backend, R: Ring>(
        &self,
        backend: &B,
        at: At,
        client: usize,
        x: Option<&B::Array<R>>,
        len: usize,
    ) -> Slot<B::Array<R>> {
        let address = at.address(Purpose::Input);
        if self.is_client(self.me) {
            if let Some(x) = x {
                let payload = backend.to_wire(x);
                (0..self.parties).for_each(|party| self.net().tell(party, address, at.scope, &payload));
            }
            return Slot::full(backend.fill(len, R::ZERO));
        }
        let kernels = backend.clone();
        self.hear([client], address, at.scope, R::words(len), move |parts| kernels.sum_wire(&parts, len))
    }

    /// At a compute party: sends its part of a result to those clients that a route reaches. They need no round.
    pub fn tell_clients(&self, at: Address, route: Route, scope: ScopeId, payload: &Payload) {
        let clients = self.parties..self.parties + self.clients;
        let reached = clients.filter(|client| matches!(route, Route::All) || route == Route::To(*client));
        reached.for_each(|client| self.net().tell(client, at, scope, payload));
    }

    /// At a client: the parts of a result, one from each compute party, joined.
    pub fn hear_parties<T: Clone + 'static>(
        &self,
        at: Address,
        scope: ScopeId,
        words: usize,
        combine: impl FnOnce(Vec<Payload>) -> T + 'static,
    ) -> Slot<T> {
        self.hear(0..self.parties, at, scope, words, combine)
    }

    fn hear<T: Clone + 'static>(
        &self,
        from: impl IntoIterator<Item = usize>,
        at: Address,
        scope: ScopeId,
        words: usize,
        combine: impl FnOnce(Vec<Payload>) -> T + 'static,
    ) -> Slot<T> {
        let slot = Slot::empty();
        let filled = slot.clone();
        self.net().hear(from, at, scope, words, move |parts| filled.set(combine(parts)));
        slot
    }
}
