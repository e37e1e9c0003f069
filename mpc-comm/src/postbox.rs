//! What waits to leave on a link, and a way to wait until it has left.
//!
//! Sending never blocks, because a party that waits for a peer while it sends could wait for ever (see
//! [`Mesh`](crate::Mesh)). Who makes more than a peer reads, as a dealer does, must wait of its own accord, on a thread
//! that keeps nobody else from being served.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::head::HEAD_BYTES;
use crate::wire::{Event, Inbox, Outbox};
use crate::{Error, Frame, PartyId, Result};

/// Bytes that were posted on a link and have not been handed to the stream yet.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    state: Mutex<State>,
    less: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    most: u64,
    over: bool,
}

impl Backlog {
    /// What a frame adds.
    pub(crate) fn add(&self, frame: &Frame) {
        let mut state = self.lock();
        state.bytes += HEAD_BYTES as u64 + frame.bytes();
        state.most = state.most.max(state.bytes);
    }

    /// The frame has left.
    pub(crate) fn remove(&self, frame: &Frame) {
        let mut state = self.lock();
        state.bytes = state.bytes.saturating_sub(HEAD_BYTES as u64 + frame.bytes());
        drop(state);
        self.less.notify_all();
    }

    /// Nothing leaves any more: whoever waits stops waiting.
    pub(crate) fn close(&self) {
        self.lock().over = true;
        self.less.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes a backlog when whoever empties it ends, for whatever reason.
#[derive(Debug)]
pub(crate) struct Emptied(pub(crate) Arc<Backlog>);

impl Drop for Emptied {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The sending end of one link of a mesh, for a thread of its own. It ends with the mesh.
#[derive(Debug, Clone)]
pub struct Postbox {
    me: PartyId,
    outbox: Arc<dyn Outbox>,
    backlog: Arc<Backlog>,
    /// The mesh's own.
    inbox: Inbox,
    frame_limit: u64,
}

impl Postbox {
    pub(crate) fn new(me: PartyId, outbox: Arc<dyn Outbox>, inbox: Inbox, frame_limit: u64) -> Postbox {
        Postbox { me, backlog: outbox.backlog(), outbox, inbox, frame_limit }
    }

    /// Queues a frame and returns at once, as [`Mesh::send`](crate::Mesh::send). A link that is gone swallows it.
    ///
    /// # Errors
    /// [`Error::FrameTooLarge`]; [`Error::Unsendable`] for kinds that are the mesh's own.
    pub fn send(&self, frame: Frame) -> Result<()> {
        if !frame.kind.is_payload() {
            return Err(Error::Unsendable { kind: frame.kind });
        }
        if frame.bytes() > self.frame_limit {
            return Err(Error::FrameTooLarge { bytes: frame.bytes(), limit: self.frame_limit });
        }
        self.outbox.post(frame);
        Ok(())
    }

    /// Waits until no more than `bytes` of what was sent lie here; false if the link is over and nothing leaves any
    /// more. In memory frames lie at the receiver, and nobody waits.
    pub fn wait(&self, bytes: u64) -> bool {
        let mut state = self.backlog.lock();
        while state.bytes > bytes && !state.over {
            state = self.backlog.less.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        !state.over
    }

    /// The most bytes, headers included, that have lain here at one time.
    pub fn most(&self) -> u64 {
        self.backlog.lock().most
    }

    /// Ends every [`wait`](Postbox::wait), now and later. What was sent still leaves.
    pub fn close(&self) {
        self.backlog.close();
    }

    /// Ends the link at once: the peer sees it close.
    pub fn hang_up(&self) {
        self.outbox.hang_up();
    }

    /// Ends the session from this thread: whoever reads the mesh, or waits for it to read, gets [`Error::Aborted`] by this
    /// end with this cause, unless something else has ended it. It is for them to tell the others, by
    /// [`Mesh::abort`](crate::Mesh::abort), which passes the cause on: never put a secret there.
    pub fn give_up(&self, cause: &str) {
        // Nobody listens any more when the mesh is gone.
        let _ = self.inbox.send(Event::Aborted { from: self.me, by: self.me, cause: cause.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InMemory, Kind};
    use std::{sync::mpsc::channel, thread};

    fn frame(words: usize) -> Frame {
        Frame::new(Kind::Dealt, 0, 0, vec![vec![1; words].into()])
    }

    #[derive(Debug, Default)]
    struct Never(Arc<Backlog>);

    impl Outbox for Never {
        fn post(&self, frame: Frame) {
            self.0.add(&frame);
        }
        fn lingers(&self) -> bool {
            true
        }
        fn hang_up(&self) {}
        fn backlog(&self) -> Arc<Backlog> {
            Arc::clone(&self.0)
        }
    }

    #[test]
    fn a_sender_waits_until_enough_has_left() {
        let outbox = Arc::new(Never::default());
        let postbox = Postbox::new(PartyId(0), outbox.clone(), channel().0, 1 << 20);
        let head = HEAD_BYTES as u64;
        (0..3).for_each(|_| postbox.send(frame(10)).unwrap());
        assert!(postbox.wait(3 * (80 + head)));
        assert_eq!(postbox.most(), 3 * (80 + head));
        thread::scope(|scope| {
            let waiting = scope.spawn(|| postbox.wait(80 + head));
            outbox.0.remove(&frame(10));
            outbox.0.remove(&frame(10));
            assert!(waiting.join().unwrap());
            // What never leaves is waited for until the link is over.
            let waiting = scope.spawn(|| postbox.wait(0));
            drop(Emptied(Arc::clone(&outbox.0)));
            assert!(!waiting.join().unwrap());
        });
        assert!(!postbox.wait(u64::MAX));
    }

    #[test]
    fn what_a_mesh_would_not_send_a_postbox_does_not() {
        let postbox = Postbox::new(PartyId(0), Arc::new(Never::default()), channel().0, 64);
        assert!(matches!(postbox.send(frame(9)), Err(Error::FrameTooLarge { bytes: 72, limit: 64 })));
        assert!(matches!(postbox.send(Frame::bare(Kind::Bye)), Err(Error::Unsendable { .. })));
        assert_eq!(postbox.most(), 0);
    }

    #[test]
    fn another_thread_ends_the_session_and_all_learn_why() {
        let (mut meshes, _) = InMemory::default().build();
        let (mut other, mut own) = (meshes.pop().unwrap(), meshes.pop().unwrap());
        let postbox = own.postbox(other.me()).unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let error = own.recv_any().unwrap_err();
                own.abort("not the first cause");
                (own.me(), error)
            });
            postbox.give_up("the disk is full");
            let (me, error) = waiting.join().unwrap();
            for error in [error, other.recv(me).unwrap_err()] {
                let Error::Aborted { by, cause, .. } = &error else { panic!("{error}") };
                assert_eq!((*by, cause.as_str()), (me, "the disk is full"));
            }
        });
    }
}
