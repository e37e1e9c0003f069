//! What a guest and a server say to each other.
//!
//! Greetings are frames of kind `Hello` with TOML inside. Everything else is a frame of kind `Client`, whose header has the
//! request's number, the low half as the round and the high half as the digest. A request's body is:
//!
//! | words | |
//! |---|---|
//! | 1 | what: 1 asks, 2 fetches an answer |
//! | 1, then as many as it needs | the length of the receiver's name in bytes (0: the sender itself), and the name |
//! | 1, then as many | how many axes, and their sizes |
//! | 1 | what follows: 1 a seed, 2 words |
//! | 4, or as many as the shape has elements | the server's share of the input |
//!
//! and an answer's: 1 and axes, sizes and words for a result; 2 and a TOML text for a refusal; 3 where the answer will be
//! kept for somebody else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Refused;
use crate::{Body, Frame, Kind, Words};

/// The version of this conversation.
pub(super) const VERSION: u64 = 1;
/// Longest name, in bytes.
const NAME: usize = 256;
/// Most axes of a shape.
const AXES: usize = 16;

/// The number of a request: 96 random bits. Who knows it, and is its receiver, may fetch the answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId([u64; 2]);

/// Bits of each half. A program can say so many in one number of a session without rounding.
const HALF: u32 = 48;

impl RequestId {
    /// A number that nobody has used or can guess; nothing if the system gives no randomness.
    pub fn fresh() -> Option<RequestId> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).ok()?;
        let half = |bytes: &[u8]| bytes.iter().take(6).fold(0, |all, &byte| all << 8 | u64::from(byte));
        Some(RequestId([half(&bytes[..8]), half(&bytes[8..])]))
    }

    /// The two halves, each below 2^48.
    pub fn halves(self) -> [u64; 2] {
        self.0
    }

    /// The number with these halves; nothing if one is too large.
    pub fn of_halves(halves: [u64; 2]) -> Option<RequestId> {
        halves.iter().all(|half| half >> HALF == 0).then_some(RequestId(halves))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012x}{:012x}", self.0[1], self.0[0])
    }
}

impl fmt::Debug for RequestId {
    /// The first digits: the rest is as good as a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({:012x}..)", self.0[1])
    }
}

/// A text that is no request's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected the number of a request: 24 hexadecimal digits")]
pub struct NoRequestId;

impl FromStr for RequestId {
    type Err = NoRequestId;

    fn from_str(text: &str) -> Result<RequestId, NoRequestId> {
        let sound = text.len() == 24 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let halves = text.split_at_checked(12).filter(|_| sound).ok_or(NoRequestId)?;
        let half = |digits| u64::from_str_radix(digits, 16).map_err(|_| NoRequestId);
        Ok(RequestId([half(halves.1)?, half(halves.0)?]))
    }
}

/// A server's share of an input, as it crosses the network.
#[derive(Clone)]
pub enum Part {
    /// A seed that the share follows from.
    Seed(Zeroizing<[u8; 32]>),
    /// The share.
    Words(Words),
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Seed(_) => "Seed",
            Part::Words(_) => "Words",
        })
    }
}

/// What a guest asks of one server.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Its number, the same at all servers.
    pub id: RequestId,
    /// Who gets the answer; nobody here means the sender.
    pub receiver: Option<String>,
    /// `[rows, ...]`: one row is one input.
    pub shape: Vec<usize>,
    /// This server's share.
    pub part: Part,
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Its share of the result.
    Result {
        /// `[rows, ...]`.
        shape: Vec<usize>,
        /// The share.
        words: Words,
    },
    /// Nothing, and why.
    Refused(Refused),
    /// The request is taken, and the answer will be kept for its receiver.
    Stored,
}

/// What servers say of themselves and of what they serve. Public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// What is served, for people.
    pub model: String,
    /// The shape of one input.
    pub shape: Vec<u64>,
    /// The most inputs in one request.
    pub rows: u64,
    /// Bits after the point of the numbers.
    pub fraction_bits: u32,
    /// Where shares live, such as `Z_2^64`.
    pub ring: String,
    /// The servers' names, in the order of the session.
    pub servers: Vec<String>,
}

/// The guest's greeting.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hello {
    pub(super) version: u64,
    pub(super) name: String,
}

