//! All parties in one process: links that are channels, with faults to order. For tests and the simulator.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::handshake::random_32;
use crate::head::HEAD_BYTES;
use crate::names::Names;
use crate::wire::{Counters, Event, Inbox, Outbox};
use crate::{Frame, Kind, Mesh, Options, PartyId, PeerError, Transcript, Words};

/// Where the link secrets of an in-memory session come from.
#[derive(Debug, Copy, Clone, PartialEq, Eq, Default)]
pub enum Seeds {
    /// The operating system: different each time.
    #[default]
    Fresh,
    /// Derived from a number that anybody can guess, so that a failing test can be repeated. For tests only.
    Fixed(u64),
}

/// Something that goes wrong on the link from `party` to `to`.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The sender.
    pub party: PartyId,
    /// The receiver.
    pub to: PartyId,
    /// So many frames of this link pass before it; it hits the next one.
    pub after_frames: u64,
    /// What goes wrong.
    pub kind: FaultKind,
}

/// What goes wrong.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The link closes, in both directions.
    Close,
    /// All links of `party` close: its process has died.
    Die,
    /// This frame and all later ones of this direction vanish, goodbyes included.
    Stall,
    /// The lowest bit of the last word flips, in the first frame from there on that has a body.
    FlipBit,
    /// The last word is missing, in the first frame from there on that has a body.
    Truncate,
    /// This frame arrives twice.
    Duplicate,
}

/// An in-memory session to be built.
///
/// Frames go through channels, without tokio; there are no heartbeats and no back-pressure. Of the options only
/// `round_timeout` and `frame_limit` matter.
#[derive(Debug, Clone)]
pub struct InMemory {
    /// Number of compute parties. Default 2.
    pub compute: usize,
    /// Number of clients: linked to the compute parties alone. Default 0.
    pub clients: usize,
    /// Whether there is a dealer. Default false.
    pub dealer: bool,
    /// Where link secrets come from. Default fresh.
    pub seeds: Seeds,
    /// What goes wrong. Default nothing.
    pub faults: Vec<Fault>,
    /// Timeouts and limits.
    pub options: Options,
    /// Records all frames.
    pub transcript: Option<Transcript>,
}

impl Default for InMemory {
    fn default() -> InMemory {
        InMemory {
            compute: 2,
            clients: 0,
            dealer: false,
            seeds: Seeds::Fresh,
            faults: Vec::new(),
            options: Options::default(),
            transcript: None,
        }
    }
}

/// The meshes of an in-memory session: the compute parties' and the dealer's. See [`InMemory`] for all there is to
/// choose.
pub fn in_memory(compute: usize, with_dealer: bool, seeds: Seeds, faults: &[Fault]) -> (Vec<Mesh>, Option<Mesh>) {
    InMemory { compute, dealer: with_dealer, seeds, faults: faults.to_vec(), ..InMemory::default() }.build()
}

impl InMemory {
    /// The compute parties' and then the clients' meshes, and the dealer's.
    ///
    /// # Panics
    /// With more than 65 535 parties, or when fresh seeds are asked for and the operating system has none.
    pub fn build(self) -> (Vec<Mesh>, Option<Mesh>) {
        let all = self.compute.saturating_add(self.clients);
        assert!(all < usize::from(u16::MAX), "{all} parties are too many");
        let ids = (0..all as u16).map(PartyId).chain(self.dealer.then_some(PartyId::DEALER));
        let names = Names::numbered(self.compute, self.clients);
        let mut meshes: BTreeMap<PartyId, Mesh> =
            ids.map(|id| (id, Mesh::new(id, names.clone(), &self.options, None))).collect();
        let inboxes = meshes.iter().map(|(id, mesh)| (*id, mesh.owner().inbox.clone())).collect();
        let net = Arc::new(Net { inboxes, cut: Mutex::default(), transcript: self.transcript });
        let counters: BTreeMap<_, _> =
            meshes.iter().map(|(id, mesh)| (*id, Arc::clone(&mesh.owner().counters))).collect();
        for (&me, ours) in &counters {
            // `me` is the lower number: a client has links to compute parties alone.
            for (&peer, theirs) in counters.iter().filter(|(peer, _)| **peer > me && me.index() < self.compute) {
                let secret = self.seeds.secret(me, peer);
                for (me, peer, ours, theirs) in [(me, peer, ours, theirs), (peer, me, theirs, ours)] {
                    let faults = self.faults.iter().filter(|f| (f.party, f.to) == (me, peer)).copied().collect();
                    let progress = Mutex::new(Progress { faults, ..Progress::default() });
                    let counters = [Arc::clone(ours), Arc::clone(theirs)];
                    let link = MemoryLink { net: Arc::clone(&net), me, peer, counters, progress };
                    if let Some(mesh) = meshes.get_mut(&me) {
                        mesh.attach(peer, Box::new(link), secret.clone());
                    }
                }
            }
        }
        let dealer = meshes.remove(&PartyId::DEALER);
        (meshes.into_values().collect(), dealer)
    }
}

