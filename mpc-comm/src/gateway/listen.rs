//! A server's door: hears guests, and puts what they ask on the desk.
//!
//! A guest that says nothing, says it slowly, says garbage, or reads no answers loses its own connection and nothing else.
//! What is held of it is bounded: one request at a time while it arrives, what the desk's limits allow while it waits, and
//! answers for that.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{interval, sleep, timeout};

use super::message::{Hello, VERSION, Welcome, greeting, read_greeting};
use super::visiting::Visiting;
use super::{Desk, Guest, Offer, Refused, Service};
use crate::connect::Tasks;
use crate::engine::Engine;
use crate::handshake::HANDSHAKE;
use crate::link::{read_body, read_head, write_frame};
use crate::stream::{Duplex, dismiss};
use crate::tls::{FIRST_BYTE, Tls};
use crate::{ConfigError, ConfigProblem, Error, Identity, Options, PartyId, PeerError, Result};

/// Greetings that are heard at the same time.
const CALLERS: usize = 128;
/// Guests that are connected at the same time.
const VISITS: usize = 1024;
/// How often what is too old is swept from the desk.
const SWEEP: Duration = Duration::from_secs(1);
/// How long answers may take to leave when the gateway closes.
const CLOSING: Duration = Duration::from_secs(2);

/// A server's listener for guests. Dropping it ends all visits; [`close`](Gateway::close) lets answers leave first.
pub struct Gateway {
    address: SocketAddr,
    desk: Arc<Desk>,
    house: Arc<House>,
    _tasks: Tasks,
    _engine: Arc<Engine>,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What all visits share.
pub(super) struct House {
    pub(super) desk: Arc<Desk>,
    list: Mutex<Arc<List>>,
    identity: Option<Identity>,
    offer: Offer,
    pub(super) timeout: Duration,
    pub(super) visits: AtomicU64,
    /// Connections by guest.
    present: Mutex<HashMap<String, usize>>,
}

/// Who may come, and how they prove who they are.
pub(super) struct List {
    service: Service,
    tls: Option<Tls>,
}

impl List {
    fn new(service: &Service, identity: Option<&Identity>) -> Result<Arc<List>> {
        service.validate("service")?;
        let tls = identity.map(|identity| Tls::beside(PartyId::DEALER, service.guest_pins(), identity)).transpose()?;
        Ok(Arc::new(List { service: service.clone(), tls }))
    }

    pub(super) fn guest(&self, name: &str) -> Option<&Guest> {
        self.service.guest(name)
    }
}

/// Exchanges a gateway's list of guests while it is open. Clones are the same.
#[derive(Clone)]
pub struct GuestList(Weak<House>);

impl fmt::Debug for GuestList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuestList").finish_non_exhaustive()
    }
}

impl GuestList {
    /// From now on these guests may come. Whatever one asks that is not among them any more, or has another
    /// certificate now, is refused, also over a connection of before; what it has asked before is answered. Nothing happens once the gateway is closed.
    ///
    /// # Errors
    /// [`Error::Config`] for guests that do not go together; those of before stay.
    pub fn replace(&self, guests: Vec<Guest>) -> Result<()> {
        let Some(house) = self.0.upgrade() else { return Ok(()) };
        let service = Service { guests, ..house.list().service.clone() };
        *house.list.lock().unwrap_or_else(PoisonError::into_inner) = List::new(&service, house.identity.as_ref())?;
        Ok(())
    }
}