/// The server's answer to it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Welcome {
    Offer(Offer),
    Refused(Refused),
}

/// A greeting as a frame.
pub(super) fn greeting(content: &impl Serialize) -> Frame {
    // These types hold strings and numbers only, which TOML can say.
    Frame::text(Kind::Hello, &toml::to_string(content).unwrap_or_default())
}

/// The reverse.
pub(super) fn read_greeting<T: for<'a> Deserialize<'a>>(frame: Frame) -> Option<T> {
    let text = (frame.kind == Kind::Hello).then(|| frame.read_text().ok())??;
    toml::from_str(&text).ok()
}

/// What a request is.
#[derive(Debug)]
pub(super) enum Request {
    Ask(Ask),
    Fetch(RequestId),
}

fn frame(id: RequestId, body: Vec<Words>) -> Frame {
    Frame::new(Kind::Client, id.0[0], id.0[1], body)
}

fn id_of(frame: &Frame) -> Option<RequestId> {
    RequestId::of_halves([frame.round, frame.digest]).filter(|_| frame.kind == Kind::Client)
}

impl Request {
    pub(super) fn encode(self) -> Frame {
        let Ask { id, receiver, shape, part } = match self {
            Request::Fetch(id) => return frame(id, vec![vec![2].into()]),
            Request::Ask(ask) => ask,
        };
        let mut head = vec![1];
        put_text(&mut head, receiver.as_deref().unwrap_or_default());
        put_shape(&mut head, &shape);
        let words = match part {
            Part::Seed(seed) => {
                head.push(1);
                seed.chunks_exact(8).map(word).collect::<Vec<_>>().into()
            }
            Part::Words(words) => {
                head.push(2);
                words
            }
        };
        frame(id, vec![head.into(), words])
    }

    /// What a frame asks for; its number, if it has one, and nothing more if it does not parse.
    pub(super) fn parse(frame: Frame) -> Result<Request, Option<RequestId>> {
        let id = id_of(&frame).ok_or(None)?;
        parse_request(id, &mut frame.into_body()).ok_or(Some(id))
    }

    /// The largest body of a request with a share of so many words.
    pub(super) fn largest(words: u64) -> u64 {
        8 * (words.max(4) + (4 + NAME.div_ceil(8) + AXES) as u64)
    }
}

fn parse_request(id: RequestId, body: &mut Body) -> Option<Request> {
    let what = body.take(1)?[0];
    if what == 2 {
        return (body.remaining() == 0).then_some(Request::Fetch(id));
    }
    let receiver = Some(take_text(body)?).filter(|name| !name.is_empty());
    let shape = take_shape(body)?;
    let form = body.take(1)?[0];
    let words = body.take(body.remaining())?;
    let part = match form {
        1 if words.len() == 4 => {
            let mut seed = Zeroizing::new([0; 32]);
            seed.copy_from_slice(words.as_bytes());
            Part::Seed(seed)
        }
        2 => Part::Words(words),
        _ => return None,
    };
    (what == 1).then_some(Request::Ask(Ask { id, receiver, shape, part }))
}

impl Reply {
    pub(super) fn encode(self, id: RequestId) -> Frame {
        match self {
            Reply::Result { shape, words } => {
                let mut head = vec![1];
                put_shape(&mut head, &shape);
                frame(id, vec![head.into(), words])
            }
            Reply::Refused(why) => {
                let mut head = vec![2];
                put_text(&mut head, &toml::to_string(&why).unwrap_or_default());
                frame(id, vec![head.into()])
            }
            Reply::Stored => frame(id, vec![vec![3].into()]),
        }
    }

