//! The greeting: both ends say who they are and how they were started, and compare.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

use crate::link::{read_body, read_head, write_frame};
use crate::names::Names;
use crate::resume::{Found, Lines, Presented, Reply, Returns, read_presented, refuse};
use crate::tls::{Proof, Tls};
use crate::{
    ConfigError, ConfigProblem, Error, Frame, FrameError, IdentityError, Kind, PartyId, PeerError, Result, Roster,
    TEXT_LIMIT, VERSION, hex,
};

mod secret;

use secret::link_secret;

/// How long a caller may take for the whole greeting.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(10);
/// Stands for a setting that one end does not have.
const ABSENT: &str = "(absent)";

/// Settings that all parties must have started with: protocol, ring, precision, version of the program and so on. The
/// handshake compares them one by one and names the first that differs. They cross the wire: no secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Key and value, in the order of comparison.
    pub fields: Vec<(String, String)>,
    /// The same for what compute parties alone compare: clients and the dealer need not know it.
    pub among_parties: Vec<(String, String)>,
}

impl Agreement {
    /// Adds a setting.
    pub fn with(mut self, key: impl Into<String>, value: impl ToString) -> Agreement {
        self.fields.push((key.into(), value.to_string()));
        self
    }

    /// Adds a setting that compute parties alone compare.
    pub fn among_parties(mut self, key: impl Into<String>, value: impl ToString) -> Agreement {
        self.among_parties.push((key.into(), value.to_string()));
        self
    }
}

/// Why a greeting came to nothing.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Whoever it was did not get through a greeting, or has no business here.
    Stranger(PeerError),
    /// As a stranger, and it showed the certificate of one of ours without proving that it is it.
    Suspect(PartyId, PeerError),
    /// One of ours, and the session cannot be.
    Fatal(Error),
}

impl From<PeerError> for Refusal {
    fn from(error: PeerError) -> Refusal {
        Refusal::Stranger(error)
    }
}

/// What a passed greeting yields.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) peer: PartyId,
    pub(crate) session: String,
    pub(crate) secret: Zeroizing<[u8; 32]>,
    /// The smaller one of both ends.
    pub(crate) grace: Duration,
}

/// What a caller wanted.
#[derive(Debug)]
pub(crate) enum Greeted {
    /// A new link.
    New(Passed),
    /// That a link comes back; it has proved that it may, and has so many of our frames.
    Back { link: Returns, frames: u64, reply: Reply },
}

/// What one end says. TOML on the wire, at most 64 KiB.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hello {
    from: u16,
    to: u16,
    session: String,
    /// 32 random bytes, in hexadecimal: this end's part of the link secret.
    contribution: String,
    fields: Vec<(String, String)>,
    /// For how many milliseconds this end waits for a link to come back.
    #[serde(default, skip_serializing_if = "is_zero")]
    grace: u64,
    /// What compute parties compare among themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    among_parties: Vec<(String, String)>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What a party says and expects in its greetings.
#[derive(Debug)]
pub(crate) struct Greeter {
    me: PartyId,
    names: Names,
    fields: Vec<(String, String)>,
    among_parties: Vec<(String, String)>,
    /// `None` at the dealer, which serves any session.
    session: Option<String>,
    /// How we prove who we are; `None` for links in the clear.
    tls: Option<Tls>,
    grace: Duration,
    /// Links that were made here and may come back.
    lines: Lines,
    /// Why there are no new links any more.
    closed: OnceLock<String>,
    turned: Mutex<Turned>,
}

/// Who was turned away last, and why: it may be the answer to who does not come.
#[derive(Debug, Default)]
struct Turned {
    suspects: BTreeMap<PartyId, PeerError>,
    stranger: Option<String>,
}

