//! How a mesh takes in what its links report.

use std::time::{Duration, Instant};

use super::Mesh;
use crate::wire::Event;
use crate::{Error, PartyId, PeerError};

/// How often links that are on their way out are looked at.
const TICK: Duration = Duration::from_millis(1);
/// How often what is owed to other ends is looked at.
const LOOK: Duration = Duration::from_millis(50);

impl Mesh {
    pub(super) fn deadline(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.round_timeout).unwrap_or_else(|| now + Duration::from_secs(1 << 30))
    }

    /// Takes in the next event. After `deadline`, that is the failure of `blamed`.
    pub(super) fn wait(&mut self, deadline: Instant, blamed: PartyId) {
        self.waits_for(blamed);
        match self.next_event(deadline) {
            Some(event) => self.take_in(event),
            None => {
                let why = PeerError::TimedOut { seconds: self.round_timeout.as_secs_f64() };
                self.fail(self.names.blame(blamed, why));
            }
        }
    }

    /// Notes for whoever looks that we wait for this peer.
    pub(crate) fn waits_for(&self, peer: PartyId) {
        self.watched.iter().for_each(|watched| watched.waits_for(self.names.get(peer)));
    }

    /// The next event of any link; `None` after `deadline`.
    pub(crate) fn next_event(&self, deadline: Instant) -> Option<Event> {
        // We hold a sender ourselves, so the channel does not end: an error is the timeout.
        self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
    }

    /// Books an event.
    pub(crate) fn take_in(&mut self, event: Event) {
        match event {
            Event::Frame { from, frame, room } => {
                if let Some(link) = self.links.get_mut(&from) {
                    link.queue.push_back((frame, room));
                }
            }
            Event::Left { from } => {
                if let Some(link) = self.links.get_mut(&from) {
                    link.left = true;
                    link.over = true;
                }
            }
            Event::Aborted { from, by, cause } => {
                self.settle(from);
                self.fail(Error::Aborted { by, name: self.names.get(by).to_owned(), cause });
            }
            Event::Gone { from, why } => {
                let left = self.links.get(&from).is_some_and(|link| link.left);
                self.settle(from);
                if !left {
                    self.fail(self.names.blame(from, why));
                }
            }
            Event::Stopped { by } => self.fail(Error::Stopped { by }),
            // Too late, or a second one: dropping it closes its connection.
            Event::Arrived(_) | Event::Failed(_) => {}
        }
    }

    fn settle(&mut self, peer: PartyId) {
        if let Some(link) = self.links.get_mut(&peer) {
            link.over = true;
        }
    }

    /// Notes the first failure.
    pub(crate) fn fail(&mut self, error: Error) {
        self.failure.get_or_insert(error);
    }

    /// Waits until the other ends have what we said last; `patient`: also until a link that is down may have come back, if its
    /// other end lacks something.
    pub(super) fn linger(&mut self, limit: Duration, patient: bool) {
        let start = Instant::now();
        loop {
            let ours = self.links.values().filter(|link| patient && !link.over);
            let owed = ours.filter_map(|link| link.outbox.owes()).max();
            let deadline = start + limit + owed.unwrap_or_default();
            // What still comes is of no use, and its room lets the links go on to their end.
            self.links.values_mut().for_each(|link| link.queue.clear());
            if !self.links.values().all(|link| link.over || !link.outbox.lingers()) {
                // What is owed changes without an event.
                let look = if owed.is_some() { deadline.min(Instant::now() + LOOK) } else { deadline };
                match self.next_event(look) {
                    Some(event) => self.take_in(event),
                    None if Instant::now() < deadline => {}
                    None => return,
                }
            } else if self.links.values().any(|link| link.outbox.busy()) && Instant::now() < deadline {
                // A link that we cannot read any more may still carry our last words.
                std::thread::sleep(TICK);
            } else {
                return;
            }
        }
    }
}
