//! Messages between compute parties and clients. They belong to no round: each is named by the op it is for, and carries
//! the schedule's digest at that op, so that a client that runs another program is found out.
//!
//! A compute party waits for a client like it waits for the dealer: when no coroutine can move, and before a round
//! leaves. What a round contains depends on the program alone.

use super::{Net, Wire, net::Last};
use crate::{
    backend::Payload,
    error::{Error, Result},
    rand::{Address, Purpose},
    scope::ScopeId,
};
use mpc_comm::{Body, Count, Frame, FrameError, Kind, PartyId, PeerError, SPANS, Words};
use std::{
    collections::{BTreeMap, HashMap},
    mem,
    time::Instant,
};
use tracing::debug_span;

/// The round in the header of these frames: none.
const NO_ROUND: u64 = u64::MAX;

/// What is on its way to or from clients; at a client, to or from compute parties.
#[derive(Default)]
pub(super) struct Clients {
    outgoing: BTreeMap<usize, Vec<Message>>,
    /// What came before anybody asked for it, by sender.
    early: BTreeMap<(usize, Address), Message>,
    awaited: BTreeMap<Address, Awaited>,
    /// The schedule's digest at each op that a message may be for.
    schedules: HashMap<u64, u64>,
    /// How many ops are recorded.
    recorded: u64,
}

struct Message {
    at: Address,
    schedule: u64,
    words: Words,
}

/// A value of which parts are missing. `deliver` gets them in the order of their senders.
struct Awaited {
    parts: BTreeMap<usize, Option<Payload>>,
    words: usize,
    scope: ScopeId,
    deliver: Box<dyn FnOnce(Vec<Payload>)>,
}

impl Net {
    /// Whether this end is a client.
    pub(crate) fn is_client(&self) -> bool {
        self.me >= self.parties
    }

    /// Notes that an op is recorded; with the schedule's digest, if messages from or to clients may be for it.
    pub(crate) fn recorded(&mut self, op: u64, schedule: Option<u64>) {
        self.clients.schedules.extend(schedule.map(|schedule| (op, schedule)));
        self.clients.recorded = op + 1;
    }

    /// Puts a message on the way; it leaves when no coroutine can move.
    pub(crate) fn tell(&mut self, to: usize, at: Address, scope: ScopeId, payload: &Payload) {
        self.count_at(scope, Count { sent: payload.bytes(), ..Count::default() });
        match payload.arrived() {
            Ok(Some(words)) => {
                let schedule = self.clients.schedules.get(&at.op).copied().unwrap_or(0);
                self.clients.outgoing.entry(to).or_default().push(Message { at, schedule, words });
            }
            Ok(None) => {}
            Err(error) => self.broken = Some(error),
        }
    }

    /// Waits for a message of `words` words from each of some parties.
    pub(crate) fn hear(
        &mut self,
        from: impl IntoIterator<Item = usize>,
        at: Address,
        scope: ScopeId,
        words: usize,
        deliver: impl FnOnce(Vec<Payload>) + 'static,
    ) {
        let parts: BTreeMap<_, _> = from.into_iter().map(|party| (party, None)).collect();
        if let Wire::Count = self.wire {
            self.count_at(scope, Count { received: 8 * (words * parts.len()) as u64, ..Count::default() });
            return deliver(vec![Payload::Meta(words); parts.len()]);
        }
        let senders: Vec<_> = parts.keys().copied().collect();
        self.clients.awaited.insert(at, Awaited { parts, words, scope, deliver: Box::new(deliver) });
        for party in senders {
            if let Some(message) = self.clients.early.remove(&(party, at)) {
                self.take(party, message);
            }
        }
    }

    /// The party whose message is awaited next.
    pub(super) fn missing(&self) -> Option<usize> {
        let first = |awaited: &Awaited| awaited.parts.iter().find(|(_, part)| part.is_none()).map(|(party, _)| *party);
        self.clients.awaited.values().find_map(first)
    }

