//! One link over a byte stream: a task that reads and a task that writes.
//!
//! The writer hands header and segments to the stream as they lie in memory (vectored writes, nothing is copied or
//! serialised), and sends a sign of life when idle. The reader takes room in the inbox before it reads a body, and
//! reports a peer from which nothing comes. When the reader ends, the writer ends too and closes its direction; so a peer
//! that has said goodbye learns from our end of stream that we have heard it. When the reader ends by a fault, the writer
//! first lets our last words out, for a moment: perhaps the other direction still works, and the peer learns the cause.
//! A writer that has said goodbye waits for the reader: a TLS connection that has said that it closes is not for reading.

use std::io::{self, IoSlice};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::postbox::{Backlog, Emptied};
use crate::tls::explain;
use crate::wire::{Counters, Event, Outbox, Owner};
use crate::{
    Assembly, Frame, FrameError, HEAD_BYTES, Head, Kind, Options, PartyId, PeerError, decode_head, encode_head,
};

/// Small reads are gathered in a buffer of this size; larger ones go past it.
pub(crate) const READ_BUFFER: usize = 64 << 10;
/// Bytes that one permit of the inbox stands for. Small frames count as one.
const ROOM_UNIT: u64 = 1 << 10;

/// How long our last words may take on a link that cannot be read any more.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(2);

/// The program's end of a link.
#[derive(Debug)]
struct TaskLink {
    posts: UnboundedSender<Frame>,
    backlog: Arc<Backlog>,
    counters: Arc<Counters>,
    tasks: [AbortHandle; 2],
}

impl Outbox for TaskLink {
    fn post(&self, frame: Frame) {
        self.counters.add_sent(&frame);
        self.backlog.add(&frame);
        // When the writer is gone, the reader has said or will say why.
        if let Err(unsent) = self.posts.send(frame) {
            self.backlog.remove(&unsent.0);
        }
    }

    fn lingers(&self) -> bool {
        true
    }

    fn busy(&self) -> bool {
        !self.tasks[1].is_finished()
    }

    fn hang_up(&self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }

    fn backlog(&self) -> Arc<Backlog> {
        Arc::clone(&self.backlog)
    }
}

/// Starts both tasks of a link with `peer` over a split stream.
pub(crate) fn spawn<R, W>(
    runtime: &Handle,
    peer: PartyId,
    (read, write): (R, W),
    owner: &Owner,
    options: &Options,
) -> Box<dyn Outbox>
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (posts, posted) = unbounded_channel();
    let (alive, over) = oneshot::channel();
    let backlog = Arc::<Backlog>::default();
    let reader = Reader {
        peer,
        stream: BufReader::with_capacity(READ_BUFFER, read),
        owner: owner.clone(),
        room: Room::new(options.inbox_bytes),
        frame_limit: options.frame_limit,
        silence: options.silence,
    };
    let reading = runtime.spawn(reader.run(alive));
    let writing = runtime.spawn(write_until(write, posted, Emptied(Arc::clone(&backlog)), over, options.heartbeat));
    Box::new(TaskLink {
        posts,
        backlog,
        counters: Arc::clone(&owner.counters),
        tasks: [reading.abort_handle(), writing.abort_handle()],
    })
}

/// How reading has ended.
#[derive(Debug)]
enum End {
    /// The peer has said so.
    Said,
    /// It has not.
    Fault,
}

struct Reader<R> {
    peer: PartyId,
    stream: BufReader<R>,
    owner: Owner,
    room: Room,
    frame_limit: u64,
    silence: Duration,
}

/// The room of one peer's frames in the inbox.
#[derive(Debug)]
pub(crate) struct Room {
    free: Arc<Semaphore>,
    units: u32,
}

impl Room {
    pub(crate) fn new(inbox_bytes: u64) -> Room {
        let most = u64::from(u32::MAX).min(Semaphore::MAX_PERMITS as u64);
        let units = (inbox_bytes / ROOM_UNIT).clamp(1, most) as u32;
        Room { free: Arc::new(Semaphore::new(units as usize)), units }
    }

    /// Waits until there is room for a body. What is larger than the whole inbox waits until it is empty.
    pub(crate) async fn take(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        // An error means that the semaphore was closed, and nobody closes it.
        Arc::clone(&self.free).acquire_many_owned(self.units(bytes)).await.ok()
    }

    /// The same, if there is room now.
    pub(crate) fn take_now(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).try_acquire_many_owned(self.units(bytes)).ok()
    }

    fn units(&self, bytes: u64) -> u32 {
        (HEAD_BYTES as u64 + bytes).div_ceil(ROOM_UNIT).min(u64::from(self.units)) as u32
    }
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// Reads until the link ends, and tells the writer how.
    async fn run(mut self, alive: oneshot::Sender<End>) {
        loop {
            let event = match self.next().await {
                Ok(Some(event)) => event,
                Ok(None) => continue,
                Err(why) => Event::Gone { from: self.peer, why },
            };
            let end = match event {
                Event::Frame { .. } => None,
                Event::Gone { .. } => Some(End::Fault),
                _ => Some(End::Said),
            };
            // Nobody listens only while the party shuts down.
            let nobody = self.owner.inbox.send(event).is_err();
            if let Some(end) = end.or(nobody.then_some(End::Said)) {
                // The writer may have ended before.
                let _ = alive.send(end);
                return;
            }
        }
    }

    /// The next frame as an event; `None` for a sign of life.
    async fn next(&mut self) -> Result<Option<Event>, PeerError> {
        let head = read_head(&mut self.stream, self.frame_limit, self.silence).await?;
        if head.kind == Kind::Ping {
            read_body(&mut self.stream, head, self.silence, None).await?;
            return Ok(None);
        }
        let room = if head.kind.is_payload() { self.room.take(head.bytes).await } else { None };
        self.owner.counters.add_arrived(HEAD_BYTES as u64);
        let frame = read_body(&mut self.stream, head, self.silence, Some(&self.owner.counters)).await?;
        Ok(Some(Event::of(self.peer, frame, room)))
    }
}

