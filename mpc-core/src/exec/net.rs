//! Rounds: what every party queued leaves as one frame per peer.

#[cfg(test)]
mod tests;

use super::{
    Preprocessing, Slot,
    clients::Clients,
    frames::{batches_of, digest, fitting},
};
use crate::{
    backend::Payload,
    error::{Error, Result},
    rand::Address,
    scope::{ScopeId, Scopes},
};
use mpc_comm::{Count, Frame, Kind, Mesh, PartyId, SPANS, Traffic, Words};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    mem,
    panic::Location,
    time::{Duration, Instant},
};
use tracing::{Span, debug_span};

/// The name of a message: a value, and which piece of it (0 for all of it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// The value.
    pub at: Address,
    /// The piece.
    pub piece: u32,
}

/// From whom to whom. Everybody takes part in every round, also those who receive nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Route {
    /// Everybody's words to everybody.
    All,
    /// Everybody's words to one party.
    To(usize),
    /// One party's words to everybody.
    From(usize),
}

impl Route {
    fn sends(self, party: usize) -> bool {
        !matches!(self, Self::From(only) if only != party)
    }

    fn reaches(self, party: usize) -> bool {
        !matches!(self, Self::To(only) if only != party)
    }
}

/// Where a party's time went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Waiting for other parties' frames.
    pub peers: Duration,
    /// Waiting for the dealer, or reading what it made ahead.
    pub dealer: Duration,
}

/// What is queued for the next round. `deliver` gets the parts in the order of the parties who send, or nothing at a
/// party that the route does not reach.
struct Queued {
    route: Route,
    scope: ScopeId,
    payload: Payload,
    deliver: Box<dyn FnOnce(Option<Vec<Payload>>)>,
}

/// A correction that a coroutine waits for.
struct Awaited {
    scope: ScopeId,
    words: usize,
    slot: Slot<Payload>,
}

/// The last step recorded: for messages.
pub(super) type Last = (ScopeId, &'static Location<'static>);

/// The way to the others.
pub(crate) enum Wire {
    /// A mesh of real parties.
    Mesh(Box<Mesh>),
    /// Nobody: everything is counted and nothing sent.
    Count,
}

/// The network as one party's coroutines see it.
pub(crate) struct Net {
    pub wire: Wire,
    pub preprocessing: Preprocessing,
    pub me: usize,
    pub parties: usize,
    pub traffic: Traffic,
    pub timing: Timing,
    /// Bytes of corrections that the dealer sends to all parties together.
    pub dealer_sent: u64,
    pub scopes: Scopes,
    /// The span of the session.
    pub span: Span,
    queued: BTreeMap<Tag, Queued>,
    /// The schedule's digest at each batch that was handed over since the last round.
    batches: Vec<u64>,
    early: HashMap<Address, Words>,
    /// What is wrong with something that came early.
    pub(super) broken: Option<Error>,
    pub(super) clients: Clients,
    awaited: HashMap<Address, Awaited>,
    dealt: HashMap<ScopeId, Count>,
}

impl Net {
    pub(crate) fn new(wire: Wire, me: usize, parties: usize, scopes: Scopes) -> Self {
        Self {
            wire,
            preprocessing: Preprocessing::Dealer,
            me,
            parties,
            traffic: Traffic::default(),
            timing: Timing::default(),
            dealer_sent: 0,
            scopes,
            span: Span::none(),
            queued: BTreeMap::new(),
            batches: Vec::new(),
            early: HashMap::new(),
            broken: None,
            clients: Clients::default(),
            awaited: HashMap::new(),
            dealt: HashMap::new(),
        }
    }

    /// Notes that a batch is handed to the executor.
    pub(crate) fn batch(&mut self, schedule: u64) {
        if self.batches.last() != Some(&schedule) {
            self.batches.push(schedule);
        }
    }

    /// Queues a message for the next round.
    pub(crate) fn queue(
        &mut self,
        tag: Tag,
        route: Route,
        scope: ScopeId,
        payload: Payload,
        deliver: impl FnOnce(Option<Vec<Payload>>) + 'static,
    ) {
        let previous = self.queued.insert(tag, Queued { route, scope, payload, deliver: Box::new(deliver) });
        debug_assert!(previous.is_none(), "two messages under {tag:?}");
    }

    /// The dealer's correction at an address, once it is here.
    pub(crate) fn correction(&mut self, at: Address, scope: ScopeId, words: usize) -> Slot<Payload> {
        if let Wire::Count = self.wire {
            self.count_dealt(scope, 8 * words as u64);
            return Slot::full(Payload::Meta(words));
        }
        let slot = Slot::empty();
        if let Some(found) = self.early.remove(&at) {
            match fitting(at, &found, words) {
                Ok(()) => {
                    self.count_dealt(scope, 8 * words as u64);
                    slot.set(Payload::Words(found));
                }
                Err(error) => self.broken = Some(error),
            }
            return slot;
        }
        self.awaited.insert(at, Awaited { scope, words, slot: slot.clone() });
        slot
    }

