//! A link that is carried by one connection after another.
//!
//! One task reads and writes; when reading ends, how it has ended decides what happens. What differs from a link without a
//! grace is what is said last: a goodbye is over when the other end has acknowledged it, since an end of the stream alone
//! says nothing.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

use super::account::{Account, Ending};
use super::back::{Grace, welcome};
use super::lines::Comeback;
use crate::link::{LAST_WORDS, READ_BUFFER, Room, read_body, read_head, write_frame};
use crate::postbox::{Backlog, Emptied};
use crate::stream::Duplex;
use crate::wire::{Counters, Event, Outbox, Owner};
use crate::{Frame, HEAD_BYTES, Kind, Options, PartyId, PeerError};

/// How long a connection that cannot be written any more is still read: perhaps it says why.
const DRAIN: Duration = Duration::from_secs(1);
/// After a connection that carried nothing, how long to wait before the next; after each further one twice as long.
const PAUSE: Duration = Duration::from_millis(5);
/// But no longer than this.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The program's end of a link.
#[derive(Debug)]
struct ResumableLink {
    posts: UnboundedSender<Frame>,
    account: Arc<Account>,
    backlog: Arc<Backlog>,
    counters: Arc<Counters>,
    task: AbortHandle,
}

impl Outbox for ResumableLink {
    fn post(&self, frame: Frame) {
        self.counters.add_sent(&frame);
        self.backlog.add(&frame);
        self.account.posted(&frame);
        // When the task is gone, it has said why.
        if let Err(unsent) = self.posts.send(frame) {
            self.backlog.remove(&unsent.0);
        }
    }

    fn lingers(&self) -> bool {
        true
    }

    fn busy(&self) -> bool {
        !self.task.is_finished()
    }

    fn hang_up(&self) {
        self.task.abort();
    }

    fn backlog(&self) -> Arc<Backlog> {
        Arc::clone(&self.backlog)
    }

    fn returns(&self) -> bool {
        true
    }

    fn owes(&self) -> Option<Duration> {
        self.account.owes().filter(|_| self.busy())
    }
}

/// Starts the task of a link with `peer`, whose first connection is `stream`.
pub(crate) fn spawn(
    runtime: &Handle,
    (peer, name): (PartyId, String),
    stream: Box<dyn Duplex>,
    owner: &Owner,
    options: &Options,
    grace: Grace,
) -> Box<dyn Outbox> {
    let (posts, posted) = unbounded_channel();
    let backlog = Arc::<Backlog>::default();
    let account = Arc::new(Account::new(Arc::clone(&backlog), grace.time));
    let carrier = Carrier {
        peer,
        name,
        owner: owner.clone(),
        account: Arc::clone(&account),
        room: Room::new(options.inbox_bytes),
        frame_limit: options.frame_limit,
        silence: options.silence,
        heartbeat: options.heartbeat,
        _emptied: Emptied(Arc::clone(&backlog)),
    };
    let task = runtime.spawn(carrier.run(stream, posted, grace)).abort_handle();
    Box::new(ResumableLink { posts, account, backlog, counters: Arc::clone(&owner.counters), task })
}

struct Carrier {
    peer: PartyId,
    name: String,
    owner: Owner,
    account: Arc<Account>,
    room: Room,
    frame_limit: u64,
    silence: Duration,
    heartbeat: Duration,
    _emptied: Emptied,
}

/// Why a connection carries no more.
enum Stop {
    /// The link is over: the mesh knows.
    Over,
    /// It broke.
    Broken(PeerError),
    /// The other end has given it up for another one, or for good.
    Replaced(Comeback),
}

/// How reading has ended.
enum Ended {
    /// The peer has said its last word.
    Said,
    /// It has ours.
    Heard,
    /// It is at fault.
    Fault(PeerError),
    /// The connection broke.
    Broken(PeerError),
}

