//! Sessions over TCP on this machine.

mod common;

use std::time::{Duration, Instant};

use common::*;
use mpc_comm::{DealerListener, Error, Frame, Kind, Member, Mesh, Options, PartyId, PeerError};

const MIB: usize = 1 << 20;

#[test]
fn clients_are_linked_to_the_compute_parties_alone() {
    let mut roster = roster(2, true);
    roster.clients =
        ["Ann", "Bea"].map(|name| Member { name: name.to_owned(), address: String::new(), fingerprint: None }).to_vec();
    let mut listener = DealerListener::bind(&roster, &agreement(), options()).unwrap();
    let (mut clients, mut parties, mut dealer) = std::thread::scope(|scope| {
        let accepted = scope.spawn(|| listener.accept_session().unwrap());
        let clients = [2, 3].map(|me| start(&roster, me, agreement(), options()));
        let parties = all(&roster, &options());
        (clients.map(|client| client.join().unwrap().unwrap()), parties, accepted.join().unwrap())
    });
    assert_eq!((dealer.peers().count(), dealer.is_client()), (2, false));
    for client in &clients {
        assert!(client.is_client() && !client.has_dealer());
        assert_eq!((client.peers().count(), client.name(PartyId(3))), (2, "Bea"));
        for stranger in [PartyId::DEALER, PartyId(5 - client.me().0)] {
            let sent = client.send(stranger, Frame::new(Kind::Client, 0, 0, Vec::new()));
            assert!(matches!(sent, Err(Error::Peer { kind: PeerError::Unknown, .. })));
        }
        for to in client.peers() {
            client.send(to, Frame::new(Kind::Client, 0, u64::from(client.me().0), vec![vec![7, 8].into()])).unwrap();
        }
    }
    for party in &mut parties {
        for from in party.clients().collect::<Vec<_>>() {
            let frame = party.recv(from).unwrap();
            assert_eq!((frame.kind, frame.digest, frame.words()), (Kind::Client, u64::from(from.0), 2));
            party.send(from, frame).unwrap();
        }
    }
    for client in &mut clients {
        assert!((0..2).all(|party| client.recv(PartyId(party)).unwrap().words() == 2));
    }
    // A client that says goodbye is no failure; the dealer never knew it.
    let meshes: Vec<_> = clients.into_iter().chain(parties).collect();
    run(meshes, Mesh::finish);
    assert!(matches!(dealer.recv_any(), Err(Error::Peer { kind: PeerError::Finished, .. })));
}

#[test]
fn three_parties_and_a_dealer_exchange_small_and_large_frames() {
    let roster = roster(3, true);
    let mut listener = DealerListener::bind(&roster, &agreement(), options()).unwrap();
    let (mut meshes, dealer) = all_with_dealer(&roster, &mut listener, &options());
    assert_eq!((dealer.me(), dealer.peers().count(), dealer.has_dealer()), (PartyId::DEALER, 3, false));
    assert_eq!(dealer.name(PartyId(2)), "P2");
    meshes.push(dealer);
    let wires = run(meshes, |mut mesh| {
        let me = mesh.me();
        let others: Vec<_> = mesh.peers().chain((!me.is_dealer()).then_some(PartyId::DEALER)).collect();
        for round in 0..6 {
            let words = if round % 2 == 0 { 8 * MIB / 8 } else { round as usize };
            for &to in &others {
                let word = u64::from(me.0) << 32 | u64::from(to.0);
                let body = vec![vec![word; words / 3].into(), vec![word; words - words / 3].into()];
                mesh.send(to, Frame::new(Kind::Round, round, word, body)).unwrap();
            }
            for &from in &others {
                let word = u64::from(from.0) << 32 | u64::from(me.0);
                let got = mesh.recv(from).unwrap();
                assert_eq!((got.round, got.digest, got.words()), (round, word, words));
                assert!(got.into_body().take(words).unwrap().iter().all(|w| *w == word));
            }
        }
        let wire = mesh.wire();
        let start = Instant::now();
        mesh.finish();
        assert!(start.elapsed() < Duration::from_secs(4), "finish waited {:?}", start.elapsed());
        wire
    });
    // To each of three: three large frames, the words of rounds 1, 3 and 5, and six headers.
    let bytes = 3 * (3 * 8 * MIB + (1 + 3 + 5) * 8 + 6 * 32) as u64;
    assert_eq!(wires, [(bytes, bytes, 18); 4]);
}

