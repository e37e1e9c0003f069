//! Who passes and who does not, at the level of connections; `tests/tls.rs` has sessions.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::handshake::{Greeter, Refusal};
use crate::link::write_frame;
use crate::stream::Duplex;
use crate::{Agreement, Error, Frame, IdentityError, Kind, Member};

const DAY: i64 = 24 * 3600;
const P0: PartyId = PartyId(0);
const P1: PartyId = PartyId(1);

/// An identity that holds from and to so many days from now.
fn identity(from: i64, to: i64) -> Identity {
    let (folder, now) = (tempfile::tempdir().unwrap(), Date::now().0);
    Identity::create_between("somebody", Date(now + from * DAY), Date(now + to * DAY), folder.path()).unwrap()
}

fn good() -> Identity {
    identity(-1, 1)
}

/// A roster that pins these, the last one as the dealer.
fn roster(identities: &[&Identity]) -> Roster {
    let mut members: Vec<Member> = identities
        .iter()
        .enumerate()
        .map(|(at, identity)| Member {
            name: format!("P{at}"),
            address: format!("127.0.0.1:{}", 1000 + at),
            fingerprint: Some(identity.certificate().fingerprint),
        })
        .collect();
    Roster { dealer: members.pop(), clients: Vec::new(), compute: members }
}

/// Without a look at our own certificate: as if our clock were another.
fn blind(me: PartyId, roster: &Roster, identity: &Identity) -> Tls {
    Tls::unchecked(me, Pins::of(roster), identity)
}

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Two ends of a connection.
async fn pair() -> (TcpStream, TcpStream, SocketAddr) {
    let listener = TcpListener::bind("[::1]:0").await.unwrap();
    let (called, calls) = tokio::join!(listener.accept(), TcpStream::connect(listener.local_addr().unwrap()));
    let (called, from) = called.unwrap();
    (calls.unwrap(), called, from)
}

/// What the called party has in the end: the secret, or who it may have been and why not.
type Heard = Result<[u8; 32], (Option<PartyId>, PeerError)>;

/// P1 calls P0: what the caller and the called learn, up to the end of the greeting.
fn meet(caller: Tls, called: Tls) -> (Result<[u8; 32], PeerError>, Heard) {
    run(async {
        let (calls, answers, _) = pair().await;
        let caller = async {
            let (mut stream, proof) = caller.call(calls, P0).await?;
            // In TLS 1.3 the caller learns only now whether it was accepted.
            let head = crate::link::read_head(&mut stream, 0, std::time::Duration::from_secs(5)).await?;
            assert_eq!((head.kind, proof.peer), (Kind::Bye, P0));
            Ok(*proof.binding)
        };
        let called = async {
            let (mut stream, proof) = called.answer(answers).await?;
            assert_eq!(proof.peer, P1);
            write_frame(&mut stream, &Frame::bare(Kind::Bye)).await.unwrap();
            Ok(*proof.binding)
        };
        tokio::join!(caller, called)
    })
}

fn refused(caller: Tls, called: Tls) -> (PeerError, (Option<PartyId>, PeerError)) {
    let (caller, called) = meet(caller, called);
    (caller.unwrap_err(), called.unwrap_err())
}

#[test]
fn who_is_pinned_passes_and_both_ends_share_a_secret_that_no_other_connection_has() {
    let (a, b, d) = (good(), good(), good());
    let roster = roster(&[&a, &b, &d]);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let (caller, called) = meet(Tls::new(P1, &roster, &b).unwrap(), Tls::new(P0, &roster, &a).unwrap());
        let binding = caller.unwrap();
        assert_eq!(binding, called.unwrap());
        assert!(!seen.contains(&binding));
        seen.push(binding);
    }
}

#[test]
fn a_caller_that_nobody_pins_is_refused_and_hears_it() {
    let (a, b, d, stranger) = (good(), good(), good(), good());
    let (ours, theirs) = (roster(&[&a, &b, &d]), roster(&[&a, &stranger, &d]));
    let (caller, called) = refused(Tls::new(P1, &theirs, &stranger).unwrap(), Tls::new(P0, &ours, &a).unwrap());
    assert_eq!(caller, IdentityError::RefusesOurs.into());
    let shown = stranger.certificate().fingerprint;
    assert_eq!(called, (None, IdentityError::Stranger { shown }.into()));
}