impl Carrier {
    async fn run(self, first: Box<dyn Duplex>, mut posted: UnboundedReceiver<Frame>, mut grace: Grace) {
        let mut stream = first;
        let (mut until, mut pause) = (None, PAUSE);
        loop {
            let before = self.account.signs();
            let stop = self.carry(stream, &mut posted, &mut grace).await;
            let (since, counters) = (Instant::now(), &self.owner.counters);
            let progress = self.account.signs() != before;
            let back = match stop {
                Stop::Over => return,
                Stop::Broken(why) => {
                    // A connection that carries nothing wins no time.
                    let until = *until.take_if(|_| !progress).get_or_insert(since + grace.time);
                    self.down(&grace, &why.to_string(), until);
                    if progress {
                        pause = PAUSE;
                    } else {
                        sleep(pause).await;
                        pause = LONGEST_PAUSE.min(2 * pause);
                    }
                    grace.back(self.peer, &self.account, until).await.map(|stream| (stream, until))
                }
                Stop::Replaced(comeback) => {
                    let until = since + grace.time;
                    self.down(&grace, "has called again on a new connection", until);
                    match welcome(comeback, &self.account).await {
                        Ok(Some(stream)) => Ok((stream, until)),
                        Ok(None) => grace.back(self.peer, &self.account, until).await.map(|stream| (stream, until)),
                        Err(why) => Err(why),
                    }
                }
            };
            counters.down.fetch_sub(1, Ordering::Relaxed);
            match back {
                Ok((next, time)) => {
                    counters.resumed.fetch_add(1, Ordering::Relaxed);
                    grace.is_down(false);
                    let (seconds, frames) = (since.elapsed().as_secs_f64(), self.account.unacknowledged());
                    tracing::info!(peer = %self.peer, name = %self.name, seconds, frames, "a link is back");
                    (stream, until) = (next, Some(time));
                }
                // Who has said its last word needs nobody any more.
                Err(why) => {
                    let why = if self.account.has_said() { PeerError::Closed } else { why };
                    grace.give_up(self.peer, &why);
                    let _ = self.owner.inbox.send(Event::Gone { from: self.peer, why });
                    return;
                }
            }
        }
    }

    /// Books that the link is down.
    fn down(&self, grace: &Grace, why: &str, until: Instant) {
        let counters = &self.owner.counters;
        // First, so that who sees it counted can greet anew.
        grace.is_down(true);
        counters.suspended.fetch_add(1, Ordering::Relaxed);
        counters.down.fetch_add(1, Ordering::Relaxed);
        let seconds = until.saturating_duration_since(Instant::now()).as_secs_f64();
        tracing::warn!(peer = %self.peer, name = %self.name, why, seconds, "a link is down; it may come back");
    }

    /// Carries the link over one connection.
    async fn carry(&self, stream: Box<dyn Duplex>, posted: &mut UnboundedReceiver<Frame>, grace: &mut Grace) -> Stop {
        let (read, write) = stream.halves();
        let account = &*self.account;
        // The connection before may have ended while we did not read it.
        account.fill(false);
        let mut writing = pin!(write_all(write, account, posted, self.heartbeat));
        let reader = Reader {
            peer: self.peer,
            stream: BufReader::with_capacity(READ_BUFFER, read),
            owner: &self.owner,
            account,
            room: &self.room,
            frame_limit: self.frame_limit,
            silence: self.silence,
        };
        let mut reading = pin!(reader.run());
        let ended = tokio::select! {
            ended = &mut reading => ended,
            () = &mut writing => {
                // It broke, and reading says how.
                return match timeout(DRAIN, reading).await {
                    Ok(Ended::Broken(why)) => Stop::Broken(why),
                    Ok(ended) => self.settle(ended),
                    Err(_) => Stop::Broken(PeerError::Closed),
                };
            }
            comeback = grace.interruption() => return Stop::Replaced(comeback),
        };
        let ending = match &ended {
            Ended::Broken(_) => return self.settle(ended),
            Ended::Said | Ended::Heard => Ending::Heard,
            Ended::Fault(_) => Ending::Fault,
        };
        let stop = self.settle(ended);
        account.end(ending);
        let _ = timeout(LAST_WORDS, writing).await;
        stop
    }

