//! Connecting a compute party or a client to all others over TCP.

use std::collections::{BTreeSet, VecDeque};
use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::arrival::Arrival;
use crate::engine::Engine;
use crate::handshake::{Greeted, Greeter, HANDSHAKE, Passed, Refusal};
use crate::link::{read_body, read_head, spawn, write_frame};
use crate::resume::{self, Comeback, Grace, Key, Place, Way};
use crate::roster::is_loopback;
use crate::shape::shaped;
use crate::stream::{Duplex, dismiss};
use crate::tls::{FIRST_BYTE, Tls};
use crate::wire::{Event, Inbox};
use crate::{
    Agreement, Attendance, ConfigError, ConfigProblem, Error, Frame, IdentityError, Kind, Mesh, Options, PartyId,
    PeerError, Result, Roster, TEXT_LIMIT,
};

mod call;

use call::dial;
pub(crate) use call::{pauses, reach};

/// Greetings that are heard at the same time.
const CALLERS: usize = 128;
/// Callers that have passed and wait to be let in; further ones are turned away.
const WAITING: usize = 1024;
/// After a failure, how long parties that are not connected yet can still come to hear of it.
const FAREWELL: Duration = Duration::from_millis(1500);
/// How long an aborted task may take to end; it has nothing left to do but to drop what it holds.
const CLOSING: Duration = Duration::from_secs(1);
/// What a party hears that comes when all have been there.
const BEGUN: &str = "the session has begun, and a party that is started anew does not have what the first one knew; start \
                     all parties again";

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
    let greeter = Arc::new(Greeter::new(me, roster, agreement, &options.session, tls, options.grace)?);
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
    let mut mesh = Gathering { mesh, missing: peers, engine, options, greeter: Arc::clone(&greeter) }.run(roster)?;
    greeter.close(BEGUN);
    mesh.connected();
    mesh.keep(&Arc::new(tasks));
    Ok(mesh)
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
            self.mesh.waits_for(peer);
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
                Ok(Ok(None)) => return,
                Ok(Ok(Some(arrival))) => Event::Arrived(Box::new(arrival)),
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

/// Hears a caller; nothing if it was a link that came back, which knows now.
async fn hear(mut stream: TcpStream, greeter: &Greeter, waiting: Arc<Semaphore>) -> Result<Option<Arrival>, Refusal> {
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
        Ok(Greeted::Back { link, frames, reply }) => {
            // One that has just ended needs no connection.
            let _ = link.send(Comeback::Stream { stream, frames, reply });
            Ok(None)
        }
        Ok(Greeted::New(Passed { peer, session, secret, grace })) => {
            let Ok(place) = waiting.try_acquire_owned() else {
                greeter.explain(&mut *stream, "too many connections are waiting").await;
                dismiss(&mut *stream).await;
                return Err(PeerError::Unknown.into());
            };
            if grace.is_zero() {
                return Ok(Some(Arrival { peer, session, stream, secret, grace: None, _place: Some(place) }));
            }
            let key = Key::of(&secret);
            let mut wait = greeter.lines().open(peer, &session, &key);
            let stream = confirmed(stream, &mut wait).await?;
            let grace = Some(Grace { time: grace, key, way: Way::Wait(wait) });
            Ok(Some(Arrival { peer, session, stream, secret, grace, _place: Some(place) }))
        }
        Err(refusal) => {
            dismiss(&mut *stream).await;
            Err(refusal)
        }
    }
}

/// A caller whose link may come back says when it has heard us: before, it would call as if for the first time. Should that
/// be lost, it comes back.
async fn confirmed(mut stream: Box<dyn Duplex>, place: &mut Place) -> Result<Box<dyn Duplex>, PeerError> {
    let heard = async {
        let head = read_head(&mut *stream, TEXT_LIMIT, HANDSHAKE).await?;
        let frame = read_body(&mut *stream, head, HANDSHAKE, None).await?;
        if frame.kind == Kind::Ping { Ok(()) } else { Err(PeerError::Unexpected { kind: frame.kind }) }
    };
    match heard.await {
        Ok(()) => return Ok(stream),
        Err(PeerError::Closed) => {}
        Err(why) => return Err(why),
    }
    loop {
        match place.next().await {
            Comeback::Stream { mut stream, frames: 0, reply } => {
                if reply.send(&mut *stream, 0).await.is_ok() {
                    return Ok(stream);
                }
            }
            Comeback::Stream { .. } | Comeback::Restarted => return Err(PeerError::Closed),
        }
    }
}

/// Makes an arrival one of the mesh's links.
pub(crate) fn admit(mesh: &mut Mesh, arrival: Arrival, engine: &Engine, options: &Options) {
    let Arrival { peer, stream, secret, grace, .. } = arrival;
    let link = match grace {
        None => spawn(engine.handle(), peer, stream.halves(), mesh.owner(), options),
        Some(grace) => {
            let who = (peer, mesh.name(peer).to_owned());
            resume::spawn(engine.handle(), who, stream, mesh.owner(), options, grace)
        }
    };
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
