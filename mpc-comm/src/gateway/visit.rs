//! A guest's end: a connection to the gateway of every server.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::listen::check_plaintext;
use super::message::{Hello, Request, VERSION, Welcome, greeting, read_greeting};
use super::{Ask, Offer, Refused, Reply, RequestId, Service};
use crate::engine::Engine;
use crate::head::HEAD_BYTES;
use crate::link::{read_body, read_head, write_frame};
use crate::stream::{Duplex, dismiss};
use crate::tls::Tls;
use crate::{ConfigError, ConfigProblem, Error, Frame, FrameError, Identity, Kind, PartyId, PeerError, Result};

/// The pause between two calls of a server that does not answer.
const PAUSE: Duration = Duration::from_millis(100);

/// How a guest comes.
#[derive(Debug, Clone)]
pub struct VisitOptions {
    /// Our certificate and key. With it the links are mutual TLS 1.3.
    pub identity: Option<Identity>,
    /// Without an identity, let what we ask cross a network without encryption. Default false.
    pub allow_plaintext: bool,
    /// How long to wait for the servers to answer a call. Default 10 s.
    pub connect_timeout: Duration,
    /// How long to wait for an answer. Default 600 s.
    pub timeout: Duration,
    /// The largest answer of a server, in bytes. Default 1 GiB.
    pub answer_limit: u64,
}

impl Default for VisitOptions {
    fn default() -> VisitOptions {
        VisitOptions {
            identity: None,
            allow_plaintext: false,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(600),
            answer_limit: 1 << 30,
        }
    }
}

/// A guest at all servers at once. The methods block. Dropping it ends the connections.
pub struct Visit {
    doors: Vec<Door>,
    offer: Offer,
    options: VisitOptions,
    engine: Arc<Engine>,
    sent: u64,
    received: u64,
}

impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").field("offer", &self.offer).finish_non_exhaustive()
    }
}

/// One server.
struct Door {
    server: PartyId,
    name: String,
    stream: Option<Box<dyn Duplex>>,
}

impl Door {
    fn blame(&self, kind: PeerError) -> Error {
        Error::Peer { peer: self.server, name: self.name.clone(), kind }
    }
}

impl Visit {
    /// Calls every server of the service, as the guest of this name.
    ///
    /// # Errors
    /// [`Error::Config`] for an unsound service, or one that is not all on this machine and pins no certificates without
    /// [`VisitOptions::allow_plaintext`]; [`PeerError::Unreachable`], [`PeerError::Identity`]; [`PeerError::Refused`] where
    /// a server does not let us in; [`PeerError::Handshake`] when the servers do not offer the same.
    pub fn connect(service: &Service, name: &str, options: VisitOptions) -> Result<Visit> {
        let tls = match &options.identity {
            Some(_) if !service.roster.pins() => {
                let problem =
                    ConfigProblem::Missing { expected: "a fingerprint for each server, since we have an identity" };
                let key = "compute[0].fingerprint".to_owned();
                return Err(ConfigError { file: "service".to_owned(), key, problem }.into());
            }
            Some(identity) => Some(Arc::new(Tls::beside(PartyId::DEALER, service.server_pins(), identity)?)),
            None => {
                check_plaintext(service, options.allow_plaintext)?;
                None
            }
        };
        let engine = Engine::start()?;
        let hello = greeting(&Hello { version: VERSION, name: name.to_owned() });
        let servers = service.roster.compute.iter().zip(&service.gateways).enumerate();
        let calls = servers.map(|(at, (server, address))| {
            let door = Door { server: PartyId(at as u16), name: server.name.clone(), stream: None };
            let (tls, hello, address) = (tls.clone(), hello.clone(), address.clone());
            let patience = options.connect_timeout;
            async move { call(door, address, tls, hello, patience).await }
        });
        let called = together(&engine, calls.collect())?;
        let (doors, mut offers): (Vec<Door>, Vec<Offer>) = called.into_iter().unzip();
        let names: Vec<&str> = doors.iter().map(|door| &door.name[..]).collect();
        for (door, offer) in doors.iter().zip(&offers) {
            let differs = |field: &str, ours: String, theirs: String| {
                Err(door.blame(PeerError::Handshake { field: field.to_owned(), ours, theirs }))
            };
            if offer.servers != names {
                return differs("servers", names.join(", "), offer.servers.join(", "));
            }
            if *offer != offers[0] {
                return differs("offer", format!("{:?}", offers[0]), format!("{offer:?}"));
            }
        }
        let offer = offers.swap_remove(0);
        Ok(Visit { doors, offer, options, engine, sent: 0, received: 0 })
    }

