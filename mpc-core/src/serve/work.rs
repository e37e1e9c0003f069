//! The servers' loop: agree on a batch, run it, hand out shares.

use super::{
    agree::{Proposal, Verdict, decide, propose},
    shares::expand,
};
use crate::{
    error::{Error, Result},
    ring::Ring,
    session::{OwnShare, Session},
    shape::Shape,
    tensor::Tensor,
    visibility::Secret,
};
use mpc_comm::{
    SPANS,
    gateway::{Desk, Offer, Refused, RequestId},
};
use std::{
    panic::Location,
    time::{Duration, Instant},
};
use tracing::{Instrument, Span, debug_span, field::Empty};

/// Where the program serves, for the ledger.
type Line = &'static Location<'static>;

/// How servers work. Equal at all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Serving {
    /// What is served, for people.
    pub model: String,
    /// The most inputs in a batch. Default 16. A request may not have more.
    pub max_batch: usize,
    /// How long a request waits for others to join it. Default 5 ms.
    pub max_wait: Duration,
    /// Stop after so many requests. Default never.
    pub requests: Option<u64>,
    /// Inputs must be below this in magnitude: checked on shares, at the cost of two comparisons an element, and whoever
    /// does not keep it is refused. Default no check: such inputs give wrong results to who sent them.
    pub range: Option<f64>,
    /// Without requests, the servers hear of each other this often. Default 10 s; less than the round time-out.
    pub beat: Duration,
}

impl Default for Serving {
    fn default() -> Self {
        Self {
            model: "a model".to_owned(),
            max_batch: 16,
            max_wait: Duration::from_millis(5),
            requests: None,
            range: None,
            beat: Duration::from_secs(10),
        }
    }
}

impl Serving {
    /// What guests are told: for the gateway of this server.
    pub fn offer(&self, s: &Session, desk: &Desk) -> Offer {
        let limits = desk.limits();
        Offer {
            model: self.model.clone(),
            shape: limits.shape.iter().map(|&size| size as u64).collect(),
            rows: limits.rows.min(self.max_batch) as u64,
            fraction_bits: s.runtime().engine().fixed().bits(),
            ring: u64::NAME.to_owned(),
            servers: s.names().to_vec(),
        }
    }
}

/// What a server has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Requests that ran.
    pub requests: u64,
    /// Batches they ran in.
    pub batches: u64,
    /// Requests that the servers refused together.
    pub refused: u64,
}

/// Closes the desk whatever happens: guests must not wait for servers that have stopped.
struct Closing<'a>(&'a Desk);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Serves a model to guests until some server's desk is closed, or so many requests have run.
///
/// `model` gets a batch `[rows, ...]` and gives a result `[rows, ...]`. It must treat rows independently, as models do that
/// are not being trained: rows belong to different guests. Everything is recorded without a tape. All servers call this at
/// the same place of their program, with equal settings, each with its own desk.
///
/// A batch costs 2 rounds for the agreement, `8 (2 max_batch + N)` and `16 N` bytes for each request in it to each server, and
/// what the model costs; the openings of its weights are made by the first batch alone.
///
/// # Errors
/// [`Error::Setting`] for settings that do not fit each other, with a protocol without additive shares, and in a session with
/// clients, which could not last; whatever the model or the session fails with. Guests are then told that the servers have
/// stopped.
#[track_caller]
pub fn serve<F, Fut>(s: &Session, desk: &Desk, how: &Serving, model: F) -> impl Future<Output = Result<Served>>
where
    F: FnMut(Tensor<Secret>) -> Fut,
    Fut: Future<Output = Result<Tensor<Secret>>>,
{
    work(s, desk, how, model, Location::caller())
}

async fn work<F, Fut>(s: &Session, desk: &Desk, how: &Serving, mut model: F, at: Line) -> Result<Served>
where
    F: FnMut(Tensor<Secret>) -> Fut,
    Fut: Future<Output = Result<Tensor<Secret>>>,
{
    let _closing = Closing(desk);
    check(s, desk, how)?;
    let _scope = s.scope("serve");
    let _untaped = s.runtime().untaped();
    let mut served = Served::default();
    loop {
        desk.sweep();
        let own = match () {
            () if desk.is_closed() || how.requests.is_some_and(|most| served.requests >= most) => Proposal::Stop,
            () if s.runtime().me() > 0 => Proposal::Run(Vec::new()),
            () => {
                let ids = desk.propose(how.max_batch, how.max_batch, how.max_wait, how.beat);
                if ids.is_empty() && desk.is_closed() { Proposal::Stop } else { Proposal::Run(ids) }
            }
        };
        let ids = match propose(s, how.max_batch, &own).await? {
            Proposal::Stop => return Ok(served),
            Proposal::Run(ids) if ids.is_empty() => continue,
            Proposal::Run(ids) => ids,
        };
        let held = desk.confirm(&ids);
        let verdicts = decide(s, &held).await?;
        let mut batch = Vec::new();
        for ((id, held), verdict) in ids.into_iter().zip(held).zip(verdicts) {
            match (verdict, held) {
                (Verdict::Run, Some(held)) => batch.push((id, held.rows, held.receiver.unwrap_or(held.guest))),
                (Verdict::Differs, _) => {
                    served.refused += 1;
                    desk.refuse(id, Refused::Mismatch);
                }
                _ => desk.put_back(id),
            }
        }
        if !batch.is_empty() {
            served.batches += 1;
            served.requests += batch.len() as u64;
            let rows: usize = batch.iter().map(|(_, rows, _)| rows).sum();
            let span = debug_span!(target: SPANS, "batch", requests = batch.len(), rows, rounds = Empty, sent = Empty);
            served.refused += run(s, desk, how, &batch, &mut model, (at, &span)).instrument(span.clone()).await?;
        }
    }
}