#[test]
fn a_called_party_with_another_certificate_is_refused_and_hears_it() {
    let (a, b, d, other) = (good(), good(), good(), good());
    let (ours, theirs) = (roster(&[&a, &b, &d]), roster(&[&other, &b, &d]));
    let (caller, called) = refused(Tls::new(P1, &ours, &b).unwrap(), Tls::new(P0, &theirs, &other).unwrap());
    let (shown, pinned) = (other.certificate().fingerprint, a.certificate().fingerprint);
    assert_eq!(caller, IdentityError::Unpinned { shown, pinned }.into());
    assert_eq!(called, (None, IdentityError::RefusesOurs.into()));
    // Any pinned certificate will not do: it must be that of the party that was called.
    let (caller, called) = refused(Tls::new(P1, &ours, &b).unwrap(), blind(P0, &ours, &d));
    assert_eq!(caller, IdentityError::OtherRole { owner: "P2".into() }.into());
    assert_eq!(called, (None, IdentityError::RefusesOurs.into()));
}

#[test]
fn certificates_out_of_their_time_are_refused_with_the_dates() {
    let (d, fine) = (good(), good());
    for (from, to) in [(-9, -2), (2, 9)] {
        let off = identity(from, to);
        let (not_before, not_after) = (off.certificate().not_before, off.certificate().not_after);
        let check = |why: PeerError| match why {
            PeerError::Identity(IdentityError::Expired { not_after: end, now }) => {
                assert!(to < 0 && end == not_after && now > end);
            }
            PeerError::Identity(IdentityError::NotYetValid { not_before: begin, now }) => {
                assert!(to > 0 && begin == not_before && now < begin);
            }
            other => panic!("{other}"),
        };
        // At the caller.
        let ours = roster(&[&fine, &off, &d]);
        let (caller, (who, why)) = refused(blind(P1, &ours, &off), Tls::new(P0, &ours, &fine).unwrap());
        assert_eq!((caller, who), (IdentityError::RefusesOurDates.into(), Some(P1)));
        check(why);
        // At the called.
        let ours = roster(&[&off, &fine, &d]);
        let (caller, called) = refused(Tls::new(P1, &ours, &fine).unwrap(), blind(P0, &ours, &off));
        check(caller);
        assert_eq!(called, (None, IdentityError::RefusesOurDates.into()));
        // And nobody begins with one.
        let text = Tls::new(P0, &ours, &off).unwrap_err().to_string();
        assert!(text.contains(&not_before.to_string()) && text.contains(&not_after.to_string()), "{text}");
    }
}

#[test]
fn a_copied_certificate_without_its_key_is_of_no_use() {
    let (a, b, d, thief) = (good(), good(), good(), good());
    let ours = roster(&[&a, &b, &d]);
    // It shows b's certificate and signs with its own key.
    let der = b.key().cert.clone();
    let key = Arc::new(rustls::sign::CertifiedKey::new(der, Arc::clone(&thief.key().key)));
    let stolen = Tls { key: Arc::new(SingleCertAndKey::from(key)), ..blind(P1, &ours, &b) };
    let (caller, called) = refused(stolen, Tls::new(P0, &ours, &a).unwrap());
    assert!(matches!(caller, PeerError::Tls { .. } | PeerError::Identity(_)), "{caller}");
    assert!(matches!(called, (None, PeerError::Altered { .. })), "{called:?}");
}