impl Seeds {
    fn secret(self, low: PartyId, high: PartyId) -> Zeroizing<[u8; 32]> {
        match self {
            Seeds::Fresh => {
                random_32().unwrap_or_else(|error| panic!("no fresh seeds for an in-memory session: {error}"))
            }
            Seeds::Fixed(number) => {
                let mut hash = Sha256::new();
                hash.update(b"mpc-comm link secret for tests");
                hash.update(number.to_le_bytes());
                hash.update(low.0.to_le_bytes());
                hash.update(high.0.to_le_bytes());
                Zeroizing::new(hash.finalize().into())
            }
        }
    }
}

/// What all links of a session share.
#[derive(Debug)]
struct Net {
    inboxes: BTreeMap<PartyId, Inbox>,
    /// Links that are closed, lower party first.
    cut: Mutex<BTreeSet<(PartyId, PartyId)>>,
    transcript: Option<Transcript>,
}

impl Net {
    /// Delivers unless the link is closed. A party that is gone no longer listens.
    fn deliver(&self, from: PartyId, to: PartyId, event: Event) -> bool {
        let cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        !cut.contains(&(from.min(to), from.max(to)))
            && self.inboxes.get(&to).is_some_and(|inbox| inbox.send(event).is_ok())
    }

    /// Closes a link in both directions; each end sees the other go.
    fn cut(&self, a: PartyId, b: PartyId) {
        self.deliver(a, b, Event::Gone { from: a, why: PeerError::Closed });
        self.deliver(b, a, Event::Gone { from: b, why: PeerError::Closed });
        self.cut.lock().unwrap_or_else(PoisonError::into_inner).insert((a.min(b), a.max(b)));
    }
}

#[derive(Debug)]
struct MemoryLink {
    net: Arc<Net>,
    me: PartyId,
    peer: PartyId,
    /// Ours and the peer's.
    counters: [Arc<Counters>; 2],
    progress: Mutex<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    faults: Vec<Fault>,
    sent: u64,
    stalled: bool,
    /// An abort or a goodbye has been said.
    done: bool,
}

impl MemoryLink {
    fn deliver(&self, frame: Frame) {
        let bytes = HEAD_BYTES as u64 + frame.bytes();
        if self.net.deliver(self.me, self.peer, Event::of(self.me, frame, None)) {
            self.counters[1].add_arrived(bytes);
        }
    }
}

impl Outbox for MemoryLink {
    fn post(&self, mut frame: Frame) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.done {
            return;
        }
        progress.done = matches!(frame.kind, Kind::Bye | Kind::Abort);
        if let Some(transcript) = &self.net.transcript {
            transcript.record(self.me, self.peer, &frame);
        }
        self.counters[0].add_sent(&frame);
        let number = progress.sent;
        progress.sent += 1;
        let hits = |fault: &Fault| {
            let needs_body = matches!(fault.kind, FaultKind::FlipBit | FaultKind::Truncate);
            number >= fault.after_frames && (!needs_body || (frame.kind.is_payload() && frame.words() > 0))
        };
        let (now, later): (Vec<_>, Vec<_>) = std::mem::take(&mut progress.faults).into_iter().partition(hits);
        progress.faults = later;
        for fault in now {
            match fault.kind {
                FaultKind::Close => return self.net.cut(self.me, self.peer),
                FaultKind::Die => {
                    return self.net.inboxes.keys().for_each(|peer| {
                        if *peer != self.me {
                            self.net.cut(self.me, *peer);
                        }
                    });
                }
                FaultKind::Stall => progress.stalled = true,
                FaultKind::FlipBit => frame.body = damaged(frame.body, |words| words.last_mut().map(|word| *word ^= 1)),
                FaultKind::Truncate => frame.body = damaged(frame.body, |words| words.pop()),
                FaultKind::Duplicate => self.deliver(frame.clone()),
            }
        }
        if !progress.stalled {
            self.deliver(frame);
        }
    }

    fn lingers(&self) -> bool {
        false
    }

    fn hang_up(&self) {
        let done = self.progress.lock().unwrap_or_else(PoisonError::into_inner).done;
        if !done {
            self.net.deliver(self.me, self.peer, Event::Gone { from: self.me, why: PeerError::Closed });
        }
    }
}

/// The body as one segment, with something done to it.
fn damaged<T>(body: Vec<Words>, damage: impl FnOnce(&mut Vec<u64>) -> T) -> Vec<Words> {
    let mut words: Vec<u64> = body.iter().flat_map(|segment| segment.iter().copied()).collect();
    damage(&mut words);
    vec![words.into()]
}
