//! The four messages by which a link comes back.
//!
//! | | from | says | words |
//! |---|---|---|---|
//! | 1 | caller | who calls whom, which link, a fresh challenge | 1, 2, 4 |
//! | 2 | called | a fresh challenge, a proof | 4, 4 |
//! | 3 | caller | how many frames it has, a proof | 1, 4 |
//! | 4 | called | how many frames it has, a proof | 1, 4 |
//!
//! A proof is HMAC-SHA256 under a key that only the two ends of the link can derive (from the secret of its first
//! greeting), over the number of the message, all that was said, and over TLS a secret of the new connection. Each end's
//! challenge is in the other's proof, so what was recorded earlier proves nothing; the numbers of the messages keep a proof
//! from being played back to its maker. The called stops reading an older connection only after message 3, so nobody
//! without the key disturbs a link that lives.

use ring::hmac;
use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

use crate::handshake::{HANDSHAKE, random_32};
use crate::link::{read_body, read_head, write_frame};
use crate::tls::Proof;
use crate::{Frame, FrameError, Kind, PartyId, PeerError, TEXT_LIMIT};

const KEY: &[u8] = b"mpc-comm resume key 1";
const ID: &[u8] = b"mpc-comm resume link 1";
const TAG: &[u8] = b"mpc-comm resume proof 1";
/// In place of a message: there is no such link any more; the text says why, if that is known.
const REFUSED: u64 = 5;

/// Names a link to whoever is called. No secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LinkId([u64; 2]);

/// What both ends of a link know and nobody else does.
#[derive(Debug, Clone)]
pub(crate) struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// Of the link with this secret.
    pub(crate) fn of(secret: &[u8; 32]) -> Key {
        Key(Zeroizing::new(bytes(&hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), KEY))))
    }

    pub(crate) fn id(&self) -> LinkId {
        let [a, b, ..] = words(&bytes(&hmac::sign(&self.hmac(), ID)));
        LinkId([a, b])
    }

    fn hmac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &*self.0)
    }
}

/// What both ends have said to each other.
#[derive(Debug, Clone)]
struct Said {
    from: PartyId,
    to: PartyId,
    id: LinkId,
    challenges: [[u64; 4]; 2],
    binding: Option<Zeroizing<[u8; 32]>>,
}

impl Said {
    fn text(&self, message: u64, frames: u64) -> Vec<u8> {
        let LinkId([a, b]) = self.id;
        let fixed = [message, u64::from(self.from.0), u64::from(self.to.0), a, b, frames];
        let binding = self.binding.as_ref().map_or([0; 32], |binding| **binding);
        let words = fixed.into_iter().chain(self.challenges.into_iter().flatten());
        let mut text = TAG.to_vec();
        text.extend(words.flat_map(u64::to_le_bytes));
        text.push(u8::from(self.binding.is_some()));
        text.extend(binding);
        text
    }

    fn tag(&self, key: &Key, message: u64, frames: u64) -> [u64; 4] {
        words(&bytes(&hmac::sign(&key.hmac(), &self.text(message, frames))))
    }

    fn check(&self, key: &Key, message: u64, frames: u64, tag: [u64; 4]) -> Result<(), PeerError> {
        let tag: [u8; 32] = bytemuck::cast(tag);
        hmac::verify(&key.hmac(), &self.text(message, frames), &tag).map_err(|_| PeerError::Unproven)
    }
}

fn bytes(tag: &hmac::Tag) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

fn words(bytes: &[u8; 32]) -> [u64; 4] {
    bytemuck::cast(*bytes)
}

fn challenge() -> Option<[u64; 4]> {
    random_32().ok().map(|bytes| words(&bytes))
}

/// Why a link does not come back on this connection.
#[derive(Debug)]
pub(crate) enum Missed {
    /// It may on another one.
    Again(PeerError),
    /// Its other end says that it never will.
    Never(PeerError),
}

impl From<PeerError> for Missed {
    fn from(why: PeerError) -> Missed {
        Missed::Again(why)
    }
}

/// The caller's side: how many of our frames the other end has.
pub(crate) async fn present<S: AsyncRead + AsyncWrite + Unpin + ?Sized>(
    stream: &mut S,
    key: &Key,
    (from, to): (PartyId, PartyId),
    received: u64,
    proof: Option<&Proof>,
) -> Result<u64, Missed> {
    let ours = challenge().ok_or(PeerError::Closed)?;
    let LinkId(id) = key.id();
    let who = u64::from(from.0) << 16 | u64::from(to.0);
    say(stream, 1, &[&[who], &id, &ours]).await?;
    let [theirs, tag] = halves(expect::<8, _>(stream, 2).await?);
    let binding = proof.map(|proof| proof.binding.clone());
    let said = Said { from, to, id: key.id(), challenges: [ours, theirs], binding };
    said.check(key, 2, 0, tag)?;
    say(stream, 3, &[&[received], &said.tag(key, 3, received)]).await?;
    let [frames, tag @ ..] = expect::<5, _>(stream, 4).await?;
    said.check(key, 4, frames, tag)?;
    Ok(frames)
}

