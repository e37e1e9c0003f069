//! Somebody between a party and those who call it, who cuts connections.
#![allow(unreachable_pub)]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The kind of a frame stands here.
const KIND: usize = 5;
const HEAD: usize = 32;

/// What happens to what comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// It passes.
    Pass,
    /// After so many bytes of both directions together the connection is cut, wherever that is.
    Bytes(usize),
    /// After so many frames, in the clear.
    Frames(usize),
    /// It vanishes, and nothing is closed.
    Mute,
    /// New connections are closed at once.
    Closed,
    /// New connections that do not begin with a frame of this kind are closed at once.
    Only(u8),
}

#[derive(Clone)]
pub struct Relay(Arc<Mutex<State>>);

struct State {
    to: String,
    rule: Rule,
    /// Bytes or frames since the last cut.
    count: usize,
    cuts: usize,
    open: Vec<TcpStream>,
    /// What the callers said, by connection.
    said: Vec<Vec<u8>>,
}

impl Relay {
    /// Listens here and calls there.
    pub fn new(from: &str, to: &str) -> Relay {
        let listener = TcpListener::bind(from).unwrap();
        let state = State { to: to.to_owned(), rule: Rule::Pass, count: 0, cuts: 0, open: vec![], said: vec![] };
        let relay = Relay(Arc::new(Mutex::new(state)));
        let shared = relay.clone();
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let relay = shared.clone();
                thread::spawn(move || relay.between(near));
            }
        });
        relay
    }

    pub fn rule(&self, rule: Rule) {
        self.0.lock().unwrap().rule = rule;
    }

    /// Where callers get to from now on.
    pub fn turn_to(&self, to: &str) {
        self.0.lock().unwrap().to = to.to_owned();
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        let mut state = self.0.lock().unwrap();
        state.cuts += 1;
        state.open.drain(..).for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
    }

    pub fn cuts(&self) -> usize {
        self.0.lock().unwrap().cuts
    }

    /// What the callers have said so far, by connection.
    pub fn said(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap().said.clone()
    }

    fn between(&self, near: TcpStream) {
        let (to, rule) = {
            let state = self.0.lock().unwrap();
            (state.to.clone(), state.rule)
        };
        let first = |kind: u8| {
            let mut head = [0; KIND + 1];
            near.peek(&mut head).is_ok_and(|bytes| bytes > KIND) && head[KIND] == kind
        };
        if rule == Rule::Closed || matches!(rule, Rule::Only(kind) if !first(kind)) {
            return;
        }
        let Ok(far) = TcpStream::connect(to) else { return };
        let _ = (near.set_nodelay(true), far.set_nodelay(true));
        let at = {
            let mut state = self.0.lock().unwrap();
            state.open.extend([near.try_clone().unwrap(), far.try_clone().unwrap()]);
            state.said.push(Vec::new());
            state.said.len() - 1
        };
        let back = (far.try_clone().unwrap(), near.try_clone().unwrap());
        let other = self.clone();
        thread::spawn(move || other.carry(back.0, back.1, None));
        self.carry(near, far, Some(at));
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream, at: Option<usize>) {
        let mut mute = false;
        while let Some(bytes) = self.next(&mut from) {
            // What follows something that is missing would be taken for an attack.
            mute |= self.0.lock().unwrap().rule == Rule::Mute;
            let (through, cut) = if mute { (0, false) } else { self.judge(&bytes, at) };
            if to.write_all(&bytes[..through]).is_err() || cut {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }

    /// How much of this passes, and whether the connection ends then.
    fn judge(&self, bytes: &[u8], at: Option<usize>) -> (usize, bool) {
        let mut state = self.0.lock().unwrap();
        if let Some(at) = at {
            state.said[at].extend(bytes);
        }
        let (unit, every) = match state.rule {
            Rule::Bytes(every) => (bytes.len(), every),
            Rule::Frames(every) => (1, every),
            _ => return (bytes.len(), false),
        };
        state.count += unit;
        if state.count < every {
            return (bytes.len(), false);
        }
        // In frames, every other time the last one is lost with the connection.
        let through = match state.rule {
            Rule::Bytes(_) => every + unit - state.count,
            _ if state.cuts.is_multiple_of(2) => 0,
            _ => bytes.len(),
        };
        (state.count, state.cuts) = (0, state.cuts + 1);
        (through, true)
    }

    /// The next frame, or whatever comes.
    fn next(&self, from: &mut TcpStream) -> Option<Vec<u8>> {
        let frames = matches!(self.0.lock().unwrap().rule, Rule::Frames(_));
        let mut bytes = vec![0; if frames { HEAD } else { 1 << 12 }];
        if !frames {
            let length = from.read(&mut bytes).ok().filter(|length| *length > 0)?;
            bytes.truncate(length);
            return Some(bytes);
        }
        from.read_exact(&mut bytes).ok()?;
        let body = u64::from_le_bytes(bytes[24..32].try_into().unwrap()) as usize;
        bytes.resize(HEAD + body, 0);
        from.read_exact(&mut bytes[HEAD..]).ok()?;
        Some(bytes)
    }
}
