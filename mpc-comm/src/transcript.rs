//! A record of everything said, for tests.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Frame, Kind, PartyId};

/// A shared record of all frames of an in-memory session, in the order they were sent. Clones share the record.
///
/// For tests of what a session shows: two runs on different secrets must have the same [`shape`](Transcript::shape),
/// and what is opened must look uniform.
#[derive(Clone, Default)]
pub struct Transcript {
    words: bool,
    entries: Arc<Mutex<Vec<Entry>>>,
}

/// What somebody sees who watches the wires: by link (from, to), kind, round and words of every frame.
pub type Shape = BTreeMap<(PartyId, PartyId), Vec<(Kind, u64, usize)>>;

/// One frame, as it was sent (before any fault).
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who sent it.
    pub from: PartyId,
    /// To whom.
    pub to: PartyId,
    /// What for.
    pub kind: Kind,
    /// Its round.
    pub round: u64,
    /// Its digest of the schedule.
    pub digest: u64,
    /// Words in its body.
    pub words: usize,
    /// The body, when the transcript keeps bodies.
    pub body: Option<Vec<u64>>,
}

impl Transcript {
    /// A record of sizes only.
    pub fn new() -> Transcript {
        Transcript::default()
    }

    /// A record that keeps the bodies too: shares and masked values of all parties. For tests only.
    pub fn with_words() -> Transcript {
        Transcript { words: true, ..Transcript::default() }
    }

    /// All frames so far. The order of frames of different senders depends on timing.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The frames from one party to another, in order. Does not depend on timing.
    pub fn between(&self, from: PartyId, to: PartyId) -> Vec<Entry> {
        self.entries().into_iter().filter(|entry| (entry.from, entry.to) == (from, to)).collect()
    }

    /// What somebody sees who watches the wires. Does not depend on timing.
    pub fn shape(&self) -> Shape {
        let mut shape = Shape::new();
        for entry in self.entries() {
            shape.entry((entry.from, entry.to)).or_default().push((entry.kind, entry.round, entry.words));
        }
        shape
    }

    /// Forgets what was recorded.
    pub fn clear(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn record(&self, from: PartyId, to: PartyId, frame: &Frame) {
        let &Frame { kind, round, digest, .. } = frame;
        let body = self.words.then(|| frame.body.iter().flat_map(|segment| segment.iter().copied()).collect());
        let entry = Entry { from, to, kind, round, digest, words: frame.words(), body };
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries()).finish()
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}: {} of round {}, {} words", self.from, self.to, self.kind, self.round, self.words)
    }
}