impl Greeter {
    /// # Errors
    /// When the settings do not fit into a greeting.
    pub(crate) fn new(
        me: PartyId,
        roster: &Roster,
        agreement: &Agreement,
        session: &str,
        tls: Option<Tls>,
        grace: Duration,
    ) -> Result<Greeter> {
        let mut fields = agreement.fields.clone();
        fields.push(("roster".to_owned(), roster.digest()));
        let session = (!me.is_dealer()).then(|| session.to_owned());
        let among_parties = agreement.among_parties.clone();
        let names = Names::of(roster);
        let (lines, closed, turned) = (Lines::default(), OnceLock::new(), Mutex::default());
        let greeter = Greeter { me, names, fields, among_parties, session, tls, grace, lines, closed, turned };
        let label = greeter.session.clone().unwrap_or_default();
        let (frame, _) = greeter.hello(me, label)?;
        if frame.bytes() > TEXT_LIMIT {
            let found = format!("{} bytes", frame.bytes());
            let problem = ConfigProblem::Bad { found, expected: "settings and a session label of less than 64 KiB" };
            return Err(ConfigError { file: "options".to_owned(), key: "agreement".to_owned(), problem }.into());
        }
        Ok(greeter)
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    pub(crate) fn me(&self) -> PartyId {
        self.me
    }

    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    pub(crate) fn lines(&self) -> &Lines {
        &self.lines
    }

    /// From now on callers get no new links and hear this cause; links that were made may come back. The first cause counts.
    pub(crate) fn close(&self, cause: &str) {
        self.closed.get_or_init(|| cause.to_owned());
    }

    /// Notes that somebody who claimed to be `suspect`, or a stranger from this address, was turned away.
    pub(crate) fn turn_away(&self, caller: SocketAddr, suspect: Option<PartyId>, why: PeerError) {
        tracing::warn!(%caller, "turned a caller away: it {why}");
        let mut turned = self.turned.lock().unwrap_or_else(PoisonError::into_inner);
        match suspect {
            Some(party) => drop(turned.suspects.insert(party, why)),
            None => turned.stranger = Some(format!("a caller from {caller} was turned away: it {why}")),
        }
    }

    /// Why `peer` is not there when the time is over.
    pub(crate) fn absence(&self, peer: PartyId, address: String, reason: String) -> Error {
        let turned = self.turned.lock().unwrap_or_else(PoisonError::into_inner);
        let why = turned.suspects.get(&peer).cloned().unwrap_or_else(|| {
            let stranger = turned.stranger.as_ref().map(|stranger| format!("; meanwhile {stranger}"));
            PeerError::Unreachable { address, reason: reason + &stranger.unwrap_or_default() }
        });
        self.names.blame(peer, why)
    }

    /// The caller's side: speak first.
    pub(crate) async fn call<S: AsyncRead + AsyncWrite + Unpin + ?Sized>(
        &self,
        stream: &mut S,
        peer: PartyId,
        proof: Option<&Proof>,
    ) -> Result<Passed, Refusal> {
        let session = self.session.clone().unwrap_or_default();
        let (frame, ours) = self.hello(peer, session).map_err(Refusal::Fatal)?;
        write_frame(stream, &frame).await.map_err(|_| PeerError::Closed)?;
        let theirs = match read_opening(stream).await {
            Ok(Opening::Hello(hello)) => hello,
            Ok(Opening::Back(_)) => return Err(self.fatal(peer, PeerError::Unexpected { kind: Kind::Resume })),
            Ok(Opening::Refusal(cause)) => {
                let name = self.names.get(peer).to_owned();
                return Err(Refusal::Fatal(Error::Aborted { by: peer, name, cause }));
            }
            Err(why @ (PeerError::Closed | PeerError::TimedOut { .. })) => return Err(why.into()),
            Err(why) => return Err(Refusal::Fatal(self.names.blame(peer, why))),
        };
        self.judge(&theirs).and_then(|()| same("sender", peer.0, theirs.from)).map_err(|why| self.fatal(peer, why))?;
        self.pass(&ours, theirs, proof)
    }

    /// The called side: hear who it is, answer, and only then judge, so that both ends know what differs.
    pub(crate) async fn answer<S: AsyncRead + AsyncWrite + Unpin + ?Sized>(
        &self,
        stream: &mut S,
        proof: Option<&Proof>,
    ) -> Result<Greeted, Refusal> {
        let theirs = match read_opening(stream).await {
            Ok(Opening::Hello(hello)) => hello,
            Ok(Opening::Back(presented)) => return self.welcome(stream, presented, proof).await,
            Ok(Opening::Refusal(_)) => return Err(PeerError::Unexpected { kind: Kind::Abort }.into()),
            Err(why) => {
                if let PeerError::BadFrame(FrameError::Version { theirs, .. }) = why {
                    // Should they not understand it, its header alone tells them that we speak another version.
                    self.explain(stream, &format!("wire version {theirs} meets {VERSION}; run the same release")).await;
                }
                return Err(why.into());
            }
        };
        let peer = PartyId(theirs.from);
        if let Some(proof) = proof.filter(|proof| proof.peer != peer) {
            let claimed = self.names.get(peer).to_owned();
            let owner = self.names.get(proof.peer);
            self.explain(stream, &format!("you say that you are {claimed} and show the certificate of {owner}")).await;
            return Err(self.fatal(proof.peer, IdentityError::Claims { claimed }.into()));
        }
        if let Some(cause) = self.closed.get() {
            if self.judge(&theirs).is_ok() {
                self.lines.restarted(peer, &theirs.session);
            }
            self.explain(stream, cause).await;
            return Err(PeerError::Unexpected { kind: Kind::Hello }.into());
        }
        let session = self.session.clone().unwrap_or_else(|| theirs.session.clone());
        let (frame, ours) = self.hello(peer, session).map_err(Refusal::Fatal)?;
        write_frame(stream, &frame).await.map_err(|_| PeerError::Closed)?;
        self.judge(&theirs).map_err(|why| self.fatal(peer, why))?;
        // Compute parties are called by those after them and by clients, the dealer by all compute parties.
        let computes = peer.index() < self.names.compute.len();
        let calls_us = match self.me.is_dealer() {
            true => computes,
            false => peer > self.me && (computes || self.names.is_client(peer)),
        };
        if !calls_us {
            return Err(PeerError::Unknown.into());
        }
        self.lines.restarted(peer, &theirs.session);
        self.pass(&ours, theirs, proof).map(Greeted::New)
    }

    /// The called side, where somebody asks for a link to come back.
    async fn welcome<S: AsyncRead + AsyncWrite + Unpin + ?Sized>(
        &self,
        stream: &mut S,
        presented: Presented,
        proof: Option<&Proof>,
    ) -> Result<Greeted, Refusal> {
        let cause = match self.lines.find(presented.id) {
            Found::Open { peer, key, link } => {
                let (frames, reply) = presented.verify(stream, &key, (self.me, peer), proof).await?;
                return Ok(Greeted::Back { link, frames, reply });
            }
            Found::Gone(cause) => Some(cause),
            Found::Unknown => None,
        };
        refuse(stream, cause.as_deref()).await;
        Err(PeerError::Unexpected { kind: Kind::Resume }.into())
    }

    /// Tells a caller why there will be no greeting.
    pub(crate) async fn explain<S: AsyncWrite + Unpin + ?Sized>(&self, stream: &mut S, cause: &str) {
        let frame = Frame { round: u64::from(self.me.0), ..Frame::text(Kind::Abort, cause) };
        // It is turned away in any case.
        let _ = write_frame(stream, &frame).await;
    }

    /// Compares what they said with what we would say.
    fn judge(&self, theirs: &Hello) -> Result<(), PeerError> {
        let find = |fields: &[(String, String)], key: &str| {
            fields.iter().find(|(k, _)| k == key).map_or(ABSENT.to_owned(), |(_, value)| value.clone())
        };
        for (key, _) in self.fields.iter().chain(&theirs.fields) {
            same(key, find(&self.fields, key), find(&theirs.fields, key))?;
        }
        if [self.me, PartyId(theirs.from)].iter().all(|end| end.index() < self.names.compute.len()) {
            for (key, _) in self.among_parties.iter().chain(&theirs.among_parties) {
                same(key, find(&self.among_parties, key), find(&theirs.among_parties, key))?;
            }
        }
        if let Some(session) = self.session.as_ref().filter(|_| !PartyId(theirs.from).is_dealer()) {
            same("session", session, &theirs.session)?;
        }
        same("receiver", self.me.0, theirs.to)
    }

    fn fatal(&self, peer: PartyId, why: PeerError) -> Refusal {
        Refusal::Fatal(self.names.blame(peer, why))
    }

    fn hello(&self, to: PartyId, session: String) -> Result<(Frame, Zeroizing<[u8; 32]>)> {
        let ours = random_32()?;
        let contribution = hex::encode(&*ours);
        let (fields, among_parties) = (self.fields.clone(), self.among_parties.clone());
        let grace = u64::try_from(self.grace.as_millis()).unwrap_or(u64::MAX);
        let hello = Hello { from: self.me.0, to: to.0, session, contribution, fields, grace, among_parties };
        let text = toml::to_string(&hello)
            .map_err(|e| Error::Io { what: "write a greeting".to_owned(), source: Arc::new(io::Error::other(e)) })?;
        Ok((Frame::text(Kind::Hello, &text), ours))
    }

    /// A greeting as it is said.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn sample(&self, to: PartyId) -> Option<Frame> {
        self.hello(to, "default".to_owned()).ok().map(|(frame, _)| frame)
    }

