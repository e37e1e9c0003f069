//! Where links that were called wait to be called again.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::proof::{Key, LinkId, Reply};
use crate::PartyId;
use crate::stream::Duplex;

/// So many links that are over are remembered, with why.
const GONE: usize = 256;
/// What a caller hears of a link that nobody gave a cause for.
const CLOSED: &str = "it has ended this link; its own log says why";

/// Something that a link's task is told.
#[derive(Debug)]
pub(crate) enum Comeback {
    /// Its caller has come on a new connection, has proved itself, and has so many of our frames.
    Stream { stream: Box<dyn Duplex>, frames: u64, reply: Reply },
    /// Its caller has been started anew.
    Restarted,
}

/// Where a link hears that it comes back.
pub(crate) type Returns = UnboundedSender<Comeback>;

/// The links of a listener. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    open: HashMap<LinkId, Open>,
    gone: VecDeque<(LinkId, String)>,
}

#[derive(Debug)]
struct Open {
    peer: PartyId,
    session: String,
    key: Key,
    down: Arc<AtomicBool>,
    link: Returns,
}

/// What a listener knows of a link.
#[derive(Debug)]
pub(crate) enum Found {
    /// It may come back.
    Open { peer: PartyId, key: Key, link: Returns },
    /// It is over.
    Gone(String),
    /// Nothing.
    Unknown,
}

impl Lines {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new link's place, as long as what is returned lives.
    pub(crate) fn open(&self, peer: PartyId, session: &str, key: &Key) -> Place {
        let (link, comebacks) = unbounded_channel();
        let (id, down) = (key.id(), Arc::new(AtomicBool::new(false)));
        let open = Open { peer, session: session.to_owned(), key: key.clone(), down: Arc::clone(&down), link };
        self.state().open.insert(id, open);
        Place { lines: self.clone(), id, down, comebacks, cause: None }
    }

    pub(crate) fn find(&self, id: LinkId) -> Found {
        let state = self.state();
        match (state.open.get(&id), state.gone.iter().find(|(gone, _)| *gone == id)) {
            (Some(Open { peer, key, link, .. }), _) => {
                Found::Open { peer: *peer, key: key.clone(), link: link.clone() }
            }
            (None, Some((_, cause))) => Found::Gone(cause.clone()),
            (None, None) => Found::Unknown,
        }
    }

    /// This party greets as if it had no link. One that is down will then never come back; one that lives is not touched, since
    /// whoever greets may be a second process by mistake.
    pub(crate) fn restarted(&self, peer: PartyId, session: &str) {
        let state = self.state();
        let theirs = state.open.values().filter(|open| open.peer == peer && open.session == session);
        for open in theirs.filter(|open| open.down.load(Ordering::Relaxed)) {
            // A link that is ending needs to know nothing.
            let _ = open.link.send(Comeback::Restarted);
        }
    }
}

/// A link's place at its listener.
#[derive(Debug)]
pub(crate) struct Place {
    lines: Lines,
    id: LinkId,
    down: Arc<AtomicBool>,
    comebacks: UnboundedReceiver<Comeback>,
    cause: Option<String>,
}

impl Place {
    /// The newest connection on which the caller has come back; waits for one.
    pub(crate) async fn next(&mut self) -> Comeback {
        let Some(mut comeback) = self.comebacks.recv().await else {
            // The sender is on the list as long as we are.
            return std::future::pending().await;
        };
        while let Ok(newer) = self.comebacks.try_recv() {
            comeback = newer;
        }
        comeback
    }

    pub(crate) fn is_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }

    /// What a caller will hear when the place is gone.
    pub(crate) fn give_up(&mut self, cause: String) {
        self.cause = Some(cause);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.lines.state();
        state.open.remove(&self.id);
        if state.gone.len() == GONE {
            state.gone.pop_front();
        }
        state.gone.push_back((self.id, self.cause.take().unwrap_or_else(|| CLOSED.to_owned())));
    }
}