    pub(super) fn parse(frame: Frame) -> Option<(RequestId, Reply)> {
        let id = id_of(&frame)?;
        let body = &mut frame.into_body();
        let reply = match body.take(1)?[0] {
            1 => {
                let shape = take_shape(body)?;
                let words = body.take(body.remaining())?;
                let fits = shape.iter().try_fold(1usize, |all, &size| all.checked_mul(size)) == Some(words.len());
                fits.then_some(Reply::Result { shape, words })?
            }
            2 => Reply::Refused(toml::from_str(&take_text_of(body, 1 << 12)?).ok()?),
            3 => Reply::Stored,
            _ => return None,
        };
        (body.remaining() == 0).then_some((id, reply))
    }
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

fn put_text(words: &mut Vec<u64>, text: &str) {
    words.push(text.len() as u64);
    words.extend(text.as_bytes().chunks(8).map(word));
}

fn take_text(body: &mut Body) -> Option<String> {
    take_text_of(body, NAME)
}

fn take_text_of(body: &mut Body, most: usize) -> Option<String> {
    let bytes = usize::try_from(body.take(1)?[0]).ok().filter(|bytes| *bytes <= most)?;
    let words = body.take(bytes.div_ceil(8))?;
    String::from_utf8(words.as_bytes().get(..bytes)?.to_vec()).ok()
}

fn put_shape(words: &mut Vec<u64>, shape: &[usize]) {
    words.push(shape.len() as u64);
    words.extend(shape.iter().map(|&size| size as u64));
}

fn take_shape(body: &mut Body) -> Option<Vec<usize>> {
    let axes = usize::try_from(body.take(1)?[0]).ok().filter(|axes| *axes <= AXES)?;
    body.take(axes)?.iter().map(|&size| usize::try_from(size).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn again(frame: Frame) -> Frame {
        let words: Vec<u64> = frame.body.iter().flat_map(|words| words.to_vec()).collect();
        Frame { body: vec![words.into()], ..frame }
    }

    #[test]
    fn requests_survive_the_wire() {
        let id = RequestId::fresh().unwrap();
        let words = Part::Words(vec![1, 2, 3, 4, 5, 6].into());
        for (receiver, part) in [(None, words), (Some("doctor-of-9"), Part::Seed(Zeroizing::new([7; 32])))] {
            let receiver = receiver.map(str::to_owned);
            let ask = Ask { id, receiver: receiver.clone(), shape: vec![2, 3], part: part.clone() };
            let frame = again(Request::Ask(ask).encode());
            assert!(frame.bytes() <= Request::largest(6));
            let Ok(Request::Ask(found)) = Request::parse(frame) else { panic!() };
            assert_eq!((found.id, &found.receiver, &found.shape[..]), (id, &receiver, &[2, 3][..]));
            match (found.part, part) {
                (Part::Seed(found), Part::Seed(sent)) => assert_eq!(found, sent),
                (Part::Words(found), Part::Words(sent)) => assert_eq!(found, sent),
                _ => panic!(),
            }
        }
        assert!(matches!(Request::parse(again(Request::Fetch(id).encode())), Ok(Request::Fetch(found)) if found == id));
    }

    #[test]
    fn answers_survive_the_wire() {
        let id = RequestId::fresh().unwrap();
        let result = Reply::Result { shape: vec![1, 2], words: vec![8, 9].into() };
        let refusals = [
            Refused::Stopped,
            Refused::TooMany { limit: 3 },
            Refused::Shape { found: vec![1, 2], expected: vec![], rows: 4 },
            Refused::Receiver { receiver: "a \"b\"\n".to_owned() },
        ];
        for reply in [result, Reply::Stored].into_iter().chain(refusals.map(Reply::Refused)) {
            assert_eq!(Reply::parse(again(reply.clone().encode(id))), Some((id, reply)));
        }
        let lying = Reply::Result { shape: vec![3], words: vec![8, 9].into() };
        assert_eq!(Reply::parse(lying.encode(id)), None);
    }

    #[test]
    fn numbers_are_written_and_read() {
        let id = RequestId::fresh().unwrap();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_ne!(RequestId::fresh().unwrap(), id);
        for wrong in ["", "00", &"0".repeat(25), &"g".repeat(24), "+00000000000000000000000", &"é".repeat(12)] {
            assert_eq!(wrong.parse::<RequestId>(), Err(NoRequestId), "{wrong}");
        }
        assert_eq!(RequestId::of_halves([1 << 48, 0]), None);
    }

    proptest! {
        #[test]
        fn no_words_make_it_panic(words in prop::collection::vec(prop_oneof![0..6u64, any::<u64>()], 0..12), id: [u16; 2]) {
            let frame = Frame::new(Kind::Client, id[0].into(), id[1].into(), vec![words.into()]);
            let _ = Request::parse(frame.clone());
            let _ = Reply::parse(frame);
        }
    }
}
