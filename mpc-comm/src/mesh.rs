//! The mesh: one party's links to all others, as its program sees them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;
use zeroize::Zeroizing;

use crate::connect::Tasks;
use crate::engine::Engine;
use crate::monitor::Watched;
use crate::names::Names;
use crate::postbox::Postbox;
use crate::stop::End;
use crate::wire::{Counters, Event, Outbox, Owner};
use crate::{Error, Frame, Kind, Options, PartyId, PeerError, Result};

mod inbox;

/// A serving end waits this long for its next request: 30 years, for a wait without end.
const PATIENCE: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
/// How long goodbyes may take to leave.
const FINISH: Duration = Duration::from_secs(5);
/// How long an abort may take to leave.
const ABORT: Duration = Duration::from_secs(2);
/// Bytes of an abort's cause that are sent.
const CAUSE: usize = 4 << 10;

/// One party's links to all others. The methods block; call them on the program's own thread.
///
/// # Order and waiting
/// Frames of one peer arrive in the order they were sent; nothing is said about frames of different peers. `send`
/// never blocks, so the only thing a program ever waits for is a frame that a peer has yet to send or that is on its
/// way.
///
/// # Back-pressure, and why it cannot deadlock
/// While more than [`Options::inbox_bytes`] of one peer's frames lie unread, we stop reading *that peer's* link; the
/// room comes back frame by frame as `recv` hands them out. A single frame larger than the limit is let through
/// when nothing else of that peer lies unread. Suppose a program waits in `recv(p)` and `p` has sent the frame. Every
/// earlier frame of `p` has been handed out (frames of one peer are taken in order), so no room of `p`'s is in use
/// and its link is being read: the frame arrives. Full inboxes of other peers do not matter, since links share no room
/// and no thread that waits. So a wait ends unless `p` never sends, and no program's sending waits for anybody.
///
/// The price: while a peer's inbox is full we do not see its abort or its end either, only once the program reads on.
///
/// # Failure
/// The first failure of any link stays: from then on every call returns it. Dropping a mesh that has failed tells the
/// others the cause; dropping one that has not, without [`finish`](Mesh::finish) or [`abort`](Mesh::abort), closes
/// its links, which the others see as [`PeerError::Closed`]; with [`Options::grace`] they are told.
#[derive(Debug)]
pub struct Mesh {
    me: PartyId,
    names: Names,
    session: String,
    links: BTreeMap<PartyId, Link>,
    events: Receiver<Event>,
    owner: Owner,
    failure: Option<Error>,
    last_words: OnceLock<Frame>,
    finished: bool,
    /// The peer whose frame `recv_any` handed out last.
    turn: PartyId,
    round_timeout: Duration,
    frame_limit: u64,
    /// Our place among those that an order to stop reaches.
    end: Option<Arc<End>>,
    /// Our place among those that somebody looks at.
    watched: Option<Arc<Watched>>,
    /// Keeps the listener open for links that come back.
    listener: Option<Arc<Tasks>>,
    /// Keeps the network thread alive; `None` in memory.
    _engine: Option<Arc<Engine>>,
}

#[derive(Debug)]
struct Link {
    outbox: Arc<dyn Outbox>,
    secret: Zeroizing<[u8; 32]>,
    queue: VecDeque<(Frame, Option<OwnedSemaphorePermit>)>,
    left: bool,
    over: bool,
}

impl Mesh {
    /// A mesh without links yet.
    pub(crate) fn new(me: PartyId, names: Names, options: &Options, engine: Option<Arc<Engine>>) -> Mesh {
        let (inbox, events) = channel();
        let end = options.stop.as_ref().map(|stop| stop.register(me, &inbox, false));
        let owner = Owner { inbox, counters: Arc::new(Counters::default()) };
        let monitor = options.monitor.as_ref();
        let watched = monitor.map(|monitor| monitor.watch(names.get(me), &options.session, &owner.counters));
        Mesh {
            me,
            names,
            session: options.session.clone(),
            links: BTreeMap::new(),
            events,
            owner,
            failure: None,
            last_words: OnceLock::new(),
            finished: false,
            turn: PartyId::DEALER,
            round_timeout: options.round_timeout,
            frame_limit: options.frame_limit,
            end,
            watched,
            listener: None,
            _engine: engine,
        }
    }

    /// Adds a link. A mesh that has already given up says so on it at once.
    pub(crate) fn attach(&mut self, peer: PartyId, outbox: Box<dyn Outbox>, secret: Zeroizing<[u8; 32]>) {
        if let Some(words) = self.last_words.get() {
            outbox.post(words.clone());
        }
        let outbox = Arc::from(outbox);
        if let Some(end) = &self.end {
            end.add(&outbox);
        }
        self.links.insert(peer, Link { outbox, secret, queue: VecDeque::new(), left: false, over: false });
    }

    /// All parties are there.
    pub(crate) fn connected(&self) {
        self.watched.iter().for_each(|watched| watched.connected());
    }