#[test]
fn link_secrets_agree_pairwise_and_differ_otherwise() {
    let roster = roster(3, true);
    let mut listener = DealerListener::bind(&roster, &agreement(), options()).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for session in ["first", "second"] {
        let options = Options { session: session.to_owned(), ..options() };
        let (mut meshes, dealer) = all_with_dealer(&roster, &mut listener, &options);
        meshes.push(dealer);
        for (at, mesh) in meshes.iter().enumerate() {
            for other in &meshes[at + 1..] {
                assert_eq!(mesh.link_secret(other.me()), other.link_secret(mesh.me()));
                assert!(seen.insert(*mesh.link_secret(other.me())), "a secret occurs twice");
            }
        }
        run(meshes, Mesh::finish);
    }
    assert_eq!(seen.len(), 12);
}

#[test]
fn a_dealer_serves_two_sessions_at_once() {
    let mut listener = None;
    let shared = roster(2, true);
    let mut dealers = Vec::new();
    let mut parties = Vec::new();
    for session in ["a", "b"] {
        let listener = listener.get_or_insert_with(|| DealerListener::bind(&shared, &agreement(), options()).unwrap());
        let options = Options { session: session.to_owned(), ..options() };
        let (meshes, dealer) = all_with_dealer(&shared, listener, &options);
        dealers.push(dealer);
        parties.push(meshes);
    }
    drop(listener);
    std::thread::scope(|scope| {
        for mut dealer in dealers {
            scope.spawn(move || {
                let mut served = 0;
                loop {
                    match dealer.recv_any() {
                        Ok((from, request)) => {
                            dealer.send(from, Frame { kind: Kind::Dealt, ..request }).unwrap();
                            served += 1;
                        }
                        Err(Error::Peer { kind: PeerError::Finished, .. }) => break,
                        Err(other) => panic!("{other}"),
                    }
                }
                assert_eq!(served, 20);
            });
        }
        for (session, meshes) in parties.into_iter().enumerate() {
            scope.spawn(move || {
                run(meshes, |mut mesh| {
                    for round in 0..10 {
                        let word = session as u64 * 100 + u64::from(mesh.me().0);
                        let request = Frame { kind: Kind::Request, ..frame(round, word, 2) };
                        mesh.send(PartyId::DEALER, request.clone()).unwrap();
                        let dealt = mesh.recv(PartyId::DEALER).unwrap();
                        assert_eq!(dealt, Frame { kind: Kind::Dealt, ..request });
                    }
                    mesh.finish();
                })
            });
        }
    });
}

#[test]
fn a_killed_party_is_noticed_also_by_those_who_wait_for_another() {
    let mut meshes = all(&roster(3, false), &options());
    let killed = meshes.remove(1);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for mut mesh in meshes {
            scope.spawn(move || {
                let other = PartyId(2 - mesh.me().0);
                let error = mesh.recv(other).unwrap_err();
                match &error {
                    Error::Peer { peer, name, kind: PeerError::Closed } => assert_eq!((peer.0, &name[..]), (1, "P1")),
                    // The other survivor noticed first, gave up, and says so.
                    Error::Aborted { cause, .. } => assert!(cause.contains("party 1 (P1) closed"), "{cause}"),
                    other => panic!("{other}"),
                }
                assert_eq!(mesh.recv(other).unwrap_err().to_string(), error.to_string());
                assert_eq!(mesh.send(other, frame(0, 0, 1)).unwrap_err().to_string(), error.to_string());
            });
        }
        std::thread::sleep(Duration::from_millis(100));
        drop(killed);
    });
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[test]
fn an_abort_reaches_everybody_with_its_cause() {
    let roster = roster(3, true);
    let mut listener = DealerListener::bind(&roster, &agreement(), options()).unwrap();
    let (mut meshes, mut dealer) = all_with_dealer(&roster, &mut listener, &options());
    let aborting = meshes.remove(0);
    let cause = format!("out of memory {}", "é".repeat(4000));
    std::thread::scope(|scope| {
        let check = |error: Error| match error {
            Error::Aborted { by, name, cause } => {
                assert_eq!((by, &name[..]), (PartyId(0), "P0"));
                assert!(cause.starts_with("out of memory é") && cause.len() <= 4096 && cause.len() > 4000);
            }
            other => panic!("{other}"),
        };
        for mut mesh in meshes {
            scope.spawn(move || {
                let other = PartyId(3 - mesh.me().0);
                check(mesh.recv(other).unwrap_err());
                check(mesh.recv(PartyId::DEALER).unwrap_err());
            });
        }
        scope.spawn(move || check(dealer.recv_any().unwrap_err()));
        aborting.abort(&cause);
        drop(aborting);
    });
}