    /// What the servers offer; all the same.
    pub fn offer(&self) -> &Offer {
        &self.offer
    }

    /// How many servers there are.
    pub fn servers(&self) -> usize {
        self.doors.len()
    }

    /// Bytes of requests and of answers so far, with their headers.
    pub fn traffic(&self) -> (u64, u64) {
        (self.sent, self.received)
    }

    /// Asks: one request for each server, all with the same number. Returns each server's answer, in the order of the
    /// servers.
    ///
    /// # Errors
    /// [`PeerError::Refused`] with the first server's reason, if one refuses; [`PeerError::TimedOut`],
    /// [`PeerError::Closed`], [`PeerError::BadFrame`]. The visit is over then.
    pub fn ask(&mut self, asks: Vec<Ask>) -> Result<Vec<Reply>> {
        let requests = asks.into_iter().map(|ask| (ask.id, Request::Ask(ask).encode())).collect();
        self.exchange(requests)
    }

    /// Fetches the answer to somebody's request of which we are the receiver: each server's, in the order of the servers.
    ///
    /// # Errors
    /// As [`Visit::ask`].
    pub fn fetch(&mut self, id: RequestId) -> Result<Vec<Reply>> {
        let requests = self.doors.iter().map(|_| (id, Request::Fetch(id).encode())).collect();
        self.exchange(requests)
    }

    fn exchange(&mut self, requests: Vec<(RequestId, Frame)>) -> Result<Vec<Reply>> {
        let (patience, limit) = (self.options.timeout, self.options.answer_limit);
        let doors = std::mem::take(&mut self.doors);
        let names: Vec<(PartyId, String)> = doors.iter().map(|door| (door.server, door.name.clone())).collect();
        self.sent += requests.iter().map(|(_, frame)| HEAD_BYTES as u64 + frame.bytes()).sum::<u64>();
        let exchanges = doors.into_iter().zip(requests).map(|(mut door, (id, frame))| async move {
            let slow = PeerError::TimedOut { seconds: patience.as_secs_f64() };
            match timeout(patience, one(&mut door, id, frame, limit)).await.unwrap_or(Err(slow)) {
                Ok((Reply::Refused(why), _)) => Err(door.blame(PeerError::Refused(why))),
                Ok((reply, bytes)) => Ok((door, reply, bytes)),
                Err(why) => Err(door.blame(why)),
            }
        });
        let result = together(&self.engine, exchanges.collect());
        // Without their streams, the doors say that they are closed.
        self.doors = names.into_iter().map(|(server, name)| Door { server, name, stream: None }).collect();
        let mut replies = Vec::new();
        for (at, (door, reply, bytes)) in result?.into_iter().enumerate() {
            self.received += bytes;
            self.doors[at] = door;
            replies.push(reply);
        }
        Ok(replies)
    }
}

/// Says one thing to one server, and hears its answer.
async fn one(door: &mut Door, id: RequestId, frame: Frame, limit: u64) -> Result<(Reply, u64), PeerError> {
    let stream = door.stream.as_mut().ok_or(PeerError::Closed)?;
    write_frame(&mut **stream, &frame).await.map_err(|_| PeerError::Closed)?;
    let head = read_head(&mut **stream, limit, Duration::MAX).await?;
    let bytes = HEAD_BYTES as u64 + head.bytes;
    let frame = read_body(&mut **stream, head, Duration::MAX, None).await?;
    match Reply::parse(frame) {
        Some((found, reply)) if found == id => Ok((reply, bytes)),
        _ => Err(FrameError::Malformed.into()),
    }
}