    /// Tells the mesh how it ended, unless it did not.
    fn settle(&self, ended: Ended) -> Stop {
        let why = match ended {
            Ended::Broken(why) => return Stop::Broken(why),
            Ended::Said => return Stop::Over,
            Ended::Heard => PeerError::Closed,
            Ended::Fault(why) => why,
        };
        // Nobody listens only while the party shuts down.
        let _ = self.owner.inbox.send(Event::Gone { from: self.peer, why });
        Stop::Over
    }
}

struct Reader<'a, R> {
    peer: PartyId,
    stream: BufReader<R>,
    owner: &'a Owner,
    account: &'a Account,
    room: &'a Room,
    frame_limit: u64,
    silence: Duration,
}

impl<R: AsyncRead + Unpin> Reader<'_, R> {
    async fn run(mut self) -> Ended {
        loop {
            match self.next().await {
                Ok(None) => {}
                Ok(Some(ended)) => return ended,
                Err(why @ (PeerError::Closed | PeerError::TimedOut { .. })) => return Ended::Broken(why),
                Err(why) => return Ended::Fault(why),
            }
        }
    }

    /// Takes the next frame in; how it has ended, if it has.
    async fn next(&mut self) -> Result<Option<Ended>, PeerError> {
        let head = read_head(&mut self.stream, self.frame_limit, self.silence).await?;
        if head.kind == Kind::Ping {
            read_body(&mut self.stream, head, self.silence, None).await?;
            self.account.ping(head.round)?;
            return Ok(self.account.is_done().then_some(Ended::Heard));
        }
        let room = match head.kind.is_payload() {
            true => match self.room.take_now(head.bytes) {
                Some(room) => Some(room),
                None => {
                    self.account.fill(true);
                    let room = self.room.take(head.bytes).await;
                    self.account.fill(false);
                    room
                }
            },
            false => None,
        };
        let frame = read_body(&mut self.stream, head, self.silence, None).await?;
        // From here on it is ours, whatever becomes of the connection.
        self.owner.counters.add_arrived(HEAD_BYTES as u64 + frame.bytes());
        self.account.receive(&frame);
        let event = match Event::of(self.peer, frame, room) {
            Event::Gone { why, .. } => return Err(why),
            event => event,
        };
        let said = !matches!(event, Event::Frame { .. });
        // Nobody listens only while the party shuts down.
        let nobody = self.owner.inbox.send(event).is_err();
        Ok((said || nobody).then_some(Ended::Said))
    }
}

/// Writes what the other end lacks, what is posted, and what it should know of us, until the writer shall end or the
/// connection breaks; then closes our direction.
async fn write_all(
    mut stream: impl AsyncWrite + Unpin,
    account: &Account,
    posted: &mut UnboundedReceiver<Frame>,
    heartbeat: Duration,
) {
    match write_on(&mut stream, account, posted, heartbeat).await {
        Ok(()) => drop(stream.shutdown().await),
        // Reading says how.
        Err(error) => tracing::debug!(%error, "a connection broke"),
    }
}

async fn write_on(
    stream: &mut (impl AsyncWrite + Unpin),
    account: &Account,
    posted: &mut UnboundedReceiver<Frame>,
    heartbeat: Duration,
) -> std::io::Result<()> {
    let mut next = account.acknowledged();
    loop {
        match account.ending() {
            Some(Ending::Heard) => return write_frame(stream, &account.tell()).await,
            Some(Ending::Fault) if account.has_said() && account.kept(next).is_none() => return Ok(()),
            _ => {}
        }
        if let Some(telling) = account.telling() {
            write_frame(stream, &telling).await?;
        }
        if let Some(frame) = account.kept(next) {
            write_frame(stream, &frame).await?;
            account.wrote(next, &frame);
            next += 1;
            continue;
        }
        tokio::select! {
            biased;
            post = posted.recv(), if account.has_room() => match post {
                Some(frame) => account.keep(frame),
                // Nobody will ever say anything any more.
                None => return Ok(()),
            },
            () = account.changed.notified() => {}
            () = sleep(heartbeat) => write_frame(stream, &account.tell()).await?,
        }
    }
}
