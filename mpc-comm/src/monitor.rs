//! What the sessions of a process are doing, for somebody who looks from outside.
//!
//! A session notes for whom it waits and, as the layer above says, in which step and round it is. All of it follows from
//! the program and from time; nothing depends on data. Whoever looks reads it from another thread, while the session computes
//! or waits.

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::wire::Counters;

/// Looks at the sessions that are made with it ([`Options::monitor`](crate::Options::monitor)). Clones are the same.
#[derive(Clone, Default)]
pub struct Monitor(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    sessions: Vec<Weak<Watched>>,
    /// Of sessions that are over: how often a link went down, and came back.
    interruptions: (u64, u64),
}

/// What one end of a session is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// Who we are.
    pub party: String,
    /// The session's label. A dealer's is what its parties said.
    pub session: String,
    /// Whether all parties have been there.
    pub connected: bool,
    /// Seconds since it began to connect.
    pub seconds: f64,
    /// The step of the program that its last round or request was for, as the layer above names it; empty before that.
    pub scope: String,
    /// Rounds so far; at a dealer 0.
    pub round: u64,
    /// For whom it waits, if it does. Otherwise it computes.
    pub waits_for: Option<String>,
    /// For how many seconds it has waited, or computed since it last did.
    pub since: f64,
    /// Bytes sent so far, headers included.
    pub sent: u64,
    /// Bytes received so far.
    pub received: u64,
    /// Links that are down now and may come back.
    pub links_down: u64,
    /// How often a link came back so far.
    pub links_resumed: u64,
}

/// A session on the list, as its mesh keeps it.
pub(crate) struct Watched {
    party: String,
    session: String,
    begin: Instant,
    counters: Arc<Counters>,
    now: Mutex<Now>,
    monitor: Weak<Mutex<State>>,
}

struct Now {
    connected: bool,
    scope: Arc<str>,
    round: u64,
    waits_for: Option<String>,
    since: Instant,
}

impl Monitor {
    /// Of a process without sessions yet.
    pub fn new() -> Monitor {
        Monitor::default()
    }

    /// What the sessions are doing now, in the order in which they began; those that are over are not there.
    pub fn sessions(&self) -> Vec<Status> {
        let living: Vec<Arc<Watched>> = self.state().sessions.iter().filter_map(Weak::upgrade).collect();
        living.iter().map(|watched| watched.status()).collect()
    }

    /// How often a link was interrupted, and how often one came back, in all sessions so far
    /// ([`Options::grace`](crate::Options::grace)).
    pub fn interruptions(&self) -> (u64, u64) {
        let (living, over) = {
            let state = self.state();
            (state.sessions.iter().filter_map(Weak::upgrade).collect::<Vec<_>>(), state.interruptions)
        };
        let counts = living.iter().map(|watched| watched.interruptions());
        counts.fold(over, |sum, count| (sum.0 + count.0, sum.1 + count.1))
    }

    pub(crate) fn watch(&self, party: &str, session: &str, counters: &Arc<Counters>) -> Arc<Watched> {
        let begin = Instant::now();
        let now = Now { connected: false, scope: "".into(), round: 0, waits_for: None, since: begin };
        let watched = Arc::new(Watched {
            party: party.to_owned(),
            session: session.to_owned(),
            begin,
            counters: Arc::clone(counters),
            now: Mutex::new(now),
            monitor: Arc::downgrade(&self.0),
        });
        let mut state = self.state();
        state.sessions.retain(|session| session.strong_count() > 0);
        state.sessions.push(Arc::downgrade(&watched));
        watched
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All parties are there.
    pub(crate) fn connected(&self) {
        self.now().connected = true;
        self.goes_on();
    }

    /// The session waits for somebody.
    pub(crate) fn waits_for(&self, name: &str) {
        let mut now = self.now();
        if now.waits_for.as_deref() != Some(name) {
            (now.waits_for, now.since) = (Some(name.to_owned()), Instant::now());
        }
    }

    /// What it waited for is here.
    pub(crate) fn goes_on(&self) {
        let mut now = self.now();
        if now.waits_for.take().is_some() {
            now.since = Instant::now();
        }
    }

    /// Where the program is.
    pub(crate) fn at(&self, round: u64, scope: Arc<str>) {
        let mut now = self.now();
        (now.round, now.scope) = (round, scope);
    }

    fn interruptions(&self) -> (u64, u64) {
        (self.counters.suspended.load(Ordering::Relaxed), self.counters.resumed.load(Ordering::Relaxed))
    }

    fn status(&self) -> Status {
        let now = self.now();
        let (sent, received, _) = self.counters.read();
        Status {
            party: self.party.clone(),
            session: self.session.clone(),
            connected: now.connected,
            seconds: self.begin.elapsed().as_secs_f64(),
            scope: now.scope.to_string(),
            round: now.round,
            waits_for: now.waits_for.clone(),
            since: now.since.elapsed().as_secs_f64(),
            sent,
            received,
            links_down: self.counters.down.load(Ordering::Relaxed),
            links_resumed: self.interruptions().1,
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(monitor) = self.monitor.upgrade() {
            let (suspended, resumed) = self.interruptions();
            let over = &mut monitor.lock().unwrap_or_else(PoisonError::into_inner).interruptions;
            *over = (over.0 + suspended, over.1 + resumed);
        }
    }
}

impl PartialEq for Monitor {
    /// Whether it is the same one.
    fn eq(&self, other: &Monitor) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Monitor {}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("sessions", &self.sessions().len()).finish()
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("party", &self.party).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_there_while_it_lives_and_its_interruptions_stay() {
        let (monitor, counters) = (Monitor::new(), Arc::<Counters>::default());
        let watched = monitor.watch("Lab", "one", &counters);
        assert_eq!(monitor.sessions().len(), 1);
        counters.suspended.store(2, Ordering::Relaxed);
        counters.resumed.store(1, Ordering::Relaxed);
        assert_eq!(monitor.interruptions(), (2, 1));
        drop(watched);
        assert_eq!((monitor.sessions().len(), monitor.interruptions()), (0, (2, 1)));
    }

    #[test]
    fn waiting_begins_once_and_ends() {
        let (monitor, counters) = (Monitor::new(), Arc::<Counters>::default());
        let watched = monitor.watch("Lab", "one", &counters);
        let status = || monitor.sessions().remove(0);
        assert_eq!((status().connected, status().waits_for), (false, None));
        watched.waits_for("Hospital");
        let since = || watched.now().since;
        let first = since();
        watched.waits_for("Hospital");
        assert_eq!((since(), status().waits_for), (first, Some("Hospital".to_owned())));
        watched.connected();
        watched.at(7, "model/relu".into());
        let status = status();
        assert_eq!((status.connected, status.waits_for), (true, None));
        assert_eq!((status.round, status.scope.as_str()), (7, "model/relu"));
    }
}