/// Calls a server again and again until it answers, and greets it.
async fn call(
    mut door: Door,
    address: String,
    tls: Option<Arc<Tls>>,
    hello: Frame,
    patience: Duration,
) -> Result<(Door, Offer)> {
    let mut reason = "it did not answer".to_owned();
    let calling = async {
        loop {
            match TcpStream::connect(&address).await {
                Ok(stream) => return stream,
                Err(error) => reason = error.to_string(),
            }
            sleep(PAUSE).await;
        }
    };
    let Ok(stream) = timeout(patience, calling).await else {
        return Err(door.blame(PeerError::Unreachable { address, reason }));
    };
    let greet = async {
        stream.set_nodelay(true).map_err(|_| PeerError::Closed)?;
        let mut stream: Box<dyn Duplex> = match tls {
            None => Box::new(stream),
            Some(tls) => tls.call(stream, door.server).await?.0,
        };
        write_frame(&mut *stream, &hello).await.map_err(|_| PeerError::Closed)?;
        let head = read_head(&mut *stream, 0, patience).await?;
        let frame = read_body(&mut *stream, head, patience, None).await?;
        match read_greeting(frame) {
            Some(Welcome::Offer(offer)) => Ok((stream, offer)),
            Some(Welcome::Refused(why)) => {
                dismiss(&mut *stream).await;
                Err(PeerError::Refused(why))
            }
            None => Err(FrameError::Malformed.into()),
        }
    };
    let slow = PeerError::TimedOut { seconds: patience.as_secs_f64() };
    match timeout(patience, greet).await.unwrap_or(Err(slow)) {
        Ok((stream, offer)) => {
            door.stream = Some(stream);
            Ok((door, offer))
        }
        Err(why) => Err(door.blame(why)),
    }
}

/// Runs all on the engine's thread and waits: their results in order, or the first error.
fn together<T: Send + 'static>(
    engine: &Engine,
    futures: Vec<impl Future<Output = Result<T>> + Send + 'static>,
) -> Result<Vec<T>> {
    let (tell, told) = channel();
    let count = futures.len();
    engine.handle().spawn(async move {
        let mut running = JoinSet::new();
        for (at, future) in futures.into_iter().enumerate() {
            running.spawn(async move { future.await.map(|result| (at, result)) });
        }
        let mut results: Vec<Option<T>> = (0..count).map(|_| None).collect();
        while let Some(joined) = running.join_next().await {
            match joined {
                Ok(Ok((at, result))) => results[at] = Some(result),
                Ok(Err(error)) => return drop(tell.send(Err(error))),
                Err(_) => break,
            }
        }
        drop(tell.send(Ok(results)));
    });
    let stopped =
        || Error::Io { what: "talk to the servers".to_owned(), source: Arc::new(std::io::Error::other("stopped")) };
    let results = told.recv().map_err(|_| stopped())??;
    results.into_iter().map(|result| result.ok_or_else(stopped)).collect()
}

/// Bye is what a guest says that leaves in good order; closing the connection says the same.
impl Drop for Visit {
    fn drop(&mut self) {
        let streams: Vec<_> = self.doors.iter_mut().filter_map(|door| door.stream.take()).collect();
        let leaving = streams.into_iter().map(|mut stream| async move {
            let _ = write_frame(&mut *stream, &Frame::bare(Kind::Bye)).await;
            dismiss(&mut *stream).await;
            Ok(())
        });
        let _ = together(&self.engine, leaving.collect());
    }
}

impl From<Refused> for PeerError {
    fn from(why: Refused) -> PeerError {
        PeerError::Refused(why)
    }
}
