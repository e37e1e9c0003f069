//! What a link has sent and what it has received, over all its connections.
//!
//! Frames are numbered from 0 in each direction; a sign of life has no number and says, in its header's `round`, how many
//! frames its sender has received. What was sent is kept until the other end says so: the frame as it was posted, which
//! shares its words with whoever made it; nothing is copied.
//!
//! No more than [`KEPT`] is kept, and one frame that may be larger: the next frame leaves when the other end has said
//! enough. There is one exception, without which two parties could wait for each other: while our own inbox of that peer
//! is full, we do not read its link, so we cannot hear what it says; frames then leave as they would without a grace.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::head::HEAD_BYTES;
use crate::postbox::Backlog;
use crate::{Frame, FrameError, Kind, PeerError};

/// Bytes that are kept before the next frame has to wait.
pub(super) const KEPT: u64 = 64 << 20;
/// After so many bytes the other end is told that we have them, also if it is not time for a sign of life.
const TOLD: u64 = 1 << 20;
/// What a frame costs beside its body, here and there.
const BESIDE: u64 = HEAD_BYTES as u64 + 96;

/// How far a link has come.
#[derive(Debug)]
pub(super) struct Account {
    state: Mutex<State>,
    /// Something has changed that the writer waits for.
    pub(super) changed: Notify,
    backlog: Arc<Backlog>,
    grace: Duration,
}

#[derive(Debug, Default)]
struct State {
    kept: VecDeque<Arc<Frame>>,
    kept_bytes: u64,
    /// Frames that the other end has; the number of the first that is kept.
    acknowledged: u64,
    /// Frames that have been written, on whatever connection.
    written: u64,
    /// Payload that was posted and is not acknowledged.
    owed: u64,
    received: u64,
    /// Signs of life and frames that came.
    signs: u64,
    /// Bytes received since the other end was told.
    untold: u64,
    /// We do not read, because our inbox is full.
    full: bool,
    /// Our last frame is among those that are kept or acknowledged.
    said: bool,
    ending: Option<Ending>,
}

/// How the writer should end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The other end is done: tell it what we have, and close.
    Heard,
    /// The other end is at fault: let our last words out.
    Fault,
}

