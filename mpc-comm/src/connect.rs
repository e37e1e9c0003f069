//! Connecting a compute party or a client to all others over TCP.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::arrival::Arrival;
use crate::engine::Engine;
use crate::handshake::{Greeter, HANDSHAKE, Refusal};
use crate::link::{spawn, write_frame};
use crate::roster::is_loopback;
use crate::shape::shaped;
use crate::stream::{Duplex, dismiss};
use crate::tls::{FIRST_BYTE, Tls};
use crate::wire::{Event, Inbox};
use crate::{
    Agreement, Attendance, ConfigError, ConfigProblem, Error, Frame, IdentityError, Kind, Mesh, Options, PartyId,
    PeerError, Result, Roster,
};

/// Greetings that are heard at the same time.
const CALLERS: usize = 128;
/// Callers that have passed and wait to be let in; further ones are turned away.
const WAITING: usize = 1024;
/// After a failure, how long parties that are not connected yet can still come to hear of it.
const FAREWELL: Duration = Duration::from_millis(1500);
/// How long an aborted task may take to end; it has nothing left to do but to drop what it holds.
const CLOSING: Duration = Duration::from_secs(1);
/// The longest pause between two calls; shorter than the farewell.
const PAUSE: Duration = Duration::from_millis(500);

/// Connects party `me` to all others of the roster and waits until all are there. Blocks; call it on the program's own
/// thread.
///
/// A compute party calls the compute parties before it and the dealer, again and again until they answer, and listens
/// for those after it and for the clients. A client calls the compute parties, and nobody calls it. Strangers that call
/// are dropped with a warning.
///
/// # Errors
/// - [`Error::Config`]: the roster is unsound, has no party `me`, or is not all on this machine and
///   pins no certificates and [`Options::allow_plaintext`] is not set; it pins certificates and
///   [`Options::identity`] is missing, is not the one it pins for us, or does not hold now.
/// - [`PeerError::Identity`]: a party that we called is not who it should be, or does not accept our certificate.
/// - [`PeerError::Handshake`]: a party was started with other settings (it gets the same error, with ours and theirs
///   exchanged), [`PeerError::Unreachable`]: it did not come within [`Options::connect_timeout`].
/// - [`Error::Aborted`], [`Error::Peer`]: another party failed meanwhile. [`Error::Io`]: we cannot listen.
pub fn connect(roster: &Roster, me: PartyId, agreement: &Agreement, options: Options) -> Result<Mesh> {
    let (address, tls) = check(roster, me, &options)?;
    if me.is_dealer() {
        let problem = ConfigProblem::Bad { found: "the dealer".to_owned(), expected: "a compute party or a client" };
        return Err(ConfigError { file: "options".to_owned(), key: "party".to_owned(), problem }.into());
    }
    let greeter = Arc::new(Greeter::new(me, roster, agreement, &options.session, tls)?);
    let engine = Engine::start()?;
    let mesh = Mesh::new(me, greeter.names().clone(), &options, Some(Arc::clone(&engine)));
    let inbox = mesh.owner().inbox.clone();
    let mut tasks = Tasks::default();
    let with_clients = options.attendance != Attendance::WithoutClients;
    let with_dealer = options.attendance != Attendance::WithoutDealer;
    let last = me.index() + 1 == roster.parties() && (roster.clients.is_empty() || !with_clients);
    if !mesh.is_client() && !last {
        let listener = listen(address, &options, &engine)?;
        tasks.0.push(engine.handle().spawn(accept(listener, Arc::clone(&greeter), inbox.clone())).abort_handle());
    }
    let mut peers: BTreeSet<PartyId> = mesh.peers().collect();
    if !mesh.is_client() {
        peers.extend(mesh.clients().filter(|_| with_clients));
        peers.extend(roster.dealer.as_ref().filter(|_| with_dealer).map(|_| PartyId::DEALER));
    }
    for &peer in peers.iter().filter(|peer| **peer < me || peer.is_dealer()) {
        let address = roster.member(peer).map(|member| member.address.clone()).unwrap_or_default();
        let call = dial(Arc::clone(&greeter), peer, address, options.connect_timeout, inbox.clone());
        tasks.0.push(engine.handle().spawn(call).abort_handle());
    }
    Gathering { mesh, missing: peers, engine, options, greeter }.run(roster)
}