/// P1 says `hello` to a greeter of P0; what both learn.
fn greet(edit: impl AsyncFnOnce(&mut TlsStream<TcpStream>)) -> (Result<(), PeerError>, Refusal) {
    let (a, b, d) = (good(), good(), good());
    let ours = roster(&[&a, &b, &d]);
    let (calls, answers) = (Tls::new(P1, &ours, &b).unwrap(), Tls::new(P0, &ours, &a).unwrap());
    let greeter = Greeter::new(P0, &ours, &Agreement::default(), "s", None, std::time::Duration::ZERO).unwrap();
    run(async {
        let (caller, called, _) = pair().await;
        let caller = async {
            let (mut stream, _) = calls.call(caller, P0).await.unwrap();
            edit(&mut stream).await;
            let head = crate::link::read_head(&mut stream, 1 << 16, std::time::Duration::from_secs(5)).await?;
            assert_eq!(head.kind, Kind::Abort);
            Ok(())
        };
        let called = async {
            let (mut stream, proof) = answers.answer(called).await.unwrap();
            let refusal = greeter.answer(&mut stream, Some(&proof)).await.unwrap_err();
            dismiss(&mut *stream).await;
            refusal
        };
        tokio::join!(caller, called)
    })
}

#[test]
fn who_says_that_it_is_another_is_refused_and_hears_it() {
    let (caller, called) = greet(async |stream| {
        let hello = "from = 0\nto = 0\nsession = 's'\ncontribution = ''\nfields = []\n";
        write_frame(stream, &Frame::text(Kind::Hello, hello)).await.unwrap();
    });
    caller.unwrap();
    match called {
        Refusal::Fatal(Error::Peer { peer: P1, kind: PeerError::Identity(why), .. }) => {
            assert_eq!(why, IdentityError::Claims { claimed: "P0".into() });
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn another_wire_version_is_refused_and_hears_it() {
    let (caller, called) = greet(async |stream| {
        let mut head = crate::encode_head(&Frame::bare(Kind::Hello));
        head[4] = 77;
        stream.write_all(&head).await.unwrap();
        stream.flush().await.unwrap();
    });
    caller.unwrap();
    let version = crate::FrameError::Version { ours: crate::VERSION, theirs: 77 };
    assert!(matches!(called, Refusal::Stranger(PeerError::BadFrame(why)) if why == version));
}

/// Both ends of a connection that both have accepted.
async fn met() -> (Box<TlsStream<TcpStream>>, Box<TlsStream<TcpStream>>) {
    let (a, b, d) = (good(), good(), good());
    let ours = roster(&[&a, &b, &d]);
    let (calls, answers) = (Tls::new(P1, &ours, &b).unwrap(), Tls::new(P0, &ours, &a).unwrap());
    let (caller, called, _) = pair().await;
    let (caller, called) = tokio::join!(calls.call(caller, P0), answers.answer(called));
    (caller.unwrap().0, called.unwrap().0)
}

/// A record that no key fits, as one sends it who has come between.
const WRONG: &[u8] = b"\x17\x03\x03\x00\x22 none of our keys has made this  .";

#[test]
fn one_who_is_turned_away_may_say_anything() {
    run(async {
        let (mut caller, mut called) = met().await;
        let caller = async {
            caller.below().write_all(WRONG).await.unwrap();
            // Our end of the stream, however it is told.
            let _ = caller.read(&mut [0; 8]).await;
        };
        tokio::join!(dismiss(&mut *called), caller);
    });
}

#[test]
fn a_wrong_record_after_our_goodbye_is_an_error_that_has_a_name() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (inbox, events) = std::sync::mpsc::channel();
    let owner = crate::wire::Owner { inbox, counters: Arc::default() };
    let (mut theirs, ours) = runtime.block_on(met());
    let link = crate::link::spawn(runtime.handle(), P1, ours.halves(), &owner, &crate::Options::default());
    link.post(Frame::bare(Kind::Bye));
    runtime.block_on(async {
        let head = crate::link::read_head(&mut theirs, 0, std::time::Duration::from_secs(60)).await.unwrap();
        assert_eq!(head.kind, Kind::Bye);
        // Whatever it does next it has time for.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        theirs.below().write_all(WRONG).await.unwrap();
    });
    match events.recv_timeout(std::time::Duration::from_secs(60)).unwrap() {
        crate::wire::Event::Gone { from: P1, why: PeerError::Altered { .. } } => {}
        other => panic!("{other:?}"),
    }
}