#[test]
fn after_a_goodbye_what_was_sent_is_still_there() {
    let mut meshes = all(&roster(3, false), &options());
    let (mut c, mut b, a) = (meshes.pop().unwrap(), meshes.pop().unwrap(), meshes.pop().unwrap());
    a.send(PartyId(1), frame(5, 1, 1 << 16)).unwrap();
    a.finish();
    assert_eq!(b.recv(PartyId(0)).unwrap().round, 5);
    match b.recv(PartyId(0)).unwrap_err() {
        Error::Peer { peer: PartyId(0), kind: PeerError::Finished, .. } => {}
        other => panic!("{other}"),
    }
    // It does not disturb the others, and sending to the party that has left is no error.
    b.send(PartyId(0), frame(6, 1, 1)).unwrap();
    b.send(PartyId(2), frame(7, 1, 1)).unwrap();
    assert_eq!(c.recv(PartyId(1)).unwrap().round, 7);
    run(vec![b, c], Mesh::finish);
}

#[test]
fn wrong_uses_are_refused_without_harm() {
    let options = Options { frame_limit: 80, round_timeout: Duration::from_millis(200), ..options() };
    let mut meshes = all(&roster(2, false), &options);
    let mesh = &mut meshes[0];
    assert!(matches!(mesh.send(PartyId(1), frame(0, 0, 11)), Err(Error::FrameTooLarge { bytes: 88, limit: 80 })));
    assert!(matches!(mesh.send(PartyId(1), Frame::bare(Kind::Bye)), Err(Error::Unsendable { kind: Kind::Bye })));
    for nobody in [PartyId(0), PartyId(2), PartyId::DEALER] {
        assert!(matches!(mesh.send(nobody, frame(0, 0, 1)), Err(Error::Peer { kind: PeerError::Unknown, .. })));
        assert!(matches!(mesh.recv(nobody), Err(Error::Peer { kind: PeerError::Unknown, .. })));
    }
    mesh.send(PartyId(1), frame(1, 0, 10)).unwrap();
    assert_eq!(meshes[1].recv(PartyId(0)).unwrap().words(), 10);
    match meshes[1].recv(PartyId(0)).unwrap_err() {
        Error::Peer { peer: PartyId(0), kind: PeerError::TimedOut { seconds }, .. } => assert_eq!(seconds, 0.2),
        other => panic!("{other}"),
    }
}

#[test]
fn a_party_that_gives_no_sign_of_life_is_dead() {
    let roster = roster(2, false);
    let mute = Options { heartbeat: Duration::from_secs(3600), ..options() };
    let wary = Options { silence: Duration::from_millis(300), ..options() };
    let starting = [start(&roster, 0, agreement(), mute), start(&roster, 1, agreement(), wary)];
    let [_mute, mut wary] = starting.map(|party| party.join().unwrap().unwrap());
    let start = Instant::now();
    match wary.recv(PartyId(0)).unwrap_err() {
        Error::Peer { peer: PartyId(0), kind: PeerError::TimedOut { seconds }, .. } => assert_eq!(seconds, 0.3),
        other => panic!("{other}"),
    }
    assert!(start.elapsed() < Duration::from_secs(2));
}