/// A mesh whose parties are still coming.
struct Gathering {
    mesh: Mesh,
    missing: BTreeSet<PartyId>,
    engine: Arc<Engine>,
    options: Options,
    greeter: Arc<Greeter>,
}

impl Gathering {
    fn run(mut self, roster: &Roster) -> Result<Mesh> {
        let deadline = Instant::now() + self.options.connect_timeout;
        while let Some(&peer) = self.missing.first() {
            let failed = match self.mesh.next_event(deadline) {
                Some(event) => self.take(event).or_else(|| self.mesh.failure().cloned()),
                None => {
                    let address = roster.member(peer).map(|member| member.address.clone()).unwrap_or_default();
                    let seconds = self.options.connect_timeout.as_secs_f64();
                    let reason = format!("it did not connect to us within {seconds} s");
                    Some(self.greeter.absence(peer, address, reason))
                }
            };
            if let Some(error) = failed {
                return Err(self.farewell(error));
            }
        }
        Ok(self.mesh)
    }

    /// Books an event; the error if it ends the session.
    fn take(&mut self, event: Event) -> Option<Error> {
        match event {
            Event::Arrived(arrival) if self.missing.remove(&arrival.peer) => {
                admit(&mut self.mesh, *arrival, &self.engine, &self.options);
                None
            }
            Event::Arrived(second) => {
                let cause = match self.mesh.has_link(second.peer) {
                    true => "this party is connected already; was it started twice?",
                    false => "this session takes place without this party",
                };
                refuse(self.mesh.me(), *second, cause, &self.engine);
                None
            }
            Event::Failed(error) => Some(error),
            other => {
                self.mesh.take_in(other);
                None
            }
        }
    }

    /// Tells the others why there will be no session: those that are connected, and those that come soon. Without
    /// it they would wait out their timeouts.
    fn farewell(mut self, error: Error) -> Error {
        self.mesh.fail(error.clone());
        self.mesh.abort(&error.to_string());
        if let Error::Peer { peer, .. } = &error {
            self.missing.remove(peer);
        }
        let deadline = Instant::now() + FAREWELL;
        while !self.missing.is_empty()
            && let Some(event) = self.mesh.next_event(deadline)
        {
            if let Some(Error::Peer { peer, .. }) = self.take(event) {
                self.missing.remove(&peer);
            }
        }
        error
    }
}

/// Tasks that end with the attempt to connect. Dropping waits until they have, so that our port is free again when
/// `connect` has returned.
#[derive(Debug, Default)]
pub(crate) struct Tasks(pub(crate) Vec<AbortHandle>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
        let deadline = Instant::now() + CLOSING;
        while !self.0.iter().all(AbortHandle::is_finished) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

/// Checks the roster and that nothing crosses a network in the clear unasked; our own address, and how to speak TLS.
pub(crate) fn check<'r>(roster: &'r Roster, me: PartyId, options: &Options) -> Result<(&'r str, Option<Tls>)> {
    roster.validate("roster")?;
    let error = |file: &str, key: &str, problem| ConfigError { file: file.to_owned(), key: key.to_owned(), problem };
    let Some(member) = roster.member(me) else {
        let problem = ConfigProblem::Bad { found: format!("without {me}"), expected: "an entry for this party" };
        return Err(error("roster", if me.is_dealer() { "dealer" } else { "compute" }, problem).into());
    };
    if let Some(identity) = &options.identity {
        if !roster.pins() {
            let problem =
                ConfigProblem::Missing { expected: "a fingerprint for each party, since we have an identity" };
            return Err(error("roster", "compute[0].fingerprint", problem).into());
        }
        return Ok((&member.address, Some(Tls::new(me, roster, identity)?)));
    }
    let remote = roster.compute.iter().chain(&roster.dealer).find(|member| !is_loopback(&member.address));
    let bound = options.bind.filter(|bind| !bind.ip().is_loopback()).map(|bind| bind.to_string());
    if !options.allow_plaintext && roster.pins() {
        return Err(error("options", "identity", ConfigProblem::NoIdentity).into());
    }
    if let Some(address) = remote.map(|member| member.address.clone()).or(bound) {
        if !options.allow_plaintext {
            return Err(error("roster", "address", ConfigProblem::Plaintext { address }).into());
        }
        tracing::warn!(
            %address,
            "THE SESSION IS NOT ENCRYPTED: whoever can listen on the network learns the secrets of all parties"
        );
    }
    Ok((&member.address, None))
}