    /// Sends what is on its way.
    pub(crate) fn send_to_clients(&mut self) -> Result<()> {
        let Wire::Mesh(mesh) = &self.wire else { return Ok(()) };
        for (to, messages) in mem::take(&mut self.clients.outgoing) {
            let digest = messages.last().map_or(0, |message| message.schedule);
            mesh.send(
                PartyId(to as u16),
                Frame { kind: Kind::Client, round: NO_ROUND, digest, body: encode(messages) },
            )?;
        }
        Ok(())
    }

    /// At a compute party: waits until every client's message is here that somebody waits for.
    pub(super) fn await_clients(&mut self, last: Last) -> Result<()> {
        let scope = self.clients.awaited.values().next().map(|awaited| awaited.scope);
        let _span = debug_span!(
            target: SPANS,
            "clients",
            scope = scope.map(|scope| self.scopes.path(scope)).as_deref(),
            round = self.traffic.total.rounds,
            values = self.clients.awaited.len()
        )
        .entered();
        let start = Instant::now();
        while let Some(client) = self.missing() {
            self.look_at_early(last)?;
            let frame = self.recv_watching(PartyId(client as u16), last)?;
            self.take_frame(client, frame, last)?;
        }
        self.timing.peers += start.elapsed();
        Ok(())
    }

    /// At a client: the next frame of a compute party. Waits as long as the links live, however long the others compute.
    pub(super) fn await_parties(&mut self, last: Last) -> Result<()> {
        let start = Instant::now();
        if self.missing().is_none() {
            return Err(Error::Stalled);
        }
        self.look_at_early(last)?;
        let Wire::Mesh(mesh) = &mut self.wire else { return Err(Error::Stalled) };
        let heard = mesh.recv_any();
        let (party, frame) = match heard {
            // All have ended and said other things than what is awaited: they ran another program.
            Err(mpc_comm::Error::Peer { kind: PeerError::Finished, .. }) if !self.clients.early.is_empty() => {
                let (&(party, _), message) = self.clients.early.iter().next().ok_or(Error::Stalled)?;
                return Err(self.diverged(party, message.at.op, message.schedule, last));
            }
            heard => heard?,
        };
        self.take_frame(usize::from(party.0), frame, last)?;
        self.timing.peers += start.elapsed();
        Ok(())
    }

    /// Forgets everything that is queued or awaited.
    pub(super) fn clear_clients(&mut self) {
        self.clients.outgoing.clear();
        self.clients.awaited.clear();
    }

    fn take_frame(&mut self, from: usize, frame: Frame, last: Last) -> Result<()> {
        let kind = frame.kind;
        if kind != Kind::Client {
            return Err(self.blame(from, PeerError::Unexpected { kind }));
        }
        let malformed = PeerError::BadFrame(FrameError::Malformed);
        let messages = parse(&mut frame.into_body()).ok_or_else(|| self.blame(from, malformed.clone()))?;
        for message in messages {
            let wanted = self.clients.awaited.get(&message.at).filter(|awaited| awaited.parts.contains_key(&from));
            match wanted.map(|awaited| awaited.words) {
                Some(words) => {
                    self.check(from, &message, last)?;
                    if words != message.words.len() {
                        return Err(self.blame(from, malformed));
                    }
                    self.take(from, message);
                }
                None => {
                    self.clients.early.insert((from, message.at), message);
                }
            }
        }
        self.look_at_early(last)
    }

    /// Books a part; hands the value over when it was the last.
    fn take(&mut self, from: usize, message: Message) {
        let Some(awaited) = self.clients.awaited.get_mut(&message.at) else { return };
        let (words, scope) = (message.words.len(), awaited.scope);
        if words != awaited.words {
            self.broken = Some(self.blame(from, PeerError::BadFrame(FrameError::Malformed)));
            return;
        }
        awaited.parts.insert(from, Some(Payload::Words(message.words)));
        let parts: Option<Vec<Payload>> = awaited.parts.values().cloned().collect();
        self.count_at(scope, Count { received: 8 * words as u64, ..Count::default() });
        if let Some(parts) = parts
            && let Some(awaited) = self.clients.awaited.remove(&message.at)
        {
            (awaited.deliver)(parts);
        }
    }