    /// What to do when no coroutine can move: the dealer and the clients first, so that the content of a round depends
    /// on the program alone and never on timing; then a round. A client takes part in no round.
    pub(crate) fn advance(&mut self, schedule: u64, last: Last) -> Result<()> {
        self.send_to_clients()?;
        if let Some(error) = self.broken.take() {
            Err(error)
        } else if self.is_client() {
            self.await_parties(last)
        } else if !self.awaited.is_empty() {
            self.await_dealer(last)
        } else if self.missing().is_some() {
            self.await_clients(last)
        } else if !self.queued.is_empty() {
            self.round(schedule, last)
        } else {
            Err(Error::Stalled)
        }
    }

    /// Forgets everything that is queued or awaited.
    pub(crate) fn clear(&mut self) {
        self.queued.clear();
        self.awaited.clear();
        self.clear_clients();
    }

    /// Traffic so far, by scope.
    pub(crate) fn traffic(&self) -> Traffic {
        let mut traffic = self.traffic.clone();
        if let Wire::Mesh(mesh) = &self.wire {
            (traffic.wire_sent, traffic.wire_received, traffic.frames_sent) = mesh.wire();
        }
        for (&scope, count) in &self.dealt {
            traffic.total += *count;
            *traffic.scopes.entry(self.scopes.path(scope)).or_default() += *count;
        }
        traffic
    }

    fn count_dealt(&mut self, scope: ScopeId, bytes: u64) {
        self.dealt.entry(scope).or_default().dealt += bytes;
    }

    /// The next frame of the dealer or of a client. They answer what others recorded: a party that has recorded something
    /// else would wait in vain, so the frames that the others have sent for the coming round are looked at meanwhile. They
    /// say which batches led to it, and ours must be the first of those.
    pub(super) fn recv_watching(&mut self, from: PartyId, last: Last) -> Result<Frame> {
        let (round, parties) = (self.traffic.total.rounds, self.parties);
        let Wire::Mesh(mesh) = &mut self.wire else { return Err(Error::Stalled) };
        let (ours, mut diverged) = (&self.batches, None);
        let frame = mesh.recv_unless(from, |peer, frame| {
            let theirs = batches_of(frame);
            let no_party = peer.index() >= parties;
            let fits = no_party || frame.round != round || theirs.is_some_and(|theirs| theirs.starts_with(ours));
            if !fits {
                diverged = Some((peer, frame.digest));
            }
            !fits
        })?;
        let (peer, theirs) = match frame {
            Some(frame) => return Ok(frame),
            None => diverged.unwrap_or((from, 0)),
        };
        let ours = ours.last().copied().unwrap_or(0);
        let (scope, near) = (self.scopes.path(last.0), last.1);
        let name = mesh.name(peer).to_owned();
        Err(Error::Diverged { peer, name, round, ours, theirs, scope, near })
    }

    /// Waits for the dealer.
    fn await_dealer(&mut self, last: Last) -> Result<()> {
        let first = self.awaited.values().map(|awaited| awaited.scope).min();
        self.tell_where(self.traffic.total.rounds, first);
        let (round, corrections) = (self.traffic.total.rounds, self.awaited.len());
        let words = || self.awaited.values().map(|awaited| awaited.words as u64).sum::<u64>();
        let _span = debug_span!(
            target: SPANS,
            "dealer",
            scope = first.map(|first| self.scopes.path(first)).as_deref(),
            round,
            corrections,
            bytes = 8 * words()
        )
        .entered();
        let start = Instant::now();
        while !self.awaited.is_empty() {
            for (at, words) in self.dealt(last)? {
                let Some(awaited) = self.awaited.remove(&at) else {
                    self.early.insert(at, words);
                    continue;
                };
                fitting(at, &words, awaited.words)?;
                self.count_dealt(awaited.scope, 8 * words.len() as u64);
                awaited.slot.set(Payload::Words(words));
            }
        }
        self.timing.dealer += start.elapsed();
        Ok(())
    }

    /// Tells whoever looks at this session where it is.
    fn tell_where(&self, round: u64, scope: Option<ScopeId>) {
        if let Wire::Mesh(mesh) = &self.wire
            && mesh.is_watched()
            && let Some(scope) = scope
        {
            mesh.is_at(round, self.scopes.path(scope));
        }
    }