/// A caller that has shown message 1.
#[derive(Debug)]
pub(crate) struct Presented {
    pub(crate) from: PartyId,
    pub(crate) id: LinkId,
    to: PartyId,
    challenge: [u64; 4],
}

/// Reads message 1.
pub(crate) fn read_presented(frame: Frame) -> Result<Presented, PeerError> {
    let [who, a, b, challenge @ ..] = numbers::<7>(frame, 1)?;
    let party = |shift: u32| PartyId((who >> shift) as u16);
    if who >> 32 != 0 {
        return Err(FrameError::Malformed.into());
    }
    Ok(Presented { from: party(16), to: party(0), id: LinkId([a, b]), challenge })
}

/// Message 4, when the link is ready to send it.
#[derive(Debug)]
pub(crate) struct Reply {
    key: Key,
    said: Said,
}

impl Presented {
    /// Messages 2 and 3: how many of our frames a caller that has proved itself has.
    pub(crate) async fn verify<S: AsyncRead + AsyncWrite + Unpin + ?Sized>(
        self,
        stream: &mut S,
        key: &Key,
        (me, peer): (PartyId, PartyId),
        proof: Option<&Proof>,
    ) -> Result<(u64, Reply), PeerError> {
        if (self.from, self.to) != (peer, me) || proof.is_some_and(|proof| proof.peer != peer) {
            return Err(PeerError::Unproven);
        }
        let ours = challenge().ok_or(PeerError::Closed)?;
        let binding = proof.map(|proof| proof.binding.clone());
        let said = Said { from: peer, to: me, id: self.id, challenges: [self.challenge, ours], binding };
        say(stream, 2, &[&ours, &said.tag(key, 2, 0)]).await?;
        let [frames, tag @ ..] = match expect::<5, _>(stream, 3).await {
            Ok(numbers) => numbers,
            Err(Missed::Again(why) | Missed::Never(why)) => return Err(why),
        };
        said.check(key, 3, frames, tag)?;
        Ok((frames, Reply { key: key.clone(), said }))
    }
}

impl Reply {
    /// Says how many frames of the caller are here.
    pub(crate) async fn send<S: AsyncWrite + Unpin + ?Sized>(
        &self,
        stream: &mut S,
        received: u64,
    ) -> Result<(), PeerError> {
        say(stream, 4, &[&[received], &self.said.tag(&self.key, 4, received)]).await
    }
}

/// Tells a caller that its link is no more.
pub(crate) async fn refuse<S: AsyncWrite + Unpin + ?Sized>(stream: &mut S, cause: Option<&str>) {
    let frame = Frame { round: REFUSED, ..Frame::text(Kind::Resume, cause.unwrap_or_default()) };
    // It is turned away in any case.
    let _ = write_frame(stream, &frame).await;
}

async fn say<S: AsyncWrite + Unpin + ?Sized>(stream: &mut S, message: u64, parts: &[&[u64]]) -> Result<(), PeerError> {
    let frame = Frame::new(Kind::Resume, message, 0, vec![parts.concat().into()]);
    write_frame(stream, &frame).await.map_err(|_| PeerError::Closed)
}

async fn expect<const N: usize, S: AsyncRead + Unpin + ?Sized>(
    stream: &mut S,
    message: u64,
) -> Result<[u64; N], Missed> {
    let head = read_head(stream, TEXT_LIMIT, HANDSHAKE).await?;
    let frame = read_body(stream, head, HANDSHAKE, None).await?;
    match (frame.kind, frame.round) {
        (Kind::Resume, REFUSED) => Err(Missed::Never(match frame.read_text() {
            Ok(cause) if !cause.is_empty() => PeerError::GaveUp { cause },
            _ => PeerError::Restarted,
        })),
        (Kind::Resume, _) => Ok(numbers(frame, message)?),
        (kind, _) => Err(PeerError::Unexpected { kind }.into()),
    }
}

fn numbers<const N: usize>(frame: Frame, message: u64) -> Result<[u64; N], PeerError> {
    let said = frame.round;
    let mut body = frame.into_body();
    let numbers = body.take(N).filter(|_| said == message && body.remaining() == 0);
    numbers.and_then(|numbers| numbers[..].try_into().ok()).ok_or(FrameError::Malformed.into())
}