    /// Compares what came early with what has been recorded meanwhile.
    fn look_at_early(&self, last: Last) -> Result<()> {
        let recorded = |(_, message): &(&(usize, Address), &Message)| message.at.op < self.clients.recorded;
        let mut early = self.clients.early.iter().filter(recorded);
        early.try_for_each(|((party, _), message)| self.check(*party, message, last))
    }

    fn check(&self, from: usize, message: &Message, last: Last) -> Result<()> {
        if self.clients.schedules.get(&message.at.op) == Some(&message.schedule) {
            return Ok(());
        }
        Err(self.diverged(from, message.at.op, message.schedule, last))
    }

    fn diverged(&self, party: usize, op: u64, theirs: u64, last: Last) -> Error {
        let ours = self.clients.schedules.get(&op).copied().unwrap_or(0);
        let (peer, (scope, near)) = (PartyId(party as u16), (self.scopes.path(last.0), last.1));
        Error::Diverged { peer, name: self.name(peer), round: self.traffic.total.rounds, ours, theirs, scope, near }
    }

    fn blame(&self, party: usize, kind: PeerError) -> Error {
        let peer = PartyId(party as u16);
        Error::Peer { peer, name: self.name(peer), kind }
    }

    fn name(&self, party: PartyId) -> String {
        match &self.wire {
            Wire::Mesh(mesh) => mesh.name(party).to_owned(),
            Wire::Count => party.to_string(),
        }
    }

    fn count_at(&mut self, scope: ScopeId, count: Count) {
        *self.traffic.scopes.entry(self.scopes.path(scope)).or_default() += count;
        self.traffic.total += count;
    }
}

/// Messages as a frame's body: how many, then op, part and purpose, digest, and length of each, then their words.
fn encode(messages: Vec<Message>) -> Vec<Words> {
    let mut index = vec![messages.len() as u64];
    for Message { at, schedule, words } in &messages {
        index.extend([at.op, u64::from(at.part) << 8 | at.purpose as u64, *schedule, words.len() as u64]);
    }
    std::iter::once(index.into()).chain(messages.into_iter().map(|message| message.words)).collect()
}

/// The inverse of [`encode`].
fn parse(body: &mut Body) -> Option<Vec<Message>> {
    let count = usize::try_from(body.take(1)?[0]).ok()?;
    let index = body.take(count.checked_mul(4)?)?;
    let message = |entry: &[u64]| {
        let known = |purpose: &Purpose| *purpose as u64 == entry[1] & 0xFF;
        let purpose = [Purpose::Input, Purpose::Reveal].into_iter().find(known)?;
        let at = Address { op: entry[0], part: u8::try_from(entry[1] >> 8).ok()?, purpose };
        Some(Message { at, schedule: entry[2], words: body.take(usize::try_from(entry[3]).ok()?)? })
    };
    let messages: Option<Vec<_>> = index.chunks_exact(4).map(message).collect();
    messages.filter(|_| body.remaining() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(words: Vec<Words>) -> Body {
        Frame::new(Kind::Client, NO_ROUND, 0, words).into_body()
    }

    #[test]
    fn messages_survive_the_wire_and_garbage_is_refused() {
        let at = Address { op: 7, part: 2, purpose: Purpose::Input };
        let messages = vec![
            Message { at, schedule: 5, words: vec![1, 2, 3].into() },
            Message { at: Address { purpose: Purpose::Reveal, ..at }, schedule: 6, words: vec![].into() },
        ];
        let found = parse(&mut body(encode(messages))).unwrap();
        let flat: Vec<_> = found.iter().map(|m| (m.at.purpose, m.schedule, m.words.to_vec())).collect();
        assert_eq!(flat, [(Purpose::Input, 5, vec![1, 2, 3]), (Purpose::Reveal, 6, vec![])]);
        assert!(found.iter().all(|message| (message.at.op, message.at.part) == (7, 2)));
        let input = Purpose::Input as u64;
        for garbage in [
            vec![],
            vec![1],
            vec![u64::MAX],
            vec![1, 7, input, 0, 2, 1],
            vec![0, 1],
            vec![1, 7, 0, 0, 0],
            vec![1, 7, u64::MAX, 0, 0],
        ] {
            assert!(parse(&mut body(vec![garbage.into()])).is_none());
        }
    }
}
