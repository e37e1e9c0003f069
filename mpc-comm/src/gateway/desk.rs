//! The desk between guests and a server's program: what waits, what runs, what is kept for whom. All of it has limits.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::{Span, debug_span, field::Empty};

use super::limits::{Held, Limits, Taken};
use super::{Ask, Part, Refused, Reply, RequestId};
use crate::{SPANS, Words};

/// The first pause before a request that other servers lacked is proposed again; it doubles each time.
const AGAIN: Duration = Duration::from_millis(10);
/// The longest.
const LATEST: Duration = Duration::from_secs(2);

type Deliver = Box<dyn FnOnce(Reply) + Send>;

/// Where a request is in its life.
enum State {
    Waiting,
    Running,
    Stored { reply: Reply, until: Instant },
}

struct Entry {
    held: Held,
    /// Until it is taken.
    part: Option<Part>,
    state: State,
    /// Its place in the queue.
    number: u64,
    since: Instant,
    /// It is not proposed before this.
    ready: Instant,
    tries: u32,
    /// Who waits for the answer right now: the visit, and the way to it.
    listener: Option<(u64, Deliver)>,
    bytes: usize,
    /// From its arrival to its answer.
    span: Span,
}

#[derive(Default)]
struct Book {
    entries: HashMap<RequestId, Entry>,
    queue: BTreeMap<u64, RequestId>,
    by_guest: HashMap<String, usize>,
    bytes: usize,
    next: u64,
    /// Nothing new is taken on.
    draining: bool,
    closed: bool,
}

/// The desk of one server. Guests' ends hand in and fetch; the program proposes, confirms, takes and answers.
pub struct Desk {
    limits: Limits,
    book: Mutex<Book>,
    news: Condvar,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let book = self.book();
        f.debug_struct("Desk")
            .field("requests", &book.entries.len())
            .field("closed", &book.closed)
            .finish_non_exhaustive()
    }
}

impl Book {
    /// Closed, or draining with nothing left that waits or runs. What is kept for a receiver is not waited for.
    fn is_over(&self) -> bool {
        let at_work = |entry: &Entry| !matches!(entry.state, State::Stored { .. });
        self.closed || self.draining && !self.entries.values().any(at_work)
    }

    fn remove(&mut self, id: RequestId) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        self.queue.remove(&entry.number);
        self.bytes -= entry.bytes;
        if let Some(count) = self.by_guest.get_mut(&entry.held.guest) {
            *count -= 1;
            if *count == 0 {
                self.by_guest.remove(&entry.held.guest);
            }
        }
        Some(entry)
    }

    /// Ends a request: with its listener the answer leaves, and without one it is kept if it is for somebody else.
    fn end(&mut self, id: RequestId, reply: Reply, keep: Duration) -> Option<(Deliver, Reply)> {
        let entry = self.entries.get_mut(&id)?;
        let outcome = if let Reply::Result { .. } = &reply { "answered" } else { "refused" };
        std::mem::replace(&mut entry.span, Span::none()).record("outcome", outcome);
        match entry.listener.take() {
            Some((_, deliver)) => {
                self.remove(id);
                Some((deliver, reply))
            }
            None if entry.held.receiver.is_some() => {
                let bytes = if let Reply::Result { words, .. } = &reply { 8 * words.len() } else { 0 };
                self.bytes = self.bytes + bytes - entry.bytes;
                entry.bytes = bytes;
                entry.part = None;
                entry.state = State::Stored { reply, until: Instant::now() + keep };
                self.queue.remove(&entry.number);
                None
            }
            None => {
                self.remove(id);
                None
            }
        }
    }
}

impl Desk {
    /// An empty desk.
    pub fn new(limits: Limits) -> Desk {
        Desk { limits, book: Mutex::default(), news: Condvar::new() }
    }

