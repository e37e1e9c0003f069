//! What a mesh and its links say to each other, whatever carries the frames.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use crate::arrival::Arrival;
use crate::head::HEAD_BYTES;
use crate::postbox::Backlog;
use crate::{Error, Frame, Kind, PartyId, PeerError, StoppedBy};

/// What happens on a party's links. All links of a party report into one channel, its inbox.
#[derive(Debug)]
pub(crate) enum Event {
    /// A payload frame. The permit gives back its room in the inbox when the program takes the frame.
    Frame { from: PartyId, frame: Frame, room: Option<OwnedSemaphorePermit> },
    /// It said goodbye.
    Left { from: PartyId },
    /// It gave up; `by` is who did so first.
    Aborted { from: PartyId, by: PartyId, cause: String },
    /// The link is gone.
    Gone { from: PartyId, why: PeerError },
    /// While connecting: a party has passed the handshake.
    Arrived(Box<Arrival>),
    /// While connecting: a party will not come, or must not.
    Failed(Error),
    /// Somebody in this process wants it to end.
    Stopped { by: StoppedBy },
}

impl Event {
    /// What a whole frame from a peer means.
    pub(crate) fn of(from: PartyId, frame: Frame, room: Option<OwnedSemaphorePermit>) -> Event {
        match frame.kind {
            Kind::Round | Kind::Request | Kind::Dealt | Kind::Client => Event::Frame { from, frame, room },
            Kind::Bye => Event::Left { from },
            Kind::Abort => {
                let by = u16::try_from(frame.round).map_or(from, PartyId);
                match frame.read_text() {
                    Ok(cause) => Event::Aborted { from, by, cause },
                    Err(error) => Event::Gone { from, why: error.into() },
                }
            }
            kind @ (Kind::Hello | Kind::Ping | Kind::Resume) => {
                Event::Gone { from, why: PeerError::Unexpected { kind } }
            }
        }
    }
}

/// The sending end of a link.
pub(crate) trait Outbox: fmt::Debug + Send + Sync {
    /// Queues a frame; never blocks. After an `Abort` or a `Bye` nothing more leaves. A link that is gone swallows
    /// it: the inbox says why.
    fn post(&self, frame: Frame);

    /// Whether a goodbye needs time to leave this process. If so, the link reports `Left` or `Gone` once the other
    /// end has it.
    fn lingers(&self) -> bool;

    /// Whether something that was posted is still on its way out of this process.
    fn busy(&self) -> bool {
        false
    }

    /// Ends the link at once.
    fn hang_up(&self);

    /// Whether a connection that ends is replaced: then closing it says nothing.
    fn returns(&self) -> bool {
        false
    }

    /// If something that the program sent may not have arrived, how much longer than usual that is worth waiting for.
    fn owes(&self) -> Option<Duration> {
        None
    }

    /// What was posted and has not left. A link on which nothing waits has an empty one.
    fn backlog(&self) -> Arc<Backlog> {
        Arc::default()
    }
}

/// Bytes and frames that crossed a party's links. What was sent and received counts when the program sends and
/// receives it, so that equal programs have equal counts; only payload frames do, since the mesh's own depend on time.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    sent: AtomicU64,
    frames: AtomicU64,
    received: AtomicU64,
    arrived: AtomicU64,
    /// How often a link went down, how often one came back, and how many are down.
    pub(crate) suspended: AtomicU64,
    pub(crate) resumed: AtomicU64,
    pub(crate) down: AtomicU64,
}

impl Counters {
    pub(crate) fn add_sent(&self, frame: &Frame) {
        if frame.kind.is_payload() {
            self.sent.fetch_add(wire_bytes(frame), Ordering::Relaxed);
            self.frames.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn add_received(&self, frame: &Frame) {
        self.received.fetch_add(wire_bytes(frame), Ordering::Relaxed);
    }

    pub(crate) fn add_arrived(&self, bytes: u64) {
        self.arrived.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes sent, bytes received, frames sent.
    pub(crate) fn read(&self) -> (u64, u64, u64) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (read(&self.sent), read(&self.received), read(&self.frames))
    }

    /// Bytes that have been read from the links, whether or not the program has taken them.
    pub(crate) fn arrived(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }
}

/// Header and body.
fn wire_bytes(frame: &Frame) -> u64 {
    HEAD_BYTES as u64 + frame.bytes()
}

/// The channel into a party's inbox. It has no bound of its own: readers hold back by permits.
pub(crate) type Inbox = std::sync::mpsc::Sender<Event>;

/// What a link needs to know of the party that owns it.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) inbox: Inbox,
    pub(crate) counters: Arc<Counters>,
}