/// Listens at our address.
pub(crate) fn listen(address: &str, options: &Options, engine: &Engine) -> Result<TcpListener> {
    let address = options.bind.map_or_else(|| address.to_owned(), |bind| bind.to_string());
    let bound = || {
        let listener = StdListener::bind(&address)?;
        listener.set_nonblocking(true)?;
        let _inside = engine.handle().enter();
        TcpListener::from_std(listener)
    };
    bound().map_err(|source| Error::Io { what: format!("listen on {address}"), source: Arc::new(source) })
}

/// Hears all callers, each at its own pace, and reports those that pass.
///
/// Strangers cost little: a caller has [`HANDSHAKE`] to say who it is, and when [`CALLERS`] are heard at once, the one
/// that has taken longest is dropped for the next. So those who say nothing keep nobody out: whoever is dropped
/// unjustly calls again, and a greeting takes a few messages.
pub(crate) async fn accept(listener: TcpListener, greeter: Arc<Greeter>, inbox: Inbox) {
    let waiting = Arc::new(Semaphore::new(WAITING));
    let (mut tasks, mut greetings) = (JoinSet::new(), VecDeque::<AbortHandle>::new());
    loop {
        let (stream, caller) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        while tasks.try_join_next().is_some() {}
        greetings.retain(|greeting| !greeting.is_finished());
        if greetings.len() >= CALLERS
            && let Some(oldest) = greetings.pop_front()
        {
            oldest.abort();
        }
        let (greeter, inbox, waiting) = (Arc::clone(&greeter), inbox.clone(), Arc::clone(&waiting));
        greetings.push_back(tasks.spawn(async move {
            let event = match timeout(HANDSHAKE, hear(stream, &greeter, waiting)).await {
                Ok(Ok(arrival)) => Event::Arrived(Box::new(arrival)),
                Ok(Err(Refusal::Fatal(error))) => Event::Failed(error),
                Ok(Err(Refusal::Stranger(why))) => return greeter.turn_away(caller, None, why),
                Ok(Err(Refusal::Suspect(party, why))) => return greeter.turn_away(caller, Some(party), why),
                Err(_) => {
                    let seconds = HANDSHAKE.as_secs_f64();
                    return greeter.turn_away(caller, None, PeerError::TimedOut { seconds });
                }
            };
            let _ = inbox.send(event);
        }));
    }
}

async fn hear(mut stream: TcpStream, greeter: &Greeter, waiting: Arc<Semaphore>) -> Result<Arrival, Refusal> {
    stream.set_nodelay(true).map_err(|_| PeerError::Closed)?;
    let mut first = [0];
    stream.peek(&mut first).await.map_err(|_| PeerError::Closed)?;
    let (mut stream, proof): (Box<dyn Duplex>, _) = match (greeter.tls(), first == [FIRST_BYTE]) {
        (Some(tls), true) => match tls.answer(stream).await {
            Ok((stream, proof)) => (stream, Some(proof)),
            Err((Some(party), why)) => return Err(Refusal::Suspect(party, why)),
            Err((None, why)) => return Err(why.into()),
        },
        (None, false) => (Box::new(stream), None),
        (tls, _) => {
            let (cause, why) = match tls {
                Some(_) => ("we speak TLS and you do not; start with --identity", IdentityError::NoTls),
                None => ("we do not speak TLS and you do; start all with --identity", IdentityError::OnlyTls),
            };
            greeter.explain(&mut stream, cause).await;
            dismiss(&mut stream).await;
            return Err(PeerError::from(why).into());
        }
    };
    match greeter.answer(&mut *stream, proof.as_ref()).await {
        Ok((peer, session, secret)) => {
            let Ok(place) = waiting.try_acquire_owned() else {
                greeter.explain(&mut *stream, "too many connections are waiting").await;
                dismiss(&mut *stream).await;
                return Err(PeerError::Unknown.into());
            };
            Ok(Arrival { peer, session, stream, secret, _place: Some(place) })
        }
        Err(refusal) => {
            dismiss(&mut *stream).await;
            Err(refusal)
        }
    }
}

