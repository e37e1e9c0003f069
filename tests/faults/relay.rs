//! Somebody on every link: listens where the roster says, passes everything on to where the member really is, counts, and
//! does harm when its time has come.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::harm::{Harm, Member, Order, Way};

/// The mesh's own header: its length, where the kind is and where the body's length.
const HEAD: usize = 32;
const HELLO: u8 = 1;
const BYE: u8 = 6;
const PING: u8 = 7;
const RESUME: u8 = 9;
/// Where a connection is tried again.
const AGAIN: Duration = Duration::from_millis(5);

/// What all relays of a session share.
pub(crate) struct Watch {
    order: Option<Order>,
    tls: bool,
    /// Units by way, so far.
    counts: Mutex<BTreeMap<Way, usize>>,
    /// Ends a process at once.
    kill: Box<dyn Fn(Member) + Send + Sync>,
    done: Mutex<Option<Instant>>,
    over: AtomicBool,
}

impl Watch {
    pub(crate) fn new(order: Option<Order>, tls: bool, kill: impl Fn(Member) + Send + Sync + 'static) -> Arc<Self> {
        let (counts, done) = (Mutex::default(), Mutex::default());
        Arc::new(Self { order, tls, counts, kill: Box::new(kill), done, over: AtomicBool::new(false) })
    }

    /// When the harm was done.
    pub(crate) fn done(&self) -> Option<Instant> {
        *self.done.lock().unwrap()
    }

    pub(crate) fn counts(&self) -> BTreeMap<Way, usize> {
        self.counts.lock().unwrap().clone()
    }

    /// Lets the threads of the relays end.
    pub(crate) fn end(&self, listeners: &[SocketAddr]) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes them up.
        listeners.iter().for_each(|address| drop(TcpStream::connect(address)));
    }

    /// The harm that befalls the next unit of this way.
    fn next(&self, way: Way) -> Option<Harm> {
        let mut counts = self.counts.lock().unwrap();
        let count = counts.entry(way).or_default();
        let at = *count;
        *count += 1;
        let order = self.order.filter(|order| (order.way, order.at) == (way, at))?;
        let mut done = self.done.lock().unwrap();
        // A link that comes about anew has the same numbers once more.
        if done.is_some() {
            return None;
        }
        *done = Some(Instant::now());
        Some(order.harm)
    }
}

/// Listens for `owner`, who is really at `to`.
pub(crate) fn relay(listener: TcpListener, owner: Member, to: SocketAddr, watch: Arc<Watch>) {
    thread::spawn(move || {
        for near in listener.incoming().map_while(Result::ok) {
            if watch.over.load(Ordering::Relaxed) {
                return;
            }
            let watch = Arc::clone(&watch);
            thread::spawn(move || between(near, owner, to, &watch));
        }
    });
}

/// Carries one connection in both directions.
fn between(mut near: TcpStream, owner: Member, to: SocketAddr, watch: &Arc<Watch>) {
    let Some(first) = unit(&mut near, watch.tls) else { return };
    // Who calls is only known where it says so in the clear. Over TLS it is somebody: the last that we could name.
    let caller = if watch.tls { caller_of_records(owner) } else { caller_of(&first) };
    let Some(caller) = caller else { return };
    // It may be on its way still.
    let far = loop {
        match TcpStream::connect(to) {
            Ok(far) => break far,
            Err(_) if watch.over.load(Ordering::Relaxed) => return,
            Err(_) => thread::sleep(AGAIN),
        }
    };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let back = (far.try_clone().unwrap(), near.try_clone().unwrap());
    let shared = Arc::clone(watch);
    let answers = thread::spawn(move || carry(None, back.0, back.1, (owner, caller), &shared));
    carry(Some(first), near, far, (caller, owner), watch);
    let _ = answers.join();
}

/// Carries one direction, until it ends or is harmed.
fn carry(mut first: Option<Vec<u8>>, mut from: TcpStream, mut to: TcpStream, way: Way, watch: &Watch) {
    while let Some(bytes) = first.take().or_else(|| unit(&mut from, watch.tls)) {
        let counted = watch.tls || !matches!(bytes[5], PING | BYE | RESUME);
        let half = bytes.len() / 2;
        let sent = match if counted { watch.next(way) } else { None } {
            None => to.write_all(&bytes),
            Some(Harm::KillParty | Harm::KillDealer | Harm::KillGrace) => {
                (watch.kill)(way.0);
                return close(&from, &to);
            }
            Some(Harm::Drop | Harm::DropGrace | Harm::DropGraceTls) => return close(&from, &to),
            Some(Harm::DelayShort) => {
                thread::sleep(Harm::DELAY);
                to.write_all(&bytes)
            }
            Some(Harm::DelayLong | Harm::SilenceGrace) => return swallow(from),
            Some(Harm::Truncate | Harm::TruncateGrace) => {
                let _ = to.write_all(&bytes[..half.max(1)]);
                return close(&from, &to);
            }
            Some(Harm::TruncateTls) => {
                let length = (bytes.len() - 6) as u16;
                let mut short = bytes[..bytes.len() - 1].to_vec();
                short[3..5].copy_from_slice(&length.to_be_bytes());
                to.write_all(&short)
            }
            Some(Harm::Flip | Harm::FlipGrace) => {
                let mut bytes = bytes;
                *bytes.last_mut().unwrap() ^= 1;
                to.write_all(&bytes)
            }
            Some(Harm::Duplicate | Harm::DuplicateTls) => to.write_all(&bytes).and_then(|()| to.write_all(&bytes)),
            Some(Harm::CloseOneWay | Harm::CloseOneWayGrace) => {
                let _ = to.shutdown(Shutdown::Write);
                return swallow(from);
            }
        };
        if sent.is_err() {
            // The receiver is gone, which the sender must see.
            let _ = from.shutdown(Shutdown::Both);
            return;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

fn close(one: &TcpStream, other: &TcpStream) {
    // Either may be gone already.
    let _ = (one.shutdown(Shutdown::Both), other.shutdown(Shutdown::Both));
}

/// Reads on, and passes nothing on.
fn swallow(mut from: TcpStream) {
    let _ = std::io::copy(&mut from, &mut std::io::sink());
}

/// The next frame, or the next record of TLS; nothing at the end.
fn unit(from: &mut TcpStream, tls: bool) -> Option<Vec<u8>> {
    let head = if tls { 5 } else { HEAD };
    let mut bytes = vec![0; head];
    from.read_exact(&mut bytes).ok()?;
    let body = match tls {
        true => usize::from(u16::from_be_bytes([bytes[3], bytes[4]])),
        false => u64::from_le_bytes(bytes[24..32].try_into().unwrap()) as usize,
    };
    bytes.resize(head + body, 0);
    from.read_exact(&mut bytes[head..]).ok()?;
    Some(bytes)
}

/// Who says so in its greeting, or when its link comes back.
fn caller_of(first: &[u8]) -> Option<Member> {
    if first[5] == RESUME {
        return Some(Member::from_le_bytes(first.get(HEAD + 2..HEAD + 4)?.try_into().ok()?));
    }
    let text = String::from_utf8_lossy(first.get(HEAD + 8..)?);
    let from = text.lines().find_map(|line| line.strip_prefix("from = "))?;
    (first[5] == HELLO).then(|| from.trim().parse().ok())?
}

/// Over TLS all callers of somebody are one: the first party is called by the second, and the dealer by the first.
fn caller_of_records(owner: Member) -> Option<Member> {
    Some(if owner == super::harm::DEALER { 0 } else { owner + 1 })
}
