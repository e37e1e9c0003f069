//! Frames: what parties say to each other.

use std::fmt;

use crate::{Body, FrameError, Words};

/// What a frame is for. The numbers are the wire's.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Kind {
    /// The greeting: settings both ends must agree on. Text.
    Hello = 1,
    /// One round's message from a compute party to another. Words.
    Round = 2,
    /// A request to the dealer. Words.
    Request = 3,
    /// What the dealer hands out. Words.
    Dealt = 4,
    /// The sender gives up; the body says why. Text; the header's round is the party that gave up first.
    Abort = 5,
    /// The sender is done and will send nothing more.
    Bye = 6,
    /// A sign of life on an idle link. On one with a grace the header's round is how many frames its sender has received.
    Ping = 7,
    /// Shares of a client's inputs or results, between it and a compute party. Words.
    Client = 8,
    /// A link comes back on a new connection: who asks for it and proves that it may. Words.
    Resume = 9,
}

impl Kind {
    /// All kinds there are.
    pub const ALL: [Kind; 9] = [
        Kind::Hello,
        Kind::Round,
        Kind::Request,
        Kind::Dealt,
        Kind::Abort,
        Kind::Bye,
        Kind::Ping,
        Kind::Client,
        Kind::Resume,
    ];

    /// The kind with this number on the wire.
    pub fn from_wire(number: u8) -> Result<Kind, FrameError> {
        Kind::ALL.into_iter().find(|kind| *kind as u8 == number).ok_or(FrameError::UnknownKind { kind: number })
    }

    /// Whether programs send it (the rest is the mesh's own).
    pub fn is_payload(self) -> bool {
        matches!(self, Kind::Round | Kind::Request | Kind::Dealt | Kind::Client)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// One message between two parties.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// What it is for.
    pub kind: Kind,
    /// The round it belongs to, counted by the layer above.
    pub round: u64,
    /// The sender's digest of the schedule, compared by the layer above.
    pub digest: u64,
    /// The payload, in order. The cuts between segments do not survive the wire.
    pub body: Vec<Words>,
}

impl Frame {
    /// A frame of words.
    pub fn new(kind: Kind, round: u64, digest: u64, body: Vec<Words>) -> Frame {
        Frame { kind, round, digest, body }
    }

    /// A frame without a body.
    pub fn bare(kind: Kind) -> Frame {
        Frame::new(kind, 0, 0, Vec::new())
    }

    /// A frame of text: one word with the length in bytes, then the bytes, padded with zeros to whole words.
    pub fn text(kind: Kind, text: &str) -> Frame {
        let mut words = vec![0u64; 1 + text.len().div_ceil(8)];
        words[0] = text.len() as u64;
        bytemuck::cast_slice_mut(&mut words[1..])[..text.len()].copy_from_slice(text.as_bytes());
        Frame::new(kind, 0, 0, vec![words.into()])
    }

    /// The text of a frame made by [`Frame::text`].
    ///
    /// # Errors
    /// [`FrameError::BadText`] when the length does not fit the body or the bytes are not UTF-8.
    pub fn read_text(self) -> Result<String, FrameError> {
        let mut body = self.into_body();
        let bytes = body.take(1).and_then(|length| usize::try_from(length[0]).ok()).ok_or(FrameError::BadText)?;
        if bytes.div_ceil(8) != body.remaining() {
            return Err(FrameError::BadText);
        }
        let words = body.take(body.remaining()).ok_or(FrameError::BadText)?;
        let text = words.as_bytes().get(..bytes).ok_or(FrameError::BadText)?;
        std::str::from_utf8(text).map(str::to_owned).map_err(|_| FrameError::BadText)
    }

    /// The payload's words.
    pub fn words(&self) -> usize {
        self.body.iter().map(|segment| segment.len()).sum()
    }

    /// The payload's bytes, header not counted.
    pub fn bytes(&self) -> u64 {
        self.words() as u64 * 8
    }

    /// The payload, for reading it piece by piece.
    pub fn into_body(self) -> Body {
        Body::new(self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_and_damage_is_refused() {
        for text in ["", "a", "12345678", "nine byte", "Größe"] {
            assert_eq!(Frame::text(Kind::Abort, text).read_text().as_deref(), Ok(text));
        }
        let damaged = [vec![], vec![1], vec![9, 0], vec![u64::MAX, 0], vec![1, 0, 0], vec![1, 0xff]];
        for words in damaged {
            let frame = Frame::new(Kind::Abort, 0, 0, vec![words.into()]);
            assert_eq!(frame.read_text(), Err(FrameError::BadText));
        }
    }

    #[test]
    fn debug_shows_no_payload() {
        let frame = Frame::new(Kind::Round, 1, 2, vec![vec![424_242].into()]);
        assert!(!format!("{frame:?}").contains("424242"));
        assert_eq!(frame.bytes(), 8);
    }
}
