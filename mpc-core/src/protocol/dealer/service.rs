//! The dealer's side: answers requests until the parties are done. It sees addresses and shapes, never a message that
//! depends on data.
//!
//! # Memory
//! A worker for each party makes an answer when no more than [`Limits::queued_bytes`] wait to leave on that party's link. So
//! at most that, 1 MiB and one answer lie here for each party, and what it takes to make one answer, at most
//! [`Limits::request_elements`] elements of 8 bytes, and a mask of the answer before; and the list of the requests, some hundred bytes each.

mod answer;
#[cfg(test)]
mod tests;

use crate::{
    backend::{Cpu, Deals, exponential::Window},
    context::corrected,
    error::{Error, Result},
    fixed::Fixed,
    preprocessing::{Need, NeedKind, parse_needs},
    rand::{Prg, Seed},
    ring::Ring,
};
use answer::{Recent, Worker};
use mpc_comm::{Frame, Kind, Mesh, PartyId, PeerError, Postbox, SPANS};
use std::{
    cell::RefCell,
    marker::PhantomData,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Sender, channel, sync_channel},
    },
    thread,
};
use tracing::{debug_span, field::Empty, info_span};

/// What a dealer did in a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Requests answered.
    pub requests: u64,
    /// Bytes of corrections sent, to all parties together.
    pub bytes: u64,
    /// The most bytes that waited to leave for one party, at one time.
    pub queued: u64,
}

/// Hears, at every request and at the end, what a dealer has done in a session so far; it ends the session with an error.
pub type Watch<'a> = &'a mut dyn FnMut(&Served) -> Result<()>;

/// How much memory a session may take at its dealer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// An answer is made when no more bytes than this wait to leave for its party. Default 64 MiB.
    pub queued_bytes: u64,
    /// The most elements that it may take to answer one request, masks included. A larger one ends the session with
    /// [`Error::RequestTooLarge`]. Default 2^29, which is 4 GiB.
    pub request_elements: u64,
    /// The most requests that may wait, for all parties together. Default 2^20.
    pub waiting: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { queued_bytes: 64 << 20, request_elements: 1 << 29, waiting: 1 << 20 }
    }
}

/// What the workers of a session count.
#[derive(Debug, Default)]
struct Totals {
    bytes: AtomicU64,
    waiting: AtomicU64,
    /// Why a worker could not go on.
    fault: Mutex<Option<Error>>,
}