/// Reads a header; each byte must come within `silence` of the one before.
pub(crate) async fn read_head(
    stream: &mut (impl AsyncRead + Unpin + ?Sized),
    limit: u64,
    silence: Duration,
) -> Result<Head, PeerError> {
    let mut head = [0; HEAD_BYTES];
    let mut have = 0;
    while have < HEAD_BYTES {
        have += read_some(stream, &mut head[have..], silence).await?;
    }
    Ok(decode_head(&head, limit)?)
}

/// Reads the body that belongs to `head`.
pub(crate) async fn read_body(
    stream: &mut (impl AsyncRead + Unpin + ?Sized),
    head: Head,
    silence: Duration,
    counters: Option<&Counters>,
) -> Result<Frame, PeerError> {
    let too_large = FrameError::TooLarge { bytes: head.bytes, limit: usize::MAX as u64 };
    let mut body = Assembly::new(head.bytes).ok_or(too_large)?;
    while !body.is_complete() {
        let bytes = read_some(stream, body.space(), silence).await?;
        body.filled(bytes);
        if let Some(counters) = counters {
            counters.add_arrived(bytes as u64);
        }
    }
    let body = body.finish().filter(|words| !words.is_empty()).into_iter().collect();
    Ok(Frame::new(head.kind, head.round, head.digest, body))
}

/// At least one byte, within `silence`.
async fn read_some(
    stream: &mut (impl AsyncRead + Unpin + ?Sized),
    space: &mut [u8],
    silence: Duration,
) -> Result<usize, PeerError> {
    match timeout(silence, stream.read(space)).await {
        Ok(Ok(0)) => Err(PeerError::Closed),
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(explain(&error, false)),
        Err(_) => Err(PeerError::TimedOut { seconds: silence.as_secs_f64() }),
    }
}

/// Writes what is posted until the reader has ended, or until nobody posts any more, then closes our direction. After a fault
/// the program gives up and says why: that still leaves.
async fn write_until(
    mut stream: impl AsyncWrite + Unpin,
    mut posted: UnboundedReceiver<Frame>,
    emptied: Emptied,
    mut over: oneshot::Receiver<End>,
    heartbeat: Duration,
) {
    let (written, read) = {
        let mut writing = pin!(write_posts(&mut stream, &mut posted, &emptied.0, heartbeat));
        tokio::select! {
            // Not cancelled, so that a frame that is half out is not cut short by the last words.
            end = &mut over => match end {
                Ok(End::Fault) => (timeout(LAST_WORDS, writing).await.unwrap_or(Ok(Written::All)), true),
                Ok(End::Said) | Err(_) => (Ok(Written::All), true),
            },
            written = &mut writing => (written, false),
        }
    };
    match written {
        Ok(Written::LastWords) if !read => drop(over.await),
        Ok(_) => {}
        // Reading says how.
        Err(error) => return tracing::debug!(%error, "a link broke"),
    }
    let _ = stream.shutdown().await;
}

/// What has left.
#[derive(Debug)]
enum Written {
    /// Our last words.
    LastWords,
    /// Whatever will be posted: nobody is there any more.
    All,
}

async fn write_posts(
    stream: &mut (impl AsyncWrite + Unpin),
    posted: &mut UnboundedReceiver<Frame>,
    backlog: &Backlog,
    heartbeat: Duration,
) -> io::Result<Written> {
    loop {
        match timeout(heartbeat, posted.recv()).await {
            Ok(Some(frame)) => {
                write_frame(stream, &frame).await?;
                backlog.remove(&frame);
                if matches!(frame.kind, Kind::Bye | Kind::Abort) {
                    return Ok(Written::LastWords);
                }
            }
            Ok(None) => return Ok(Written::All),
            Err(_) => write_frame(stream, &Frame::bare(Kind::Ping)).await?,
        }
    }
}

/// Writes a frame straight from where its segments lie.
pub(crate) async fn write_frame(stream: &mut (impl AsyncWrite + Unpin + ?Sized), frame: &Frame) -> io::Result<()> {
    let head = encode_head(frame);
    let segments = frame.body.iter().filter(|segment| !segment.is_empty());
    let mut slices: Vec<IoSlice<'_>> =
        std::iter::once(IoSlice::new(&head)).chain(segments.map(|s| IoSlice::new(s.as_bytes()))).collect();
    let mut left = &mut slices[..];
    while !left.is_empty() {
        match stream.write_vectored(left).await? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => IoSlice::advance_slices(&mut left, written),
        }
    }
    stream.flush().await
}

#[cfg(test)]
mod tests;