impl Gateway {
    /// Listens for guests of server `me`, at its gateway in the service or at `options.bind`. Of the options, those count
    /// that say how we prove who we are.
    ///
    /// # Errors
    /// [`Error::Config`] for an unsound service, one in which `me` is no server, or one that is not all on this machine
    /// and pins no certificates without `options.allow_plaintext`; [`Error::Io`] when it cannot listen.
    pub fn open(service: &Service, me: PartyId, offer: Offer, desk: Arc<Desk>, options: &Options) -> Result<Gateway> {
        let list = List::new(service, options.identity.as_ref())?;
        let Some(address) = service.gateways.get(me.index()) else {
            let problem = ConfigProblem::Bad { found: format!("without {me}"), expected: "a server's number" };
            return Err(ConfigError { file: "service".to_owned(), key: "compute".to_owned(), problem }.into());
        };
        if options.identity.is_none() {
            check_plaintext(service, options.allow_plaintext)?;
        }
        let engine = Engine::start()?;
        let address = options.bind.map_or_else(|| address.clone(), |bind| bind.to_string());
        let bound = || {
            let listener = StdListener::bind(&address)?;
            listener.set_nonblocking(true)?;
            let _inside = engine.handle().enter();
            TcpListener::from_std(listener)
        };
        let failed = |source| Error::Io { what: format!("listen on {address}"), source: Arc::new(source) };
        let listener = bound().map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let house = Arc::new(House {
            timeout: desk.limits().timeout,
            desk: Arc::clone(&desk),
            list: Mutex::new(list),
            identity: options.identity.clone(),
            offer,
            visits: AtomicU64::new(0),
            present: Mutex::default(),
        });
        let hearing = engine.handle().spawn(hear_all(listener, Arc::clone(&house)));
        let sweeping = Arc::clone(&desk);
        let sweeping = engine.handle().spawn(async move {
            let mut ticks = interval(SWEEP);
            loop {
                ticks.tick().await;
                sweeping.sweep();
            }
        });
        let tasks = Tasks(vec![hearing.abort_handle(), sweeping.abort_handle()]);
        Ok(Gateway { address, desk, house, _tasks: tasks, _engine: engine })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The list of those who may come, to exchange it.
    pub fn guest_list(&self) -> GuestList {
        GuestList(Arc::downgrade(&self.house))
    }

    /// Guests that are connected.
    pub fn guests(&self) -> usize {
        self.house.present().values().sum()
    }

    /// Closes the desk, and waits up to 2 s until the guests have what was said to them last and have left.
    pub fn close(self) {
        self.desk.close();
        let deadline = Instant::now() + CLOSING;
        while self.guests() > 0 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// That nothing crosses a network in the clear unasked.
pub(super) fn check_plaintext(service: &Service, allowed: bool) -> Result<()> {
    let error = |file: &str, key: &str, problem| ConfigError { file: file.to_owned(), key: key.to_owned(), problem };
    if service.roster.pins() && !allowed {
        return Err(error("options", "identity", ConfigProblem::NoIdentity).into());
    }
    if !service.is_loopback() {
        let address = service.gateways.join(", ");
        if !allowed {
            return Err(error("service", "gateway", ConfigProblem::Plaintext { address }).into());
        }
        tracing::warn!(%address, "GUESTS ARE NOT ENCRYPTED: whoever can listen at all servers learns what they ask");
    }
    Ok(())
}

/// Hears all callers, each at its own pace. As at a mesh, callers that say nothing keep nobody out.
async fn hear_all(listener: TcpListener, house: Arc<House>) {
    let (mut greetings, mut queue) = (JoinSet::new(), VecDeque::<AbortHandle>::new());
    let mut visits = JoinSet::new();
    loop {
        let (stream, caller) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a guest's connection");
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            Some(greeted) = greetings.join_next() => {
                if let Ok(Some(visit)) = greeted {
                    visits.spawn(Visiting::run(visit, Arc::clone(&house)));
                }
                while visits.try_join_next().is_some() {}
                continue;
            }
        };
        queue.retain(|greeting| !greeting.is_finished());
        if queue.len() >= CALLERS
            && let Some(oldest) = queue.pop_front()
        {
            oldest.abort();
        }
        let house = Arc::clone(&house);
        queue.push_back(greetings.spawn(async move {
            match timeout(HANDSHAKE, house.greet(stream)).await {
                Ok(Ok(visit)) => Some(visit),
                Ok(Err(PeerError::Refused(why))) => {
                    tracing::warn!(%caller, "turned a guest away: {why}");
                    None
                }
                Ok(Err(why)) => {
                    tracing::warn!(%caller, "turned a guest away: it {why}");
                    None
                }
                Err(_) => {
                    tracing::warn!(%caller, "turned a guest away: it did not say who it is");
                    None
                }
            }
        }));
    }
}

/// Counts a guest's connection as long as it lives.
pub(super) struct Present {
    guest: String,
    house: Arc<House>,
}

impl Drop for Present {
    fn drop(&mut self) {
        let mut present = self.house.present();
        if let Some(count) = present.get_mut(&self.guest) {
            *count -= 1;
            if *count == 0 {
                present.remove(&self.guest);
            }
        }
    }
}

impl House {
    fn present(&self) -> std::sync::MutexGuard<'_, HashMap<String, usize>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who may come now.
    pub(super) fn list(&self) -> Arc<List> {
        Arc::clone(&self.list.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn greet(self: &Arc<Self>, stream: TcpStream) -> Result<Visiting, PeerError> {
        let list = self.list();
        stream.set_nodelay(true).map_err(|_| PeerError::Closed)?;
        let mut first = [0];
        stream.peek(&mut first).await.map_err(|_| PeerError::Closed)?;
        let (mut stream, proved): (Box<dyn Duplex>, _) = match (&list.tls, first == [FIRST_BYTE]) {
            (Some(tls), true) => {
                let (stream, proof) = tls.answer(stream).await.map_err(|(_, why)| why)?;
                (stream, list.service.guests.get(proof.peer.index()))
            }
            (None, false) => (Box::new(stream), None),
            (Some(_), false) => return Err(crate::IdentityError::NoTls.into()),
            (None, true) => return Err(crate::IdentityError::OnlyTls.into()),
        };
        let head = read_head(&mut *stream, 0, HANDSHAKE).await?;
        let frame = read_body(&mut *stream, head, HANDSHAKE, None).await?;
        let hello = read_greeting::<Hello>(frame).filter(|hello| hello.version == VERSION);
        let refused = match (hello, proved) {
            (None, _) => Refused::Malformed,
            (Some(hello), Some(proved)) if hello.name != proved.name => Refused::Guest { name: hello.name },
            (Some(hello), _) => match list.guest(&hello.name) {
                None => Refused::Guest { name: hello.name },
                Some(guest) => match self.let_in(&guest.name) {
                    Err(refused) => refused,
                    Ok(present) => {
                        let welcome = greeting(&Welcome::Offer(self.offer.clone()));
                        write_frame(&mut *stream, &welcome).await.map_err(|_| PeerError::Closed)?;
                        return Ok(Visiting::new(guest.clone(), stream, present));
                    }
                },
            },
        };
        let told = greeting(&Welcome::Refused(refused.clone()));
        write_frame(&mut *stream, &told).await.map_err(|_| PeerError::Closed)?;
        dismiss(&mut *stream).await;
        Err(refused.into())
    }

    fn let_in(self: &Arc<Self>, guest: &str) -> Result<Present, Refused> {
        let mut present = self.present();
        let limit = self.desk.limits().per_guest;
        if self.desk.is_closed() {
            return Err(Refused::Stopped);
        }
        if present.values().sum::<usize>() >= VISITS {
            return Err(Refused::Busy);
        }
        let count = present.entry(guest.to_owned()).or_default();
        if *count >= limit {
            return Err(Refused::TooMany { limit: limit as u64 });
        }
        *count += 1;
        Ok(Present { guest: guest.to_owned(), house: Arc::clone(self) })
    }
}