/// Why a call came to nothing.
enum Missed {
    Again(String),
    Fatal(Error),
}

impl From<io::Error> for Missed {
    fn from(error: io::Error) -> Missed {
        Missed::Again(error.to_string())
    }
}

/// Calls a peer until it answers, and reports.
async fn dial(greeter: Arc<Greeter>, peer: PartyId, address: String, patience: Duration, inbox: Inbox) {
    let mut last = "it did not answer".to_owned();
    let pauses = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(20))
        .with_factor(1.7)
        .with_max_delay(PAUSE)
        .without_max_times()
        .with_jitter();
    let calls = (|| call(&greeter, peer, &address))
        .retry(pauses)
        .when(|missed| matches!(missed, Missed::Again(_)))
        .notify(|missed, _| {
            if let Missed::Again(reason) = missed {
                last.clone_from(reason);
            }
        });
    let event = match timeout(patience, calls).await {
        Ok(Ok(arrival)) => Event::Arrived(Box::new(arrival)),
        Ok(Err(Missed::Fatal(error))) => Event::Failed(error),
        Ok(Err(Missed::Again(reason))) => unreached(&greeter, peer, address, reason),
        Err(_) => unreached(&greeter, peer, address, last),
    };
    let _ = inbox.send(event);
}

fn unreached(greeter: &Greeter, peer: PartyId, address: String, reason: String) -> Event {
    Event::Failed(greeter.absence(peer, address, reason))
}

async fn call(greeter: &Greeter, peer: PartyId, address: &str) -> Result<Arrival, Missed> {
    let slow = |_| Missed::Again(format!("it did not answer within {} s", HANDSHAKE.as_secs()));
    let stream = timeout(HANDSHAKE, TcpStream::connect(address)).await.map_err(slow)??;
    // On one machine, calling a free port can connect a socket to itself.
    if stream.local_addr()? == stream.peer_addr()? {
        return Err(Missed::Again("nobody listens there".to_owned()));
    }
    stream.set_nodelay(true)?;
    let greeting = async {
        let (mut stream, proof): (Box<dyn Duplex>, _) = match greeter.tls() {
            None => (Box::new(stream), None),
            Some(tls) => match tls.call(stream, peer).await {
                Ok((stream, proof)) => (stream, Some(proof)),
                Err(PeerError::Closed) => return Err(PeerError::Closed.into()),
                Err(why) => return Err(Refusal::Fatal(greeter.names().blame(peer, why))),
            },
        };
        let (peer, session, secret) = greeter.call(&mut *stream, peer, proof.as_ref()).await?;
        Ok(Arrival { peer, session, stream, secret, _place: None })
    };
    match timeout(HANDSHAKE, greeting).await.map_err(slow)? {
        Ok(arrival) => Ok(arrival),
        Err(Refusal::Stranger(why) | Refusal::Suspect(_, why)) => Err(Missed::Again(format!("it {why}"))),
        Err(Refusal::Fatal(error)) => Err(Missed::Fatal(error)),
    }
}

/// Makes an arrival one of the mesh's links.
pub(crate) fn admit(mesh: &mut Mesh, arrival: Arrival, engine: &Engine, options: &Options) {
    let Arrival { peer, stream, secret, .. } = arrival;
    let link = spawn(engine.handle(), peer, stream.halves(), mesh.owner(), options);
    mesh.attach(peer, shaped(link, peer, options.slow), secret);
}

/// Turns an arrival away and tells it why.
pub(crate) fn refuse(me: PartyId, mut arrival: Arrival, cause: &str, engine: &Engine) {
    tracing::warn!(peer = %arrival.peer, "turned a connection away: {cause}");
    let frame = Frame { round: u64::from(me.0), ..Frame::text(Kind::Abort, cause) };
    engine.handle().spawn(async move {
        let _ = timeout(HANDSHAKE, write_frame(&mut *arrival.stream, &frame)).await;
        dismiss(&mut *arrival.stream).await;
    });
}
