//! The 32 bytes before each body.

use crate::{Frame, FrameError, Kind};

/// Bytes in a header.
pub const HEAD_BYTES: usize = 32;
/// The first four bytes of every frame, "MPCf" on the wire.
pub const MAGIC: u32 = u32::from_le_bytes(*b"MPCf");
/// The version of the wire format.
pub const VERSION: u8 = 1;
/// The largest body, in bytes, of a frame that is no payload (greeting, abort, goodbye, sign of life).
pub const TEXT_LIMIT: u64 = 64 << 10;

/// What a header says.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// What the frame is for.
    pub kind: Kind,
    /// The round.
    pub round: u64,
    /// The sender's digest of the schedule.
    pub digest: u64,
    /// The body's length: whole words, as bytes.
    pub bytes: u64,
}

/// The header of `frame`: magic u32, version u8, kind u8, zero u16, round u64, digest u64, body bytes u64; all
/// little-endian.
pub fn encode_head(frame: &Frame) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    head[0..4].copy_from_slice(&MAGIC.to_le_bytes());
    head[4] = VERSION;
    head[5] = frame.kind as u8;
    head[8..16].copy_from_slice(&frame.round.to_le_bytes());
    head[16..24].copy_from_slice(&frame.digest.to_le_bytes());
    head[24..32].copy_from_slice(&frame.bytes().to_le_bytes());
    head
}

/// Reads a header. `limit` is the largest payload body in bytes; other kinds have [`TEXT_LIMIT`].
///
/// # Errors
/// Every [`FrameError`] except `BadText`.
pub fn decode_head(head: &[u8; HEAD_BYTES], limit: u64) -> Result<Head, FrameError> {
    if word(head, 0) as u32 != MAGIC {
        return Err(FrameError::BadMagic);
    }
    if head[4] != VERSION {
        return Err(FrameError::Version { ours: VERSION, theirs: head[4] });
    }
    let kind = Kind::from_wire(head[5])?;
    if head[6..8] != [0, 0] {
        return Err(FrameError::Reserved);
    }
    let bytes = word(head, 24);
    let limit = if kind.is_payload() { limit } else { TEXT_LIMIT };
    if bytes > limit {
        return Err(FrameError::TooLarge { bytes, limit });
    }
    if !bytes.is_multiple_of(8) {
        return Err(FrameError::Misaligned { bytes });
    }
    Ok(Head { kind, round: word(head, 8), digest: word(head, 16), bytes })
}

/// The eight bytes at `at` as a number.
fn word(head: &[u8; HEAD_BYTES], at: usize) -> u64 {
    head[at..at + 8].iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> [u8; HEAD_BYTES] {
        encode_head(&Frame::new(Kind::Round, 3, 4, vec![vec![0; 5].into()]))
    }

    proptest! {
        #[test]
        fn heads_round_trip(kind in 0..Kind::ALL.len(), round: u64, digest: u64, cuts in prop::collection::vec(0..50usize, 0..5)) {
            let body = cuts.iter().map(|words| vec![7; *words].into()).collect();
            let frame = Frame::new(Kind::ALL[kind], round, digest, body);
            let head = decode_head(&encode_head(&frame), 4096).unwrap();
            prop_assert_eq!(head, Head { kind: frame.kind, round, digest, bytes: frame.bytes() });
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: [u8; HEAD_BYTES], limit: u64) {
            let _ = decode_head(&bytes, limit);
        }
    }

    #[test]
    fn each_damage_has_its_error() {
        let damage = |at: usize, byte: u8| {
            let mut head = sample();
            head[at] = byte;
            decode_head(&head, 64)
        };
        assert!(decode_head(&sample(), 40).is_ok());
        assert_eq!(damage(0, b'G'), Err(FrameError::BadMagic));
        assert_eq!(damage(4, 9), Err(FrameError::Version { ours: VERSION, theirs: 9 }));
        assert_eq!(damage(5, 0), Err(FrameError::UnknownKind { kind: 0 }));
        assert_eq!(damage(5, 10), Err(FrameError::UnknownKind { kind: 10 }));
        assert_eq!(damage(6, 1), Err(FrameError::Reserved));
        assert_eq!(damage(7, 1), Err(FrameError::Reserved));
        assert_eq!(damage(24, 41), Err(FrameError::Misaligned { bytes: 41 }));
        assert_eq!(decode_head(&sample(), 39), Err(FrameError::TooLarge { bytes: 40, limit: 39 }));
    }

    #[test]
    fn text_kinds_have_a_limit_of_their_own() {
        for kind in [Kind::Hello, Kind::Abort, Kind::Bye, Kind::Ping, Kind::Resume] {
            let head = encode_head(&Frame::new(kind, 0, 0, vec![vec![0; 8193].into()]));
            let too_large = FrameError::TooLarge { bytes: TEXT_LIMIT + 8, limit: TEXT_LIMIT };
            assert_eq!(decode_head(&head, u64::MAX), Err(too_large));
        }
    }
}