    /// Whether somebody looks at what this session is doing ([`Options::monitor`]), so that it is worth saying where it is.
    pub fn is_watched(&self) -> bool {
        self.watched.is_some()
    }

    /// Says where the program is: rounds so far, and the step.
    pub fn is_at(&self, round: u64, scope: Arc<str>) {
        self.watched.iter().for_each(|watched| watched.at(round, scope.clone()));
    }

    /// Keeps our listener open until this end closes, if a link may come back.
    pub(crate) fn keep(&mut self, listener: &Arc<Tasks>) {
        let returns = self.links.values().any(|link| link.outbox.returns());
        self.listener = returns.then(|| Arc::clone(listener));
    }

    pub(crate) fn owner(&self) -> &Owner {
        &self.owner
    }

    pub(crate) fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    pub(crate) fn has_link(&self, peer: PartyId) -> bool {
        self.links.contains_key(&peer)
    }

    /// Who we are.
    pub fn me(&self) -> PartyId {
        self.me
    }

    /// The session's label ([`Options::session`]); at a dealer what its parties said.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// The number of compute parties.
    pub fn parties(&self) -> usize {
        self.names.compute.len()
    }

    /// A party's name in the roster, `?` when there is no such party.
    pub fn name(&self, party: PartyId) -> &str {
        self.names.get(party)
    }

    /// The other compute parties, ascending (at the dealer and at a client: all of them).
    pub fn peers(&self) -> impl Iterator<Item = PartyId> + use<> {
        let me = self.me;
        (0..self.parties() as u16).map(PartyId).filter(move |party| *party != me)
    }

    /// The clients, ascending. Only compute parties have links to them.
    pub fn clients(&self) -> impl Iterator<Item = PartyId> + use<> {
        let first = self.parties() as u16;
        (first..first + self.names.clients.len() as u16).map(PartyId)
    }

    /// Whether this end is a client.
    pub fn is_client(&self) -> bool {
        self.names.is_client(self.me)
    }

    /// Whether there is a link to a dealer.
    pub fn has_dealer(&self) -> bool {
        self.links.contains_key(&PartyId::DEALER)
    }

