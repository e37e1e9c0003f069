//! What the fuzz target `gateway` calls.

use super::message::{Hello, Reply, Request, Welcome, greeting, read_greeting};
use super::{Ask, Desk, Limits, Offer, Part, RequestId, Service};
use crate::{Frame, Kind};

/// The bytes of a message as they are fuzzed: the halves of its number, a byte each, and the words of its body.
fn bytes(frame: &Frame) -> Vec<u8> {
    let body = frame.body.iter().flat_map(|words| words.as_bytes().to_vec());
    [frame.round as u8, frame.digest as u8].into_iter().chain(body).collect()
}

/// A guest sends these bytes to a server, or a server to a guest; and they are a greeting's text, and a roster's.
pub fn fuzz(bytes: &[u8]) {
    let Some((id, rest)) = bytes.split_first_chunk::<2>() else { return };
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    let words: Vec<u64> = rest.chunks_exact(8).map(word).collect();
    let frame = Frame::new(Kind::Client, id[0].into(), id[1].into(), vec![words.into()]);
    let desk = Desk::new(Limits { rows: 4, ..Limits::of([3]) });
    if let Ok(Request::Ask(ask)) = Request::parse(frame.clone()) {
        let id = ask.id;
        if desk.hand_in("guest", 1, ask, drop).is_ok() {
            let (held, taken) = (desk.confirm(&[id]), desk.take(id));
            assert!(held[0].is_some() && taken.is_some_and(|taken| taken.rows <= 4));
        }
    }
    let _ = Reply::parse(frame);
    if let Ok(text) = std::str::from_utf8(rest) {
        let _ = read_greeting::<Hello>(Frame::text(Kind::Hello, text));
        let _ = read_greeting::<Welcome>(Frame::text(Kind::Hello, text));
        let _ = Service::from_toml(text, "fuzz");
    }
}

/// Sound messages.
pub fn seeds() -> Vec<Vec<u8>> {
    let Some(id) = RequestId::of_halves([1, 2]) else { return Vec::new() };
    let ask = |receiver: Option<&str>, part| {
        let ask = Ask { id, receiver: receiver.map(str::to_owned), shape: vec![2, 3], part };
        bytes(&Request::Ask(ask).encode())
    };
    let hello = greeting(&Hello { version: super::message::VERSION, name: "ann".to_owned() });
    let offer = Offer {
        model: "digits".to_owned(),
        shape: vec![3],
        rows: 4,
        fraction_bits: 16,
        ring: "Z_2^64".to_owned(),
        servers: vec!["North".to_owned(), "South".to_owned()],
    };
    let texts = [hello, greeting(&Welcome::Offer(offer))].map(|frame| frame.read_text().unwrap_or_default());
    let texts = texts.map(|text| [&[0, 0], text.as_bytes()].concat());
    let messages = [
        ask(None, Part::Words(vec![7; 6].into())),
        ask(Some("bob"), Part::Seed([7; 32].into())),
        bytes(&Request::Fetch(id).encode()),
        bytes(&Reply::Result { shape: vec![1, 2], words: vec![8, 9].into() }.encode(id)),
        bytes(&Reply::Stored.encode(id)),
    ];
    messages.into_iter().chain(texts).collect()
}