impl Account {
    pub(super) fn new(backlog: Arc<Backlog>, grace: Duration) -> Account {
        Account { state: Mutex::default(), changed: Notify::new(), backlog, grace }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The program has posted this.
    pub(super) fn posted(&self, frame: &Frame) {
        self.state().owed += u64::from(frame.kind.is_payload());
    }

    /// It will be sent as the next one.
    pub(super) fn keep(&self, frame: Frame) {
        let mut state = self.state();
        state.said = matches!(frame.kind, Kind::Bye | Kind::Abort);
        state.kept_bytes += cost(&frame);
        state.kept.push_back(Arc::new(frame));
    }

    /// Whether one more frame may be kept.
    pub(super) fn has_room(&self) -> bool {
        let state = self.state();
        !state.said && (state.kept_bytes < KEPT || state.full)
    }

    /// The frame of this number, if it is there and not acknowledged.
    pub(super) fn kept(&self, number: u64) -> Option<Arc<Frame>> {
        let state = self.state();
        let at = usize::try_from(number.checked_sub(state.acknowledged)?).ok()?;
        state.kept.get(at).cloned()
    }

    /// The frame of this number has been written.
    pub(super) fn wrote(&self, number: u64, frame: &Frame) {
        let mut state = self.state();
        if number == state.written {
            state.written += 1;
            drop(state);
            self.backlog.remove(frame);
        }
    }

    /// The other end has so many frames.
    ///
    /// # Errors
    /// It cannot have more than were sent, nor fewer than it had.
    pub(super) fn acknowledge(&self, frames: u64) -> Result<(), PeerError> {
        let mut state = self.state();
        let sent = state.acknowledged + state.kept.len() as u64;
        if frames < state.acknowledged || frames > sent {
            return Err(FrameError::Malformed.into());
        }
        while state.acknowledged < frames {
            let Some(frame) = state.kept.pop_front() else { break };
            // What the connection broke off behind has left too.
            if state.acknowledged == state.written {
                state.written += 1;
                self.backlog.remove(&frame);
            }
            state.acknowledged += 1;
            state.kept_bytes -= cost(&frame);
            state.owed -= u64::from(frame.kind.is_payload());
        }
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// A frame is here.
    pub(super) fn receive(&self, frame: &Frame) {
        let mut state = self.state();
        (state.received, state.signs) = (state.received + 1, state.signs + 1);
        state.untold += cost(frame);
        if state.untold >= TOLD {
            self.changed.notify_one();
        }
    }

    /// Frames that are here.
    pub(super) fn received(&self) -> u64 {
        self.state().received
    }

    /// Frames that the other end has.
    pub(super) fn acknowledged(&self) -> u64 {
        self.state().acknowledged
    }

    /// Frames that are kept.
    pub(super) fn unacknowledged(&self) -> usize {
        self.state().kept.len()
    }

    /// A sign of life is here, which says that the other end has so many frames.
    ///
    /// # Errors
    /// As [`Account::acknowledge`].
    pub(super) fn ping(&self, frames: u64) -> Result<(), PeerError> {
        self.state().signs += 1;
        self.acknowledge(frames)
    }

    /// Signs of life and frames that came.
    pub(super) fn signs(&self) -> u64 {
        self.state().signs
    }

    /// A sign of life that says what is here, if it is time to say it.
    pub(super) fn telling(&self) -> Option<Frame> {
        let due = self.state().untold >= TOLD;
        due.then(|| self.tell())
    }

    /// A sign of life that says what is here.
    pub(super) fn tell(&self) -> Frame {
        let mut state = self.state();
        state.untold = 0;
        Frame { round: state.received, ..Frame::bare(Kind::Ping) }
    }

    /// We stop reading because our inbox is full, or go on.
    pub(super) fn fill(&self, full: bool) {
        self.state().full = full;
        self.changed.notify_one();
    }

    /// Whether our last frame is on its way.
    pub(super) fn has_said(&self) -> bool {
        self.state().said
    }

    /// Whether the other end has our last frame.
    pub(super) fn is_done(&self) -> bool {
        let state = self.state();
        state.said && state.kept.is_empty()
    }

    /// The writer shall end.
    pub(super) fn end(&self, how: Ending) {
        self.state().ending = Some(how);
        self.changed.notify_one();
    }

    pub(super) fn ending(&self) -> Option<Ending> {
        self.state().ending
    }

    /// While payload is not acknowledged, how long that may take.
    pub(super) fn owes(&self) -> Option<Duration> {
        (self.state().owed > 0).then_some(self.grace)
    }
}

fn cost(frame: &Frame) -> u64 {
    BESIDE + frame.bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn account() -> Account {
        Account::new(Arc::default(), Duration::from_secs(9))
    }

    fn frame(digest: u64) -> Frame {
        Frame::new(Kind::Round, 0, digest, vec![vec![1; 8].into()])
    }

    fn send(account: &Account, frame: Frame) {
        account.posted(&frame);
        account.keep(frame);
    }

    proptest! {
        /// Whatever is lost with a connection, each frame arrives once and in order.
        #[test]
        fn none_twice_and_none_lost(cuts in prop::collection::vec((0..6u64, 0..6u64), 0..12)) {
            let (sender, receiver) = (account(), account());
            let (mut posted, mut arrived) = (0, Vec::new());
            for (sent, through) in cuts.into_iter().chain([(0, u64::MAX)]) {
                (0..sent).for_each(|_| { send(&sender, frame(posted)); posted += 1; });
                // A connection begins with what the receiver has, and carries some frames.
                sender.acknowledge(receiver.received()).unwrap();
                let begin = sender.acknowledged();
                for number in begin..begin + through.min(100) {
                    let Some(frame) = sender.kept(number) else { break };
                    sender.wrote(number, &frame);
                    receiver.receive(&frame);
                    arrived.push(frame.digest);
                }
            }
            prop_assert_eq!(arrived, (0..posted).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let account = account();
        (0..3).for_each(|digest| send(&account, frame(digest)));
        assert!(account.acknowledge(4).is_err(), "more than was sent");
        account.acknowledge(2).unwrap();
        assert!(account.acknowledge(1).is_err(), "fewer than before");
        assert_eq!((account.acknowledged(), account.unacknowledged()), (2, 1));
        assert_eq!((account.kept(1), account.kept(2).unwrap().digest), (None, 2));
    }

    #[test]
    fn what_is_kept_is_bounded_unless_we_do_not_read() {
        let account = account();
        let large = || Frame::new(Kind::Round, 0, 0, vec![vec![0; KEPT as usize / 8].into()]);
        assert!(account.has_room());
        send(&account, large());
        assert!(!account.has_room());
        account.fill(true);
        assert!(account.has_room());
        account.fill(false);
        assert!(!account.has_room());
        account.acknowledge(1).unwrap();
        assert!(account.has_room());
        send(&account, Frame::bare(Kind::Bye));
        assert!(!account.has_room(), "nothing follows a goodbye");
    }

    #[test]
    fn a_goodbye_that_was_heard_is_the_end() {
        let account = account();
        send(&account, frame(0));
        send(&account, Frame::bare(Kind::Bye));
        assert!(account.owes().is_some());
        account.acknowledge(1).unwrap();
        assert!(account.owes().is_none() && !account.is_done());
        account.acknowledge(2).unwrap();
        assert!(account.is_done());
    }

    #[test]
    fn the_other_end_is_told_now_and_then() {
        let account = account();
        let large = Frame::new(Kind::Round, 0, 0, vec![vec![0; TOLD as usize / 8].into()]);
        account.receive(&frame(0));
        assert!(account.telling().is_none());
        account.receive(&large);
        assert_eq!(account.telling().map(|ping| (ping.kind, ping.round)), Some((Kind::Ping, 2)));
        assert!(account.telling().is_none());
        assert_eq!(account.tell().round, 2);
    }
}