fn halves(numbers: [u64; 8]) -> [[u64; 4]; 2] {
    bytemuck::cast(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{DuplexStream, duplex};
    use tokio::runtime::Builder;

    const CALLER: PartyId = PartyId(1);
    const CALLED: PartyId = PartyId(0);

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
    }

    fn bound(peer: PartyId, byte: u8) -> Option<Proof> {
        Some(Proof { peer, binding: Zeroizing::new([byte; 32]) })
    }

    async fn first(stream: &mut DuplexStream) -> Frame {
        let head = read_head(stream, TEXT_LIMIT, HANDSHAKE).await.unwrap();
        read_body(stream, head, HANDSHAKE, None).await.unwrap()
    }

    /// Both ends, with their keys and what they know of the connection.
    fn meet(keys: [u8; 2], proofs: [Option<Proof>; 2]) -> (Result<u64, Missed>, Result<u64, PeerError>) {
        let [caller_key, called_key] = keys.map(|byte| Key::of(&[byte; 32]));
        let [caller_proof, called_proof] = &proofs;
        block_on(async {
            let (mut near, mut far) = duplex(1 << 12);
            let caller =
                async move { present(&mut near, &caller_key, (CALLER, CALLED), 7, caller_proof.as_ref()).await };
            let called = async move {
                let presented = read_presented(first(&mut far).await).unwrap();
                let proof = called_proof.as_ref();
                let (frames, reply) = presented.verify(&mut far, &called_key, (CALLED, CALLER), proof).await?;
                reply.send(&mut far, 9).await?;
                Ok(frames)
            };
            tokio::join!(caller, called)
        })
    }

    #[test]
    fn both_learn_what_the_other_has() {
        for proofs in [[None, None], [bound(CALLED, 3), bound(CALLER, 3)]] {
            let (caller, called) = meet([1, 1], proofs);
            assert_eq!((caller.unwrap(), called.unwrap()), (9, 7));
        }
    }

    #[test]
    fn another_key_another_connection_and_another_party_prove_nothing() {
        let strangers = [
            meet([1, 2], [None, None]),
            meet([1, 1], [bound(CALLED, 3), bound(CALLER, 4)]),
            meet([1, 1], [bound(CALLED, 3), None]),
        ];
        for (caller, called) in strangers {
            assert!(matches!(caller, Err(Missed::Again(PeerError::Unproven))), "{caller:?}");
            assert!(called.is_err());
        }
        let (_, called) = meet([1, 1], [bound(CALLED, 3), bound(PartyId(2), 3)]);
        assert_eq!(called, Err(PeerError::Unproven));
    }

    #[test]
    fn what_was_recorded_proves_nothing() {
        let key = Key::of(&[1; 32]);
        block_on(async {
            let mut recorded = Vec::new();
            for replay in [false, true] {
                let (mut near, mut far) = duplex(1 << 12);
                let caller = async {
                    if !replay {
                        let _ = present(&mut near, &key, (CALLER, CALLED), 7, None).await;
                        return;
                    }
                    write_frame(&mut near, &recorded[0]).await.unwrap();
                    first(&mut near).await;
                    write_frame(&mut near, &recorded[1]).await.unwrap();
                };
                let called = async {
                    let hello = first(&mut far).await;
                    // Between the ends sits somebody who writes down what the caller says.
                    let (mut inner, mut outer) = duplex(1 << 12);
                    let presented = read_presented(hello.clone()).unwrap();
                    let verified = presented.verify(&mut inner, &key, (CALLED, CALLER), None);
                    let relayed = async {
                        write_frame(&mut far, &first(&mut outer).await).await.unwrap();
                        let third = first(&mut far).await;
                        write_frame(&mut outer, &third).await.unwrap();
                        third
                    };
                    let (verified, third) = tokio::join!(verified, relayed);
                    drop(far);
                    (verified, hello, third)
                };
                let ((), (verified, hello, third)) = tokio::join!(caller, called);
                assert_eq!(verified.is_err(), replay, "{verified:?}");
                recorded = vec![hello, third];
            }
        });
    }

    #[test]
    fn a_refusal_says_why() {
        block_on(async {
            for (cause, expected) in
                [(None, PeerError::Restarted), (Some("tired"), PeerError::GaveUp { cause: "tired".to_owned() })]
            {
                let (mut near, mut far) = duplex(1 << 12);
                refuse(&mut far, cause).await;
                let result = present(&mut near, &Key::of(&[1; 32]), (CALLER, CALLED), 0, None).await;
                assert!(matches!(result, Err(Missed::Never(why)) if why == expected));
            }
        });
    }
}