    /// What it takes on.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A guest's request. The answer goes to `deliver` if the guest itself is the receiver, and is kept otherwise. `visit`
    /// names the connection, for [`gone`](Desk::gone).
    ///
    /// # Errors
    /// Why it is not taken; `deliver` is then not called.
    pub fn hand_in(
        &self,
        guest: &str,
        visit: u64,
        ask: Ask,
        deliver: impl FnOnce(Reply) + Send + 'static,
    ) -> Result<(), Refused> {
        let Limits { shape, rows, per_guest, requests, bytes, .. } = &self.limits;
        let long = |sizes: &[usize]| sizes.iter().map(|&size| size as u64).collect::<Vec<_>>();
        let fits = ask.shape.split_first().is_some_and(|(found, rest)| (1..=*rows).contains(found) && rest == shape);
        if !fits {
            return Err(Refused::Shape { found: long(&ask.shape), expected: long(shape), rows: *rows as u64 });
        }
        let expected = ask.shape[0] * self.limits.elements();
        if let Part::Words(words) = &ask.part
            && words.len() != expected
        {
            return Err(Refused::Length { found: words.len() as u64, expected: expected as u64 });
        }
        let own = if let Part::Words(words) = &ask.part { 8 * words.len() } else { 32 };
        self.sweep();
        let mut book = self.book();
        if book.closed || book.draining {
            return Err(Refused::Stopped);
        }
        if book.entries.contains_key(&ask.id) {
            return Err(Refused::Duplicate);
        }
        if book.by_guest.get(guest).is_some_and(|count| count >= per_guest) {
            return Err(Refused::TooMany { limit: *per_guest as u64 });
        }
        if book.entries.len() >= *requests || book.bytes + own > *bytes {
            return Err(Refused::Busy);
        }
        let (number, now) = (book.next, Instant::now());
        book.next += 1;
        book.bytes += own;
        *book.by_guest.entry(guest.to_owned()).or_default() += 1;
        book.queue.insert(number, ask.id);
        let listener = ask.receiver.is_none().then(|| (visit, Box::new(deliver) as Deliver));
        let held = Held { guest: guest.to_owned(), receiver: ask.receiver, rows: ask.shape[0] };
        let span =
            debug_span!(target: SPANS, parent: None, "guest", request = ?ask.id, rows = held.rows, outcome = Empty);
        let entry = Entry {
            held,
            part: Some(ask.part),
            state: State::Waiting,
            number,
            since: now,
            ready: now,
            tries: 0,
            listener,
            bytes: own,
            span,
        };
        book.entries.insert(ask.id, entry);
        drop(book);
        self.news.notify_all();
        Ok(())
    }

    /// A guest fetches an answer that is for it: `deliver` gets it, now or when it is there.
    ///
    /// # Errors
    /// Why it does not; `deliver` is then not called.
    pub fn fetch(
        &self,
        guest: &str,
        visit: u64,
        id: RequestId,
        deliver: impl FnOnce(Reply) + Send + 'static,
    ) -> Result<(), Refused> {
        self.sweep();
        let mut book = self.book();
        let entry = book.entries.get_mut(&id);
        let entry = entry.filter(|entry| entry.held.receiver.as_deref() == Some(guest)).ok_or(Refused::NotHere)?;
        if entry.listener.is_some() {
            return Err(Refused::Awaited);
        }
        if let State::Stored { reply, .. } = &entry.state {
            let reply = reply.clone();
            book.remove(id);
            drop(book);
            deliver(reply);
            return Ok(());
        }
        entry.listener = Some((visit, Box::new(deliver)));
        Ok(())
    }

    /// Whether this connection waits for an answer.
    pub fn listens(&self, visit: u64) -> bool {
        let its = |entry: &Entry| entry.listener.as_ref().is_some_and(|(other, _)| *other == visit);
        self.book().entries.values().any(its)
    }

    /// A connection is over: what it alone asked for and what does not run yet is forgotten.
    pub fn gone(&self, visit: u64) {
        let mut book = self.book();
        let its: Vec<RequestId> = book
            .entries
            .iter()
            .filter(|(_, entry)| entry.listener.as_ref().is_some_and(|(other, _)| *other == visit))
            .map(|(id, _)| *id)
            .collect();
        for id in its {
            let Some(entry) = book.entries.get_mut(&id) else { continue };
            entry.listener = None;
            if entry.held.receiver.is_none() && matches!(entry.state, State::Waiting) {
                book.remove(id);
            }
        }
    }