impl Totals {
    /// Notes why a worker cannot go on. The first cause stays.
    fn fail(&self, error: Error) {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    fn fault(&self) -> Option<Error> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Serves one session over a mesh in which this end is the dealer, until every party has said goodbye.
///
/// # Errors
/// [`Error::Setting`] for a wrong `MPC_CPU`; [`Error::Preprocessing`] for a malformed request or too many of them,
/// [`Error::RequestTooLarge`], and what keeps an answer from being made or sent, after telling the parties; [`Error::Io`] if a
/// thread cannot be started;
/// [`Error::Peer`] or [`Error::Aborted`] when a party leaves or gives up; what `watch` gives, after telling the parties.
pub fn serve<R: Ring>(mesh: Mesh, fixed: Fixed, prg: Prg, limits: &Limits, watch: Watch<'_>) -> Result<Served> {
    let cpu = Cpu::from_env()?;
    serve_on::<R, Cpu>(mesh, fixed, prg, limits, &|_| Ok(cpu.clone()), watch)
}

/// The same on any backend: `open` gives that of the thread that answers one party, and is called there.
///
/// # Errors
/// As [`serve`], what `open` gives, and [`Error::Device`] if a device fails, after telling the parties.
pub(crate) fn serve_on<R: Ring, B: Deals>(
    mut mesh: Mesh,
    fixed: Fixed,
    prg: Prg,
    limits: &Limits,
    open: &(dyn Fn(usize) -> Result<B> + Sync),
    watch: Watch<'_>,
) -> Result<Served> {
    let seeds: Arc<[Seed]> = mesh.peers().map(|peer| Seed::new(prg, mesh.link_secret(peer))).collect();
    let postboxes: Vec<Postbox> = mesh.peers().map(|peer| mesh.postbox(peer)).collect::<Result<_, _>>()?;
    let (totals, mut requests) = (Totals::default(), 0);
    let span = info_span!(
        target: SPANS,
        "session",
        party = mesh.name(PartyId::DEALER),
        session = mesh.session(),
        requests = Empty,
        dealt = Empty,
        failed = Empty
    );
    let inside = span.enter();
    let served = |requests| Served {
        requests,
        bytes: totals.bytes.load(Ordering::Relaxed),
        queued: postboxes.iter().map(Postbox::most).max().unwrap_or(0),
    };
    let result = thread::scope(|scope| {
        let mut desks = Vec::with_capacity(seeds.len());
        let start = |(receiver, postbox): (usize, &Postbox)| {
            let (desk, batches) = channel();
            let (ready, opened) = sync_channel(1);
            let (seeds, postbox, totals, span) = (seeds.clone(), postbox.clone(), &totals, &span);
            let work = move || {
                let backend = match open(receiver) {
                    Ok(backend) => backend,
                    Err(error) => return drop(ready.send(Err(error))),
                };
                // Whoever started this thread waits for it.
                let _ = ready.send(Ok(()));
                let worker = Worker::<R, B> {
                    span,
                    receiver,
                    seeds,
                    fixed,
                    backend,
                    postbox,
                    queued_bytes: limits.queued_bytes,
                    totals,
                    outbox: Vec::new(),
                    gathered: 0,
                    recent: RefCell::new(Recent::None),
                    ring: PhantomData,
                };
                worker.run(&batches);
            };
            let started = thread::Builder::new().name(format!("dealer-{receiver}")).spawn_scoped(scope, work);
            started.map_err(|source| Error::Io {
                what: "starting a thread of the dealer".into(),
                source: Arc::new(source),
            })?;
            desks.push(desk);
            opened.recv().unwrap_or_else(|_| Err(Error::Preprocessing("a thread of the dealer has ended".into())))
        };
        let result = postboxes.iter().enumerate().try_for_each(start).and_then(|()| {
            let dispatch = Dispatch { desks: &desks, fixed, ring_bits: R::BITS, limits, totals: &totals };
            dispatch.listen(&mut mesh, &mut |count| {
                requests += count;
                watch(&served(requests))
            })
        });
        // A worker that fails ends what was heard here. The parties are told before the other workers are waited for.
        let result = totals.fault().map_or(result, Err);
        tell(&mesh, &result);
        // Whoever waits for a party to read stops waiting, and the scope waits for what is being made.
        postboxes.iter().for_each(Postbox::close);
        drop(desks);
        result
    });
    // One that has failed since.
    let result = totals.fault().map_or(result, Err);
    tell(&mesh, &result);
    mesh.finish();
    let served = served(requests);
    span.record("requests", served.requests).record("dealt", served.bytes).record("failed", result.is_err());
    drop(inside);
    result?;
    watch(&served)?;
    Ok(served)
}

/// Tells the parties what ends the session, if they do not know.
fn tell(mesh: &Mesh, result: &Result<()>) {
    match result {
        Ok(()) | Err(Error::Peer { .. } | Error::Aborted { .. }) => {}
        Err(error) => mesh.abort(&error.for_others()),
    }
}

/// Hears requests and hands each to the worker of the party that is to be corrected.
struct Dispatch<'a> {
    desks: &'a [Sender<Vec<Need>>],
    fixed: Fixed,
    ring_bits: u32,
    limits: &'a Limits,
    totals: &'a Totals,
}

impl Dispatch<'_> {
    /// Until every party has said goodbye. `count` hears how many requests have come.
    fn listen(&self, mesh: &mut Mesh, count: &mut dyn FnMut(u64) -> Result<()>) -> Result<()> {
        loop {
            match mesh.recv_any() {
                Ok((from, frame)) => count(self.hear(from, frame)?)?,
                Err(mpc_comm::Error::Peer { kind: PeerError::Finished, .. }) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn hear(&self, from: PartyId, frame: Frame) -> Result<u64> {
        if frame.kind != Kind::Request {
            return Err(Error::Preprocessing(format!("{from} sent the dealer a frame of kind {:?}", frame.kind)));
        }
        let parties = self.desks.len();
        let span = debug_span!(target: SPANS, "request", from = from.index(), needs = Empty).entered();
        let needs = parse_needs(frame.into_body(), parties)?;
        span.record("needs", needs.len());
        needs.iter().try_for_each(|need| self.check(need))?;
        let (count, asked_for_nothing) = (needs.len() as u64, needs.is_empty());
        let waiting = self.totals.waiting.fetch_add(count, Ordering::Relaxed) + count;
        if waiting > self.limits.waiting {
            let limit = self.limits.waiting;
            return Err(Error::Preprocessing(format!("{waiting} requests wait, and this dealer keeps up to {limit}")));
        }
        let mut batches = vec![Vec::new(); parties];
        for need in needs {
            batches[corrected(need.op, parties)].push(need);
        }
        for (desk, batch) in self.desks.iter().zip(batches) {
            if asked_for_nothing || !batch.is_empty() {
                // A worker ends only when its link does, and then so does the session.
                let _ = desk.send(batch);
            }
        }
        Ok(count)
    }

    /// Whether this dealer can and will answer it.
    fn check(&self, need: &Need) -> Result<()> {
        let refuse = |what: &str| Err(Error::Preprocessing(format!("request of op {}: {what}", need.op)));
        let (elements, limit) = (need.elements(self.ring_bits), self.limits.request_elements);
        match &need.kind {
            _ if elements > limit => Err(Error::RequestTooLarge { op: need.op, elements, limit }),
            NeedKind::TruncateOpened { bits, .. }
            | NeedKind::TruncateMasked { bits, .. }
            | NeedKind::ChoiceTruncated { bits, .. }
                if *bits >= self.ring_bits =>
            {
                refuse("more bits dropped than there are")
            }
            NeedKind::TruncateByBit { .. } if self.desks.len() != 2 => {
                refuse("a two-party truncation among more parties")
            }
            NeedKind::Waves { period_log2, .. } if period_log2 + self.fixed.bits() > 62 => {
                refuse("a period beyond the ring")
            }
            NeedKind::Decays { window, from, .. }
                if !(Window { log2: *window, from: *from }.is_sound(self.ring_bits)) =>
            {
                refuse("a window of exponents beyond the ring")
            }
            _ => Ok(()),
        }
    }
}
