use std::pin::Pin;
use std::sync::mpsc::{Receiver, channel};
use std::task::{Context, Poll};
use std::time::Instant;

use proptest::prelude::*;
use tokio::io::{duplex, split};

use super::*;

const PEER: PartyId = PartyId(1);

/// Takes a few bytes at a time, also across slices, and now and then asks to be polled again.
struct Trickle {
    taken: Vec<u8>,
    step: usize,
    turn: bool,
}

impl AsyncWrite for Trickle {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.turn = !self.turn;
        if self.turn {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).take(self.step).collect();
        self.taken.extend_from_slice(&bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn owner() -> (Owner, Receiver<Event>) {
    let (inbox, events) = channel();
    (Owner { inbox, counters: Arc::default() }, events)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_bit_by_bit_is_read_back(
        cuts in prop::collection::vec(0..40usize, 0..6),
        step in 1..200usize,
        round: u64,
    ) {
        let mut next = 0u64;
        let body = cuts.iter().map(|n| (0..*n).map(|_| { next += 1; next }).collect::<Vec<u64>>().into()).collect();
        let frame = Frame::new(Kind::Dealt, round, 9, body);
        let back = runtime().block_on(async {
            let mut wire = Trickle { taken: Vec::new(), step, turn: false };
            write_frame(&mut wire, &frame).await.unwrap();
            let mut bytes = &wire.taken[..];
            let head = read_head(&mut bytes, 1 << 20, Duration::from_secs(5)).await.unwrap();
            let back = read_body(&mut bytes, head, Duration::from_secs(5), None).await.unwrap();
            assert!(bytes.is_empty());
            back
        });
        prop_assert_eq!((back.kind, back.round, back.digest), (Kind::Dealt, round, 9));
        let words: Vec<u64> = (1..=next).collect();
        prop_assert_eq!(back.into_body().take(words.len()).unwrap().to_vec(), words);
    }
}

/// A link whose other end the test plays.
fn played(options: &Options) -> (tokio::runtime::Runtime, tokio::io::DuplexStream, Receiver<Event>, Box<dyn Outbox>) {
    let runtime = runtime();
    let (ours, theirs) = duplex(1 << 16);
    let (owner, events) = owner();
    let link = spawn(runtime.handle(), PEER, split(ours), &owner, options);
    (runtime, theirs, events, link)
}

fn gone(events: &Receiver<Event>) -> PeerError {
    match events.recv_timeout(Duration::from_secs(5)).unwrap() {
        Event::Gone { from: PEER, why } => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_silent_peer_is_reported() {
    let silence = Duration::from_millis(100);
    let (_runtime, _theirs, events, _link) = played(&Options { silence, ..Options::default() });
    let start = Instant::now();
    assert_eq!(gone(&events), PeerError::TimedOut { seconds: 0.1 });
    assert!(start.elapsed() >= silence);
}

#[test]
fn an_end_inside_a_frame_and_garbage_are_told_apart() {
    let half = encode_head(&Frame::new(Kind::Round, 0, 0, vec![vec![1; 4].into()]));
    let version = FrameError::Version { ours: crate::VERSION, theirs: 77 };
    let mut other = half;
    other[4] = 77;
    let hello = encode_head(&Frame::bare(Kind::Hello));
    for (sent, expected) in [
        (&half[..], PeerError::Closed),
        (&half[..9], PeerError::Closed),
        (&other[..], PeerError::BadFrame(version)),
        (b"GET / HTTP/1.1\r\nHost: example\r\n\r\n", PeerError::BadFrame(FrameError::BadMagic)),
        (&hello[..], PeerError::Unexpected { kind: Kind::Hello }),
    ] {
        let (runtime, mut theirs, events, _link) = played(&Options::default());
        runtime.block_on(async {
            theirs.write_all(sent).await.unwrap();
            theirs.shutdown().await.unwrap();
        });
        assert_eq!(gone(&events), expected);
    }
}

#[test]
fn an_idle_link_sends_signs_of_life_and_they_are_not_counted() {
    let options = Options { heartbeat: Duration::from_millis(20), ..Options::default() };
    let runtime = runtime();
    let (a, b) = duplex(1 << 16);
    let ((left, left_events), (right, right_events)) = (owner(), owner());
    let patient = Options { silence: Duration::from_millis(200), ..options };
    let _left = spawn(runtime.handle(), PEER, split(a), &left, &patient);
    let _right = spawn(runtime.handle(), PEER, split(b), &right, &patient);
    std::thread::sleep(Duration::from_millis(600));
    assert!(left_events.try_recv().is_err() && right_events.try_recv().is_err());
    assert_eq!((left.counters.read(), left.counters.arrived()), ((0, 0, 0), 0));
    assert_eq!((right.counters.read(), right.counters.arrived()), ((0, 0, 0), 0));
}

#[test]
fn a_goodbye_is_answered_by_the_end_of_the_stream() {
    let (runtime, mut theirs, events, _link) = played(&Options::default());
    runtime.block_on(async {
        write_frame(&mut theirs, &Frame::bare(Kind::Bye)).await.unwrap();
        let mut rest = Vec::new();
        timeout(Duration::from_secs(5), theirs.read_to_end(&mut rest)).await.unwrap().unwrap();
    });
    assert!(matches!(events.recv().unwrap(), Event::Left { from: PEER }));
}