    /// Queues a frame for a peer and returns at once. What goes wrong on the way shows at a later `recv`; a peer that
    /// has said goodbye or is gone swallows it.
    ///
    /// # Errors
    /// The session's failure if there is one already, [`Error::Stopped`] among them; [`Error::FrameTooLarge`]; [`Error::Unsendable`] for kinds that
    /// are the mesh's own; [`PeerError::Unknown`] without such a peer.
    pub fn send(&self, to: PartyId, frame: Frame) -> Result<()> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if !frame.kind.is_payload() {
            return Err(Error::Unsendable { kind: frame.kind });
        }
        if frame.bytes() > self.frame_limit {
            return Err(Error::FrameTooLarge { bytes: frame.bytes(), limit: self.frame_limit });
        }
        let link = self.links.get(&to).ok_or_else(|| self.names.blame(to, PeerError::Unknown))?;
        link.outbox.post(frame);
        Ok(())
    }

    /// The sending end of the link to a peer, for a thread of its own that waits until its peer reads.
    ///
    /// # Errors
    /// [`PeerError::Unknown`] without such a peer.
    pub fn postbox(&self, to: PartyId) -> Result<Postbox> {
        let link = self.links.get(&to).ok_or_else(|| self.names.blame(to, PeerError::Unknown))?;
        Ok(Postbox::new(self.me, Arc::clone(&link.outbox), self.owner.inbox.clone(), self.frame_limit))
    }

    /// The next frame of a peer; waits for it. Frames of others that come meanwhile are kept for later calls.
    ///
    /// # Errors
    /// [`Error::Aborted`] when anybody gave up; [`Error::Peer`] when this peer finished with nothing queued
    /// ([`PeerError::Finished`]), sent nothing within [`Options::round_timeout`] ([`PeerError::TimedOut`]), or when
    /// any peer's link failed. All but `Finished` and `Unknown` are final: later calls return the same.
    pub fn recv(&mut self, from: PartyId) -> Result<Frame> {
        let deadline = self.deadline();
        loop {
            if let Some(failure) = &self.failure {
                return Err(failure.clone());
            }
            let Some(link) = self.links.get_mut(&from) else {
                return Err(self.names.blame(from, PeerError::Unknown));
            };
            // Dropping the permit here gives the frame's room back to the reader.
            if let Some((frame, _room)) = link.queue.pop_front() {
                self.owner.counters.add_received(&frame);
                self.watched.iter().for_each(|watched| watched.goes_on());
                return Ok(frame);
            }
            if link.left {
                return Err(self.names.blame(from, PeerError::Finished));
            }
            self.wait(deadline, from);
        }
    }

    /// As [`Mesh::recv`], but looks at the next unread frame of every other peer meanwhile: when `stop` says so of one, this
    /// returns nothing, and the frame stays unread.
    ///
    /// # Errors
    /// As [`Mesh::recv`].
    pub fn recv_unless(
        &mut self,
        from: PartyId,
        mut stop: impl FnMut(PartyId, &Frame) -> bool,
    ) -> Result<Option<Frame>> {
        let deadline = self.deadline();
        loop {
            let unread = |link: &Link| link.queue.front().map(|(frame, _)| frame.clone());
            let others = self.links.iter().filter(|(peer, _)| **peer != from);
            if self.failure.is_none()
                && others
                    .filter_map(|(peer, link)| Some((*peer, unread(link)?)))
                    .any(|(peer, frame)| stop(peer, &frame))
            {
                return Ok(None);
            }
            let ready =
                self.failure.is_some() || self.links.get(&from).is_none_or(|link| link.left || !link.queue.is_empty());
            if ready {
                return self.recv(from).map(Some);
            }
            self.wait(deadline, from);
        }
    }

    /// The next frame of anybody; peers with frames waiting take turns. For the dealer's loop: it waits as long as the
    /// links live, however long the parties compute between two requests.
    ///
    /// # Errors
    /// As [`Mesh::recv`], but for the time-out; [`PeerError::Finished`] when all peers have said goodbye and nothing is queued, which is how
    /// a dealer's loop ends well.
    pub fn recv_any(&mut self) -> Result<(PartyId, Frame)> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(failure) = &self.failure {
                return Err(failure.clone());
            }
            let waiting = |(peer, link): (&PartyId, &Link)| (!link.queue.is_empty()).then_some(*peer);
            let next = self.links.iter().filter(|(peer, _)| **peer > self.turn).find_map(waiting);
            if let Some(peer) = next.or_else(|| self.links.iter().find_map(waiting)) {
                self.turn = peer;
                return self.recv(peer).map(|frame| (peer, frame));
            }
            match self.links.iter().find(|(_, link)| !link.left) {
                Some((&peer, _)) => self.wait(deadline, peer),
                None => {
                    let last = self.links.keys().next_back().copied().unwrap_or(self.me);
                    return Err(self.names.blame(last, PeerError::Finished));
                }
            }
        }
    }

    /// A secret that this party and `peer` share, fresh per session and the same at both ends: a seed for common
    /// randomness. Over TLS it is bound to the connection's keys; over plaintext TCP, whoever listens knows it. All zeros
    /// without such a peer.
    pub fn link_secret(&self, peer: PartyId) -> &[u8; 32] {
        self.links.get(&peer).map_or(&[0; 32], |link| &link.secret)
    }

    /// Tells everybody, the dealer included, that we give up, and why (the first 4 KiB of it; never put a secret
    /// there). After somebody else's abort, that one is passed on instead, so that all learn the first cause. Nothing
    /// leaves this mesh afterwards; drop it, which waits up to 2 s until the others have heard.
    pub fn abort(&self, cause: &str) {
        let (by, cause) = match &self.failure {
            Some(Error::Aborted { by, cause, .. }) => (*by, cause.as_str()),
            _ => (self.me, cause),
        };
        let mut frame = Frame::text(Kind::Abort, &cause[..cause.floor_char_boundary(CAUSE)]);
        frame.round = u64::from(by.0);
        if self.last_words.set(frame.clone()).is_ok() {
            for link in self.links.values() {
                link.outbox.post(frame.clone());
            }
        }
    }

    /// Says goodbye to everybody and closes. Returns once all of it has been written and every peer has closed its
    /// end, at the latest after 5 s (a peer whose inbox is full of our frames needs its program to read first), or, if a peer
    /// whose link has a grace lacks something, 5 s after that.
    pub fn finish(mut self) {
        if self.failure.is_none() && self.last_words.get().is_none() {
            for link in self.links.values() {
                link.outbox.post(Frame::bare(Kind::Bye));
            }
            self.finished = true;
            self.linger(FINISH, true);
        }
    }

    /// Bytes sent, bytes received and frames sent so far: payload frames with their headers, as the program sends and
    /// receives them. The mesh's own greetings, goodbyes and signs of life are not counted, so equal programs have
    /// equal counts.
    pub fn wire(&self) -> (u64, u64, u64) {
        self.owner.counters.read()
    }

    /// How often a link was interrupted so far, and how often one came back ([`Options::grace`]).
    pub fn interruptions(&self) -> (u64, u64) {
        let counters = &self.owner.counters;
        (counters.suspended.load(Ordering::Relaxed), counters.resumed.load(Ordering::Relaxed))
    }

    /// Bytes read from the links so far, whether or not the program has taken them; no signs of life. Minus what was
    /// received, this is what lies unread.
    pub fn arrived(&self) -> u64 {
        self.owner.counters.arrived()
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        if !self.finished {
            if let Some(failure) = self.failure.clone() {
                self.abort(&failure.to_string());
            }
            // Where a connection that ends says nothing, we have to.
            if self.links.values().any(|link| !link.over && link.outbox.returns()) {
                self.abort("its program ended in the middle of the session; its own log says why");
            }
            if self.last_words.get().is_some() {
                self.linger(ABORT, false);
            }
        }
        for link in self.links.values() {
            link.outbox.hang_up();
        }
    }
}