    fn pass(&self, ours: &[u8; 32], theirs: Hello, proof: Option<&Proof>) -> Result<Passed, Refusal> {
        let bad = PeerError::BadFrame(FrameError::BadText);
        let contribution = hex::decode_32(&theirs.contribution).map(Zeroizing::new).ok_or(bad)?;
        let peer = PartyId(theirs.from);
        let binding = proof.map(|proof| &*proof.binding);
        let secret = link_secret((self.me, ours), (peer, &contribution), binding);
        let grace = self.grace.min(Duration::from_millis(theirs.grace));
        Ok(Passed { peer, session: theirs.session, secret, grace })
    }
}

fn same<T: ToString>(field: &str, ours: T, theirs: T) -> Result<(), PeerError> {
    let (ours, theirs) = (ours.to_string(), theirs.to_string());
    if ours == theirs { Ok(()) } else { Err(PeerError::Handshake { field: field.to_owned(), ours, theirs }) }
}

/// What somebody says first.
enum Opening {
    /// Its greeting.
    Hello(Hello),
    /// That it asks for a link to come back.
    Back(Presented),
    /// The cause for which it refuses us.
    Refusal(String),
}

async fn read_opening<S: AsyncRead + Unpin + ?Sized>(stream: &mut S) -> Result<Opening, PeerError> {
    let head = read_head(stream, TEXT_LIMIT, HANDSHAKE).await?;
    if !matches!(head.kind, Kind::Hello | Kind::Abort | Kind::Resume) {
        return Err(PeerError::Unexpected { kind: head.kind });
    }
    let frame = read_body(stream, head, HANDSHAKE, None).await?;
    match frame.kind {
        Kind::Resume => read_presented(frame).map(Opening::Back),
        Kind::Abort => Ok(Opening::Refusal(frame.read_text()?)),
        _ => toml::from_str(&frame.read_text()?).map(Opening::Hello).map_err(|_| FrameError::BadText.into()),
    }
}

/// 32 bytes from the operating system.
pub(crate) fn random_32() -> Result<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|e| Error::Io {
        what: "get randomness".to_owned(),
        source: Arc::new(io::Error::other(e.to_string())),
    })?;
    Ok(bytes)
}
