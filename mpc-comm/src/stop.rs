//! Ending the sessions of a process from outside of them: a signal, an operator, another thread.
//!
//! A session's thread may be computing for minutes when the order comes. So a mesh does not wait for it: the last words
//! leave for the other parties at once, from here, and the program learns of it the next time it sends or receives.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::wire::{Event, Inbox, Outbox};
use crate::{Error, Frame, Kind, PartyId};

/// Who asks a process to end.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoppedBy {
    /// SIGTERM: the operator or the system.
    Terminate,
    /// SIGINT: somebody at the keyboard.
    Interrupt,
    /// The launcher that started it has ended.
    Launcher,
    /// The program itself.
    Program,
}

impl StoppedBy {
    /// The exit code of a process that ends for this reason before its work is done: 143 and 130 for the signals, as
    /// shells report them; 4 without a launcher; 1 else.
    pub fn exit_code(self) -> u8 {
        match self {
            StoppedBy::Terminate => 128 + 15,
            StoppedBy::Interrupt => 128 + 2,
            StoppedBy::Launcher => 4,
            StoppedBy::Program => 1,
        }
    }
}

impl fmt::Display for StoppedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StoppedBy::Terminate => "its operator (SIGTERM)",
            StoppedBy::Interrupt => "its operator (Ctrl-C)",
            StoppedBy::Launcher => "the end of its launcher",
            StoppedBy::Program => "its own program",
        })
    }
}

/// Ends sessions and listeners that were made with it ([`Options::stop`](crate::Options::stop)). Clones are the same order.
///
/// [`drain`](Stop::drain) stops listeners; sessions that have begun go on. [`now`](Stop::now) ends those too: the other
/// parties are told at once that this one was stopped and by whom, and its own calls return [`Error::Stopped`].
#[derive(Clone, Default)]
pub struct Stop(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    drained: Option<StoppedBy>,
    stopped: Option<StoppedBy>,
    ends: Vec<Weak<End>>,
}

/// What is told: a mesh, or a listener.
pub(crate) struct End {
    me: PartyId,
    inbox: Inbox,
    /// Stops when draining.
    listens: bool,
    /// Owned by the mesh.
    outboxes: Mutex<Vec<Weak<dyn Outbox>>>,
}

impl Stop {
    /// An order that nobody has given yet.
    pub fn new() -> Stop {
        Stop::default()
    }

    /// Begins no more sessions. The first order counts.
    pub fn drain(&self, by: StoppedBy) {
        let mut state = self.state();
        let by = *state.drained.get_or_insert(by);
        state.living().filter(|end| end.listens).for_each(|end| end.tell(by));
    }

    /// Ends everything. The first order counts.
    pub fn now(&self, by: StoppedBy) {
        let mut state = self.state();
        state.drained.get_or_insert(by);
        if state.stopped.is_none() {
            state.stopped = Some(by);
            state.living().for_each(|end| end.tell(by));
        }
    }

    /// Whether no more sessions begin, and who wants it so.
    pub fn drained(&self) -> Option<StoppedBy> {
        self.state().drained
    }

    /// Whether everything ends, and who wants it so.
    pub fn stopped(&self) -> Option<StoppedBy> {
        self.state().stopped
    }

    /// Puts a mesh or a listener on the list, as long as it keeps what is returned.
    pub(crate) fn register(&self, me: PartyId, inbox: &Inbox, listens: bool) -> Arc<End> {
        let end = Arc::new(End { me, inbox: inbox.clone(), listens, outboxes: Mutex::default() });
        let mut state = self.state();
        // A server makes thousands of sessions: those that are over leave the list.
        state.ends.retain(|end| end.strong_count() > 0);
        state.ends.push(Arc::downgrade(&end));
        if let Some(by) = if listens { state.drained } else { state.stopped } {
            end.tell(by);
        }
        end
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn living(&self) -> impl Iterator<Item = Arc<End>> {
        self.ends.iter().filter_map(Weak::upgrade)
    }
}

impl End {
    /// A mesh has one more link.
    pub(crate) fn add(&self, outbox: &Arc<dyn Outbox>) {
        self.outboxes().push(Arc::downgrade(outbox));
    }

    fn tell(&self, by: StoppedBy) {
        // Before the others hear of it: what they answer must not be the cause that this end reports. Nobody listens any more
        // when it is over anyway.
        let _ = self.inbox.send(Event::Stopped { by });
        // The mesh says it too when it hears of it; after an abort nothing more leaves, so whoever is first says it.
        let mut frame = Frame::text(Kind::Abort, &Error::Stopped { by }.to_string());
        frame.round = u64::from(self.me.0);
        self.outboxes().iter().filter_map(Weak::upgrade).for_each(|outbox| outbox.post(frame.clone()));
    }

    fn outboxes(&self) -> MutexGuard<'_, Vec<Weak<dyn Outbox>>> {
        self.outboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartialEq for Stop {
    /// Whether it is the same order.
    fn eq(&self, other: &Stop) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Stop {}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Stop")
            .field("drained", &state.drained)
            .field("stopped", &state.stopped)
            .field("ends", &state.ends.len())
            .finish()
    }
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("End").field("me", &self.me).finish_non_exhaustive()
    }
}