    fn round(&mut self, schedule: u64, last: Last) -> Result<()> {
        let queued = mem::take(&mut self.queued);
        let round = self.traffic.total.rounds;
        self.tell_where(round + 1, queued.values().next().map(|q| q.scope));
        let digest = digest(schedule, queued.iter().map(|(tag, q)| (tag, q.route, q.payload.words())));
        let before = self.traffic.total;
        self.count(&queued);
        let _span = matches!(self.wire, Wire::Mesh(_)).then(|| self.round_span(round, &queued, before).entered());
        let scopes = queued.values().map(|q| q.scope).collect::<BTreeSet<_>>();
        let scopes = scopes.into_iter().map(|scope| self.scopes.path(scope));
        tracing::trace!(round, messages = queued.len(), scopes = ?scopes.collect::<Vec<_>>(), "round");
        let me = self.me;
        let mut bodies = match &mut self.wire {
            Wire::Count => HashMap::new(),
            Wire::Mesh(mesh) => {
                // Nothing leaves before all that leaves is here: a device may fail until then. Nobody waits for the rest.
                let leaves = |q: &Queued| q.route.sends(me) && mesh.peers().any(|to| q.route.reaches(to.0.into()));
                let mut here = BTreeMap::new();
                for (tag, q) in queued.iter().filter(|(_, q)| leaves(q)) {
                    here.insert(tag, q.payload.arrived()?);
                }
                let mut batches = std::mem::take(&mut self.batches);
                batches.insert(0, batches.len() as u64);
                let batches = Words::from(batches);
                for peer in mesh.peers() {
                    let for_peer = |(_, q): &(&Tag, &Queued)| q.route.sends(me) && q.route.reaches(usize::from(peer.0));
                    let body = queued.iter().filter(for_peer).filter_map(|(tag, _)| here.get(tag)?.clone());
                    let body = std::iter::once(batches.clone()).chain(body).collect();
                    mesh.send(peer, Frame { kind: Kind::Round, round, digest, body })?;
                }
                let start = Instant::now();
                let mut bodies = HashMap::new();
                let peers: Vec<_> = mesh.peers().collect();
                for peer in peers {
                    let frame = mesh.recv(peer)?;
                    if (frame.kind, frame.round, frame.digest) != (Kind::Round, round, digest) {
                        let (scope, near) = (self.scopes.path(last.0), last.1);
                        let (name, theirs) = (mesh.name(peer).to_owned(), frame.digest);
                        return Err(Error::Diverged { peer, name, round, ours: digest, theirs, scope, near });
                    }
                    let mut body = frame.into_body();
                    // Equal digests: as many batches as ours.
                    body.take(batches.len());
                    bodies.insert(usize::from(peer.0), body);
                }
                self.timing.peers += start.elapsed();
                bodies
            }
        };
        for (_, Queued { route, payload, deliver, .. }) in queued {
            if !route.reaches(me) {
                deliver(None);
                continue;
            }
            let counting = matches!(self.wire, Wire::Count);
            let part = |party: usize| match bodies.get_mut(&party) {
                Some(body) => body.take(payload.words()).map(Payload::Words),
                None => Some(payload.clone()).filter(|_| counting || party == me),
            };
            let parts: Option<Vec<_>> = (0..self.parties).filter(|&party| route.sends(party)).map(part).collect();
            let Some(parts) = parts else {
                return Err(Error::Preprocessing(format!("round {round}: a frame is shorter than its digest says")));
            };
            deliver(Some(parts));
        }
        Ok(())
    }

    /// The span of a round: what leaves and what comes, and for which step first.
    fn round_span(&self, round: u64, queued: &BTreeMap<Tag, Queued>, before: Count) -> Span {
        debug_span!(
            target: SPANS,
            "round",
            scope = queued.values().next().map(|q| self.scopes.path(q.scope)).as_deref(),
            round,
            scopes = queued.values().map(|q| q.scope).collect::<BTreeSet<_>>().len(),
            messages = queued.len(),
            sent = self.traffic.total.sent - before.sent,
            received = self.traffic.total.received - before.received
        )
    }

    fn count(&mut self, queued: &BTreeMap<Tag, Queued>) {
        self.traffic.total.rounds += 1;
        let mut scopes: BTreeMap<ScopeId, Count> = BTreeMap::new();
        for q in queued.values() {
            let others = |test: &dyn Fn(usize) -> bool| {
                (0..self.parties).filter(|&party| party != self.me && test(party)).count() as u64
            };
            let sent = if q.route.sends(self.me) { others(&|party| q.route.reaches(party)) } else { 0 };
            let received = if q.route.reaches(self.me) { others(&|party| q.route.sends(party)) } else { 0 };
            let count = scopes.entry(q.scope).or_default();
            count.rounds = 1;
            count.sent += sent * q.payload.bytes();
            count.received += received * q.payload.bytes();
        }
        for (scope, count) in scopes {
            *self.traffic.scopes.entry(self.scopes.path(scope)).or_default() += count;
            self.traffic.total += Count { rounds: 0, ..count };
        }
    }
}
