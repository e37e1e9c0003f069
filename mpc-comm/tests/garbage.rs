//! Peers that send garbage, huge lengths, or things in the wrong order: nobody crashes, nobody is exhausted, and whose fault
//! it was is said.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use common::*;
use mpc_comm::{Error, Frame, FrameError, HEAD_BYTES, Kind, Mesh, PartyId, PeerError, Roster, encode_head};

/// Who measures memory does so alone.
static MEMORY: Mutex<()> = Mutex::new(());

/// A header that announces so many bytes.
fn head(kind: Kind, bytes: u64) -> [u8; HEAD_BYTES] {
    let mut head = encode_head(&Frame::bare(kind));
    head[24..].copy_from_slice(&bytes.to_le_bytes());
    head
}

/// A greeting of the second party as it would say it: its head and its text.
fn greeting(roster: &Roster) -> Vec<u8> {
    let fields = format!("[[\"protocol\", \"test\"], [\"precision\", \"16\"], [\"roster\", \"{}\"]]", roster.digest());
    let contribution = "11".repeat(32);
    let text =
        format!("from = 1\nto = 0\nsession = \"default\"\ncontribution = \"{contribution}\"\nfields = {fields}\n");
    bytes(&Frame::text(Kind::Hello, &text))
}

fn bytes(frame: &Frame) -> Vec<u8> {
    let body = frame.body.iter().flat_map(|words| words.as_bytes().to_vec());
    encode_head(frame).into_iter().chain(body).collect()
}

fn call(roster: &Roster) -> TcpStream {
    loop {
        match TcpStream::connect(&roster.compute[0].address) {
            Ok(stream) => break stream,
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// The first party in a session whose second one is us; our end of the link.
fn in_session() -> (Mesh, TcpStream) {
    let roster = roster(2, false);
    let first = start(&roster, 0, agreement(), options());
    let mut stream = call(&roster);
    stream.write_all(&greeting(&roster)).unwrap();
    let mut answer = [0; HEAD_BYTES];
    stream.read_exact(&mut answer).unwrap();
    let length = u64::from_le_bytes(answer[24..].try_into().unwrap());
    stream.read_exact(&mut vec![0; length as usize]).unwrap();
    (first.join().unwrap().unwrap(), stream)
}

#[test]
fn in_a_session_garbage_is_a_bad_frame_and_the_sender_hears_so() {
    let mut version = head(Kind::Round, 0);
    version[4] = 99;
    let limit = options().frame_limit;
    let cases: [(Vec<u8>, PeerError); 7] = [
        (vec![0xff; 100], FrameError::BadMagic.into()),
        (version.into(), FrameError::Version { ours: mpc_comm::VERSION, theirs: 99 }.into()),
        (head(Kind::Round, u64::MAX - 7).into(), FrameError::TooLarge { bytes: u64::MAX - 7, limit }.into()),
        (head(Kind::Round, 9).into(), FrameError::Misaligned { bytes: 9 }.into()),
        (
            head(Kind::Abort, 1 << 20).into(),
            FrameError::TooLarge { bytes: 1 << 20, limit: mpc_comm::TEXT_LIMIT }.into(),
        ),
        (bytes(&Frame::text(Kind::Hello, "once more")), PeerError::Unexpected { kind: Kind::Hello }),
        (bytes(&Frame::new(Kind::Abort, 0, 0, vec![vec![u64::MAX].into()])), FrameError::BadText.into()),
    ];
    for (garbage, expected) in cases {
        let (mut mesh, mut stream) = in_session();
        stream.write_all(&garbage).unwrap();
        match mesh.recv(PartyId(1)) {
            Err(Error::Peer { peer: PartyId(1), kind, .. }) => assert_eq!(kind, expected),
            other => panic!("{other:?}, not {expected:?}"),
        }
        drop(mesh);
        // Who sent it is told what was wrong with it, on the direction that still works.
        let mut said = Vec::new();
        stream.read_to_end(&mut said).unwrap();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains(&expected.to_string()), "{said} does not say: {expected}");
    }
}

#[test]
fn a_length_alone_takes_no_memory() {
    let _alone = MEMORY.lock();
    let before = memory();
    let links: Vec<(Mesh, TcpStream)> = (0..20)
        .map(|_| {
            let (mesh, mut stream) = in_session();
            // Four gigabytes are announced, and a little of them comes.
            stream.write_all(&head(Kind::Round, 4 << 30)).unwrap();
            stream.write_all(&[1; 1000]).unwrap();
            (mesh, stream)
        })
        .collect();
    thread::sleep(Duration::from_millis(300));
    let more = memory().saturating_sub(before);
    assert!(more < 100 << 20, "{more} bytes more for {} announcements", links.len());
}

#[test]
fn frames_that_nobody_asked_for_wait_within_the_inbox() {
    let _alone = MEMORY.lock();
    let (mesh, mut stream) = in_session();
    stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let frame = bytes(&frame(0, 7, 1 << 17));
    let before = memory();
    // The inbox takes 256 MiB; a thousand frames are a gigabyte.
    let written = (0..1000).take_while(|_| stream.write_all(&frame).is_ok()).count();
    assert!(written < 400, "{written} MiB were taken");
    assert!(memory().saturating_sub(before) < 400 << 20);
    drop(mesh);
}

/// Bytes of memory that this process has; 0 where that is not known.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).map_or(0, |kib| kib << 10)
}

#[test]
fn before_a_session_garbage_keeps_nobody_out() {
    let roster = roster(2, false);
    let first = start(&roster, 0, agreement(), options());
    let hello = greeting(&roster);
    let mut unfinished = hello.clone();
    unfinished.truncate(hello.len() - 5);
    let wrong: [Vec<u8>; 7] = [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        head(Kind::Hello, u64::MAX).into(),
        head(Kind::Round, 4 << 30).into(),
        bytes(&Frame::text(Kind::Hello, "from = 1")),
        bytes(&Frame::text(Kind::Hello, &"x".repeat(60_000))),
        bytes(&frame(0, 1, 1000)),
        unfinished,
    ];
    let kept: Vec<TcpStream> = wrong
        .iter()
        .map(|wrong| {
            let mut stream = call(&roster);
            stream.write_all(wrong).unwrap();
            stream
        })
        .collect();
    let second = start(&roster, 1, agreement(), options());
    run([first, second].map(|party| party.join().unwrap().unwrap()).into(), Mesh::finish);
    drop(kept);
}