    /// Which requests to run next: those that wait longest, up to `rows` inputs and `most` requests. Returns when there are
    /// as many, when one has waited for `patience`, or with none when nothing has come for `beat` or the desk is closed.
    pub fn propose(&self, rows: usize, most: usize, patience: Duration, beat: Duration) -> Vec<RequestId> {
        let deadline = Instant::now() + beat;
        loop {
            self.sweep();
            let book = self.book();
            let now = Instant::now();
            if book.is_over() || now >= deadline {
                return Vec::new();
            }
            let (mut chosen, mut total, mut full, mut wake) = (Vec::new(), 0, false, deadline);
            for id in book.queue.values() {
                let Some(entry) = book.entries.get(id) else { continue };
                if entry.ready > now {
                    wake = wake.min(entry.ready);
                    continue;
                }
                full = total + entry.held.rows > rows || chosen.len() == most;
                if full {
                    break;
                }
                total += entry.held.rows;
                chosen.push(*id);
                wake = wake.min(entry.ready + patience);
            }
            if !chosen.is_empty() && (full || total == rows || chosen.len() == most || wake <= now) {
                return chosen;
            }
            let wait = wake.saturating_duration_since(now);
            drop(self.news.wait_timeout(book, wait).unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// What this server holds of these; from now on nobody withdraws it.
    pub fn confirm(&self, ids: &[RequestId]) -> Vec<Option<Held>> {
        self.sweep();
        let book = &mut *self.book();
        let confirm = |id: &RequestId| {
            let entry = book.entries.get_mut(id).filter(|entry| matches!(entry.state, State::Waiting))?;
            entry.state = State::Running;
            book.queue.remove(&entry.number);
            Some(entry.held.clone())
        };
        ids.iter().map(confirm).collect()
    }

    /// The share of a confirmed request, once.
    pub fn take(&self, id: RequestId) -> Option<Taken> {
        let book = &mut *self.book();
        let entry = book.entries.get_mut(&id).filter(|entry| matches!(entry.state, State::Running))?;
        book.bytes -= entry.bytes;
        entry.bytes = 0;
        Some(Taken { rows: entry.held.rows, part: entry.part.take()? })
    }

    /// A confirmed request waits again: another server lacks it.
    pub fn put_back(&self, id: RequestId) {
        let book = &mut *self.book();
        let running = book.entries.get_mut(&id).filter(|entry| matches!(entry.state, State::Running));
        let Some(entry) = running else { return };
        if entry.listener.is_none() && entry.held.receiver.is_none() {
            book.remove(id);
            return;
        }
        entry.state = State::Waiting;
        entry.ready = Instant::now() + AGAIN.saturating_mul(1 << entry.tries.min(16)).min(LATEST);
        entry.tries += 1;
        book.queue.insert(entry.number, id);
    }

    /// Turns a request down.
    pub fn refuse(&self, id: RequestId, why: Refused) {
        self.end(id, Reply::Refused(why));
    }

    /// Answers a request that has run.
    pub fn answer(&self, id: RequestId, shape: Vec<usize>, words: Words) {
        self.end(id, Reply::Result { shape, words });
    }

    fn end(&self, id: RequestId, reply: Reply) {
        let ended = self.book().end(id, reply, self.limits.keep);
        // Without the lock: nobody knows what it does.
        if let Some((deliver, reply)) = ended {
            deliver(reply);
        }
    }

    /// Forgets what has waited or was kept for too long. [`Gateway`](super::Gateway)s call it now and then.
    pub fn sweep(&self) {
        let (now, Limits { timeout, keep, .. }) = (Instant::now(), &self.limits);
        let seconds = timeout.as_secs();
        let mut book = self.book();
        let over = |entry: &Entry| match &entry.state {
            State::Waiting => now.duration_since(entry.since) > *timeout,
            State::Running => false,
            State::Stored { until, .. } => now > *until,
        };
        let late: Vec<RequestId> = book.entries.iter().filter(|(_, entry)| over(entry)).map(|(id, _)| *id).collect();
        let mut ended = Vec::new();
        for id in late {
            match book.entries.get(&id).map(|entry| &entry.state) {
                Some(State::Waiting) => ended.extend(book.end(id, Reply::Refused(Refused::Expired { seconds }), *keep)),
                _ => drop(book.remove(id)),
            }
        }
        drop(book);
        ended.into_iter().for_each(|(deliver, reply)| deliver(reply));
    }

    /// Takes nothing new on. It counts as closed as soon as what is here has been answered, was withdrawn or has expired.
    pub fn drain(&self) {
        self.book().draining = true;
        self.news.notify_all();
    }

    /// Takes nothing on any more, and refuses what is here.
    pub fn close(&self) {
        let mut book = self.book();
        book.closed = true;
        let entries: Vec<Entry> = book.entries.drain().map(|(_, entry)| entry).collect();
        (book.bytes, book.queue, book.by_guest) = (0, BTreeMap::new(), HashMap::new());
        drop(book);
        self.news.notify_all();
        let listeners = entries.into_iter().filter_map(|entry| entry.listener);
        listeners.for_each(|(_, deliver)| deliver(Reply::Refused(Refused::Stopped)));
    }

    /// Whether it is closed, or has been [drained](Desk::drain).
    pub fn is_closed(&self) -> bool {
        self.book().is_over()
    }

    /// Requests that are here: waiting, running or kept.
    pub fn requests(&self) -> usize {
        self.book().entries.len()
    }

    /// Bytes of shares that wait and of answers that are kept.
    pub fn bytes(&self) -> usize {
        self.book().bytes
    }
}

#[cfg(test)]
mod tests;