fn check(s: &Session, desk: &Desk, how: &Serving) -> Result<()> {
    let refuse = |key, problem: &str| Err(Error::Setting { key, problem: problem.to_owned() });
    if !s.clients().is_empty() {
        return refuse(
            "client",
            "a session with clients ends when one of them leaves; name those who come and go as guests",
        );
    }
    if !s.runtime().engine().additive() {
        return refuse("protocol", "guests give and get additive shares, and this protocol has none");
    }
    if how.max_batch == 0 || desk.limits().rows > how.max_batch {
        return refuse("max_batch", "a request may have more rows than a batch");
    }
    if how.range.is_some_and(|range| !(range > 0.0 && range < s.runtime().engine().fixed().limit::<u64>())) {
        return refuse("range", "expected a positive number that the shares can hold");
    }
    let settings = [how.max_batch as u64, how.requests.unwrap_or(u64::MAX), how.range.unwrap_or(0.0).to_bits()];
    settings.into_iter().for_each(|x| s.agree(x));
    desk.limits().shape.iter().for_each(|&size| s.agree(size as u64));
    Ok(())
}

/// A request of a batch: its number, its rows, who receives the answer.
type Job = (RequestId, usize, String);

/// Runs a batch; how many of it were refused.
async fn run<F, Fut>(
    s: &Session,
    desk: &Desk,
    how: &Serving,
    batch: &[Job],
    model: &mut F,
    (line, span): (Line, &Span),
) -> Result<u64>
where
    F: FnMut(Tensor<Secret>) -> Fut,
    Fut: Future<Output = Result<Tensor<Secret>>>,
{
    let (start, elements, before) = (Instant::now(), desk.limits().elements(), s.traffic().total);
    let mut bytes = Vec::new();
    for (id, rows, _) in batch {
        // What is confirmed stays at the desk until it is closed, which all learn in the next round.
        let taken = desk.take(*id);
        let share = taken.map_or_else(|| vec![0; rows * elements], |taken| expand(&taken.part, rows * elements));
        bytes.extend(share.into_iter().flat_map(u64::to_le_bytes));
    }
    let rows: usize = batch.iter().map(|(_, rows, _)| rows).sum();
    let shape: Vec<usize> = std::iter::once(rows).chain(desk.limits().shape.iter().copied()).collect();
    let input = s.import_share(&shape[..], OwnShare::new(bytes));
    let sound = match how.range {
        Some(limit) => within(&input, limit, batch).await?,
        None => vec![true; batch.len()],
    };
    let result = model(input).await?;
    let dims = result.shape().dims().to_vec();
    if dims.first() != Some(&rows) {
        let found = result.shape();
        return Err(Error::program(format!(
            "the model makes {found} of {rows} rows; expected a row of results for each"
        )));
    }
    let own = |rows: usize| -> Vec<usize> { std::iter::once(rows).chain(dims[1..].iter().copied()).collect() };
    let sent = batch.iter().zip(&sound).filter(|(_, sound)| **sound);
    let receivers = sent.map(|((_, rows, to), _)| (to.clone(), Shape::from(&own(*rows)[..])));
    let shares = s.hand_out(&result, receivers, line).await?;
    let words: Vec<u64> = shares.as_bytes().chunks_exact(8).map(word).collect();
    let (width, mut at) = (words.len() / rows.max(1), 0);
    for ((id, rows, _), sound) in batch.iter().zip(&sound) {
        let part = words[at..at + rows * width].to_vec();
        at += rows * width;
        if *sound {
            desk.answer(*id, own(*rows), part.into());
        } else {
            let limit = how.range.unwrap_or(0.0).to_string();
            desk.refuse(*id, Refused::Range { limit });
        }
    }
    let (total, seconds) = (s.traffic().total, start.elapsed().as_secs_f64());
    let (rounds, sent) = (total.rounds - before.rounds, total.sent - before.sent);
    span.record("rounds", rounds).record("sent", sent);
    tracing::info!(requests = batch.len(), rows, rounds, sent, seconds, "answered");
    Ok(sound.iter().filter(|sound| !**sound).count() as u64)
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// Which requests have all elements below `limit` in magnitude. Opens one count for each request, to all servers.
///
/// A comparison with a public number is exact for every ring element but those near the wrap, which it puts on the wrong
/// side: those are beyond one of the two limits in any case.
async fn within(input: &Tensor<Secret>, limit: f64, batch: &[Job]) -> Result<Vec<bool>> {
    let rows = input.shape().dims().first().copied().unwrap_or(0);
    let flat = input.reshape(Shape::from([rows, input.shape().len() / rows.max(1)]));
    let beyond = flat.ge(limit) | flat.le(-limit);
    let counts = beyond.number().sum_axes(&[1]);
    let (mut at, mut all) = (0, Vec::new());
    for (_, rows, _) in batch {
        // Whether any is beyond, and not how many.
        all.push(counts.rows(at..at + rows).sum().gt(0.5).reveal());
        at += rows;
    }
    let mut sound = Vec::new();
    for beyond in all {
        sound.push(!beyond.await?.iter().any(|beyond| *beyond));
    }
    Ok(sound)
}
