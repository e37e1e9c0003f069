//! A guest that has been let in: what it asks is read, and what there is to say to it is written.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio::time::timeout;

use super::listen::{House, Present};
use super::message::Request;
use super::{Ask, Guest, Refused, Reply, RequestId};
use crate::link::{read_body, read_head, write_frame};
use crate::stream::{Duplex, ReadHalf, WriteHalf};
use crate::{Frame, Kind, PeerError};

/// Refusals that wait to leave; a guest that reads none is then not read either.
const REFUSALS: usize = 4;

/// A guest that has said who it is.
pub(super) struct Visiting {
    /// As the list had it then.
    guest: Guest,
    stream: Box<dyn Duplex>,
    /// Counts it as present.
    _present: Present,
}

/// What the reading half knows.
struct Reader {
    guest: Guest,
    visit: u64,
    house: Arc<House>,
    /// Answers of the desk; as many as the desk lets the guest have.
    answers: UnboundedSender<Frame>,
    /// What the reader itself says.
    refusals: Sender<Frame>,
}

impl Visiting {
    pub(super) fn new(guest: Guest, stream: Box<dyn Duplex>, present: Present) -> Visiting {
        Visiting { guest, stream, _present: present }
    }

    /// Hears a guest until it leaves.
    pub(super) async fn run(self, house: Arc<House>) {
        let visit = house.visits.fetch_add(1, Ordering::Relaxed);
        let (read, write) = self.stream.halves();
        let (answers, answered) = unbounded_channel();
        let (refusals, refused) = channel(REFUSALS);
        let reader = Reader { guest: self.guest, visit, house: Arc::clone(&house), answers, refusals };
        let patience = house.timeout;
        let result = tokio::select! {
            result = reader.hear(read) => result,
            result = say(write, answered, refused, patience) => result,
        };
        match result {
            Ok(()) => tracing::debug!(visit, "a guest left"),
            Err(why) => tracing::info!(visit, "a guest's connection ended: it {why}"),
        }
        house.desk.gone(visit);
    }
}

impl Reader {
    /// Reads requests until the guest leaves.
    async fn hear(&self, mut read: ReadHalf) -> Result<(), PeerError> {
        let (patience, limits) = (self.house.timeout, self.house.desk.limits());
        let largest = Request::largest((limits.rows * limits.elements()) as u64);
        loop {
            // A guest may wait for an answer as long as that takes; without one to come it must say something, and a
            // request that has begun must arrive.
            let mut first = [0];
            match timeout(limits.keep, read.read(&mut first)).await {
                Ok(Ok(1)) => {}
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) => return Err(crate::tls::explain(&error, false)),
                Err(_) if self.house.desk.listens(self.visit) => continue,
                Err(_) => return Err(PeerError::TimedOut { seconds: limits.keep.as_secs_f64() }),
            }
            let mut stream = (&first[..]).chain(&mut read);
            let frame = async {
                let head = read_head(&mut stream, largest, patience).await?;
                read_body(&mut stream, head, patience, None).await
            };
            let slow = PeerError::TimedOut { seconds: patience.as_secs_f64() };
            let frame = timeout(patience, frame).await.map_err(|_| slow)??;
            if frame.kind == Kind::Bye {
                return Ok(());
            }
            // It may have been taken off the list since it came.
            let listed = self.house.list().guest(&self.guest.name) == Some(&self.guest);
            let (id, refused) = match Request::parse(frame) {
                Err(id) => (id, Some(Refused::Malformed)),
                Ok(Request::Fetch(id) | Request::Ask(Ask { id, .. })) if !listed => {
                    (Some(id), Some(Refused::Guest { name: self.guest.name.clone() }))
                }
                Ok(Request::Fetch(id)) => (Some(id), self.fetch(id).err()),
                Ok(Request::Ask(ask)) => (Some(ask.id), self.ask(ask).await.err()),
            };
            let Some(id) = id else { return Err(PeerError::Unexpected { kind: Kind::Client }) };
            if let Some(refused) = refused {
                tracing::debug!(visit = self.visit, %refused, "a request was refused");
                self.say(id, Reply::Refused(refused)).await?;
            }
        }
    }

    async fn say(&self, id: RequestId, reply: Reply) -> Result<(), PeerError> {
        self.refusals.send(reply.encode(id)).await.map_err(|_| PeerError::Closed)
    }

    async fn ask(&self, ask: Ask) -> Result<(), Refused> {
        let (id, kept) = (ask.id, ask.receiver.is_some());
        if let Some(receiver) = &ask.receiver
            && self.house.list().guest(receiver).is_none()
        {
            return Err(Refused::Receiver { receiver: receiver.clone() });
        }
        self.house.desk.hand_in(&self.guest.name, self.visit, ask, self.deliver(id))?;
        if kept {
            // The connection's end is noticed where it is read.
            let _ = self.say(id, Reply::Stored).await;
        }
        Ok(())
    }

    fn fetch(&self, id: RequestId) -> Result<(), Refused> {
        self.house.desk.fetch(&self.guest.name, self.visit, id, self.deliver(id))
    }

    fn deliver(&self, id: RequestId) -> impl FnOnce(Reply) + Send + 'static {
        let answers = self.answers.clone();
        move |reply| drop(answers.send(reply.encode(id)))
    }
}

/// Writes what there is to say; each within `patience`, so that who does not read is let go.
async fn say(
    mut write: WriteHalf,
    mut answers: UnboundedReceiver<Frame>,
    mut refusals: Receiver<Frame>,
    patience: Duration,
) -> Result<(), PeerError> {
    loop {
        let frame = tokio::select! {
            Some(frame) = answers.recv() => frame,
            Some(frame) = refusals.recv() => frame,
            else => return Ok(()),
        };
        match timeout(patience, write_frame(&mut write, &frame)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(PeerError::Closed),
            Err(_) => return Err(PeerError::TimedOut { seconds: patience.as_secs_f64() }),
        }
    }
}
