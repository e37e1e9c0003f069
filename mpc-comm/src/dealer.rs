//! The dealer's side of connecting: it listens, and serves one session after another or several at once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::arrival::Arrival;
use crate::connect::{Tasks, accept, admit, check, listen, refuse};
use crate::engine::Engine;
use crate::handshake::Greeter;
use crate::names::Names;
use crate::stop::End;
use crate::wire::Event;
use crate::{Agreement, Error, Mesh, Options, PartyId, Result, Roster};

/// How long a listener that stops still tells those who come why.
const LEAVING: Duration = Duration::from_millis(200);

/// How often groups that wait are looked after.
const TICK: Duration = Duration::from_millis(100);
/// Sessions that may wait for their members at the same time.
const GROUPS: usize = 256;

/// Listens for the compute parties of any number of sessions, which it tells apart by [`Options::session`].
///
/// Call [`accept_session`](DealerListener::accept_session) again and again on a thread of its own and hand each mesh to
/// another: parties that have called are greeted meanwhile, but get no sign of life until it runs.
pub struct DealerListener {
    roster: Roster,
    greeter: Arc<Greeter>,
    options: Options,
    arrivals: Receiver<Event>,
    groups: BTreeMap<String, Group>,
    /// Why the last session did not come about.
    last: Option<String>,
    _end: Option<Arc<End>>,
    tasks: Arc<Tasks>,
    engine: Arc<Engine>,
}

/// A session whose members are still coming.
struct Group {
    mesh: Mesh,
    deadline: Instant,
}

impl DealerListener {
    /// Listens at the dealer's address. Its own `options.session` does not matter.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) as for [`connect`](crate::connect()), also when the roster has no
    /// dealer; [`Error::Io`](crate::Error::Io) when it cannot listen.
    pub fn bind(roster: &Roster, agreement: &Agreement, options: Options) -> Result<DealerListener> {
        let (address, tls) = check(roster, PartyId::DEALER, &options)?;
        let greeter = Arc::new(Greeter::new(PartyId::DEALER, roster, agreement, "", tls, options.grace)?);
        let engine = Engine::start()?;
        let listener = listen(address, &options, &engine)?;
        let (inbox, arrivals) = channel();
        let end = options.stop.as_ref().map(|stop| stop.register(PartyId::DEALER, &inbox, true));
        let task = engine.handle().spawn(accept(listener, Arc::clone(&greeter), inbox));
        Ok(DealerListener {
            roster: roster.clone(),
            greeter,
            options,
            arrivals,
            groups: BTreeMap::new(),
            last: None,
            _end: end,
            tasks: Arc::new(Tasks(vec![task.abort_handle()])),
            engine,
        })
    }

    /// Waits until all compute parties of one session are there, however long that takes. Sessions it has returned
    /// run on.
    ///
    /// # Errors
    /// [`PeerError::Handshake`](crate::PeerError::Handshake) when a caller was started with other settings;
    /// [`PeerError::Unreachable`](crate::PeerError::Unreachable) when the members of a session did not all come within
    /// [`Options::connect_timeout`] of the first, and a member's error when one failed while waiting: the others have
    /// been told. The listener is still good: a service logs it and calls again. One that gives up drops the listener,
    /// which tells all who wait. [`Error::Stopped`] when [`Options::stop`] wants no more sessions: drop it then.
    pub fn accept_session(&mut self) -> Result<Mesh> {
        self.next_session().inspect_err(|error| self.last = Some(error.to_string()))
    }

    fn next_session(&mut self) -> Result<Mesh> {
        loop {
            match self.arrivals.recv_timeout(TICK) {
                Ok(Event::Arrived(arrival)) => {
                    if let Some(mesh) = self.place(*arrival) {
                        return Ok(mesh);
                    }
                }
                Ok(Event::Failed(error)) => return Err(error),
                Ok(Event::Stopped { by }) => return Err(Error::Stopped { by }),
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(self.names().blame(PartyId::DEALER, crate::PeerError::Closed));
                }
            }
            self.look_after()?;
        }
    }

    fn names(&self) -> &Names {
        self.greeter.names()
    }

    /// Puts an arrival into its group; the mesh when the group is complete.
    fn place(&mut self, arrival: Arrival) -> Option<Mesh> {
        let label = arrival.session.clone();
        if !self.groups.contains_key(&label) {
            if self.groups.len() >= GROUPS {
                refuse(PartyId::DEALER, arrival, "too many sessions are waiting for their parties", &self.engine);
                return None;
            }
            let engine = Some(Arc::clone(&self.engine));
            let options = Options { session: label.clone(), ..self.options.clone() };
            let mesh = Mesh::new(PartyId::DEALER, self.names().clone(), &options, engine);
            let deadline = Instant::now() + self.options.connect_timeout;
            self.groups.insert(label.clone(), Group { mesh, deadline });
        }
        let group = self.groups.get_mut(&label)?;
        if group.mesh.has_link(arrival.peer) {
            refuse(PartyId::DEALER, arrival, "this party is connected already; was it started twice?", &self.engine);
            return None;
        }
        admit(&mut group.mesh, arrival, &self.engine, &self.options);
        if group.mesh.peers().all(|peer| group.mesh.has_link(peer)) {
            let mut mesh = self.groups.remove(&label).map(|group| group.mesh)?;
            mesh.connected();
            mesh.keep(&self.tasks);
            return Some(mesh);
        }
        None
    }

    /// Drops a group that cannot become complete, if there is one, and says why.
    fn look_after(&mut self) -> Result<()> {
        let (now, mut dropped) = (Instant::now(), Ok(()));
        let (roster, greeter) = (&self.roster, &self.greeter);
        self.groups.retain(|session, Group { mesh, deadline }| {
            if dropped.is_err() {
                return true;
            }
            while let Some(event) = mesh.next_event(now) {
                mesh.take_in(event);
            }
            if let Some(error) = mesh.failure() {
                tracing::warn!(session, %error, "dropped a session that was waiting for its parties");
                dropped = Err(error.clone());
                return false;
            }
            if now < *deadline {
                return true;
            }
            let missing: Vec<PartyId> = mesh.peers().filter(|peer| !mesh.has_link(*peer)).collect();
            let list: Vec<&str> = missing.iter().map(|peer| roster.name(*peer)).collect();
            let cause = format!("not all parties came in time; missing: {}", list.join(", "));
            tracing::warn!(session, cause, "dropped a session that was waiting for its parties");
            mesh.abort(&cause);
            let first = missing.first().copied().unwrap_or(PartyId::DEALER);
            let address = roster.member(first).map(|member| member.address.clone()).unwrap_or_default();
            dropped = Err(greeter.absence(first, address, cause));
            false
        });
        dropped
    }
}

impl Drop for DealerListener {
    /// Tells those who wait for a session that there will be none, and why.
    fn drop(&mut self) {
        let cause = self.last.as_deref().unwrap_or("the dealer stopped before all parties were there");
        // Those who come later, while links of sessions that go on may still come back.
        self.greeter.close(cause);
        // Also those who have been heard and not looked at, or are being heard right now.
        let deadline = Instant::now() + LEAVING;
        while let Ok(event) = self.arrivals.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            if let Event::Arrived(arrival) = event {
                refuse(PartyId::DEALER, *arrival, cause, &self.engine);
            }
        }
        self.groups.values_mut().for_each(|group| group.mesh.abort(cause));
    }
}

impl fmt::Debug for DealerListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DealerListener").field("groups", &self.groups.len()).finish_non_exhaustive()
    }
}
