//! Who is let in, and what both ends learn when it fails.

mod common;

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::*;
use mpc_comm::{
    Agreement, Attendance, ConfigProblem, DealerListener, Error, Frame, Kind, Member, Mesh, Options, PartyId,
    PeerError, Roster, connect, encode_head,
};

/// Field, ours, theirs of a mismatch with a party.
fn mismatch(error: Error, with: u16) -> (String, String, String) {
    match error {
        Error::Peer { peer, kind: PeerError::Handshake { field, ours, theirs }, .. } if peer == PartyId(with) => {
            (field, ours, theirs)
        }
        other => panic!("{other}"),
    }
}

#[test]
fn both_ends_name_the_setting_that_differs() {
    let other = Agreement::default().with("protocol", "test").with("precision", 20);
    let more = agreement().with("debug", "on");
    let cases = [(other, "precision", "16", "20"), (more, "debug", "(absent)", "on")];
    for (theirs, field, here, there) in cases {
        let roster = roster(2, false);
        let starting = [start(&roster, 0, agreement(), options()), start(&roster, 1, theirs, options())];
        let [a, b] = starting.map(|party| party.join().unwrap().unwrap_err());
        assert_eq!(mismatch(a, 1), (field.into(), here.into(), there.into()));
        assert_eq!(mismatch(b, 0), (field.into(), there.into(), here.into()));
    }
}

#[test]
fn sessions_do_not_mix() {
    let roster = roster(2, false);
    let tuesday = Options { session: "tuesday".into(), ..options() };
    let starting = [start(&roster, 0, agreement(), options()), start(&roster, 1, agreement(), tuesday)];
    let [a, b] = starting.map(|party| party.join().unwrap().unwrap_err());
    assert_eq!(mismatch(a, 1), ("session".into(), "default".into(), "tuesday".into()));
    assert_eq!(mismatch(b, 0), ("session".into(), "tuesday".into(), "default".into()));
}

#[test]
fn a_dealer_with_other_settings_and_its_caller_both_learn_it() {
    let roster = roster(2, true);
    let mut listener = DealerListener::bind(&roster, &agreement().with("ring", 64), options()).unwrap();
    let other = agreement().with("ring", 128);
    let starting = [start(&roster, 0, other.clone(), options()), start(&roster, 1, other, options())];
    let error = listener.accept_session().unwrap_err();
    assert!(matches!(&error, Error::Peer { kind: PeerError::Handshake { field, .. }, .. } if field == "ring"));
    for party in starting {
        let error = party.join().unwrap().unwrap_err();
        assert!(error.to_string().contains("`ring`: ours is `128`, theirs is `64`"), "{error}");
    }
    // The listener is still good.
    let right = agreement().with("ring", 64);
    let starting = [start(&roster, 0, right.clone(), options()), start(&roster, 1, right, options())];
    let dealer = loop {
        match listener.accept_session() {
            Ok(dealer) => break dealer,
            // The other caller of before.
            Err(error) => assert!(error.to_string().contains("`ring`"), "{error}"),
        }
    };
    let mut meshes = vec![dealer];
    meshes.extend(starting.map(|party| party.join().unwrap().unwrap()));
    run(meshes, Mesh::finish);
}

#[test]
fn a_wrong_roster_at_one_party_stops_all_parties_soon() {
    let right = roster(4, false);
    for wrong_at in 0..4u16 {
        let mut wrong = right.clone();
        wrong.compute[3].name = "Mallory".into();
        let begin = Instant::now();
        let starting: Vec<_> = (0..4u16)
            .map(|me| {
                // Not all start at once.
                std::thread::sleep(Duration::from_millis(30));
                start(if me == wrong_at { &wrong } else { &right }, me, agreement(), options())
            })
            .collect();
        for (me, party) in starting.into_iter().enumerate() {
            let error = party.join().unwrap().unwrap_err();
            match &error {
                Error::Peer { kind: PeerError::Handshake { field, ours, theirs }, .. } => {
                    assert_eq!(field, "roster");
                    let (mine, other) = if me as u16 == wrong_at { (&wrong, &right) } else { (&right, &wrong) };
                    assert_eq!((ours, theirs), (&mine.digest(), &other.digest()));
                }
                Error::Aborted { cause, .. } => assert!(cause.contains("`roster`"), "{cause}"),
                other => panic!("party {me} with the wrong roster at {wrong_at}: {other}"),
            }
        }
        assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
    }
}

#[test]
fn strangers_do_not_disturb() {
    let roster = roster(2, false);
    let first = start(&roster, 0, agreement(), options());
    let address = &roster.compute[0].address;
    let call = || loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let _silent = call();
    call().write_all(b"GET / HTTP/1.1\r\nHost: somebody\r\nAccept: */*\r\n\r\n").unwrap();
    let mut huge = encode_head(&Frame::bare(Kind::Hello));
    huge[24..].copy_from_slice(&u64::MAX.to_le_bytes());
    call().write_all(&huge).unwrap();
    call().write_all(&encode_head(&frame(0, 0, 1 << 20))).unwrap();
    let mut nonsense = call();
    let hello = Frame::text(Kind::Hello, "from = 'me'");
    nonsense.write_all(&encode_head(&hello)).unwrap();
    nonsense.write_all(hello.body[0].as_bytes()).unwrap();
    drop(call());
    std::thread::sleep(Duration::from_millis(200));
    let second = start(&roster, 1, agreement(), options());
    let meshes = [first, second].map(|party| party.join().unwrap().unwrap());
    run(meshes.into(), Mesh::finish);
}

#[test]
fn a_party_that_is_started_twice_is_turned_away_the_second_time() {
    let roster = roster(3, false);
    let first = start(&roster, 0, agreement(), options());
    let second = start(&roster, 1, agreement(), options());
    std::thread::sleep(Duration::from_millis(500));
    // Party 1's address is taken on this machine; on another it would not be.
    let elsewhere = Options { bind: Some(([127, 0, 0, 1], free_port()).into()), ..options() };
    let error = connect(&roster, PartyId(1), &agreement(), elsewhere).unwrap_err();
    match error {
        Error::Aborted { by: PartyId(0), cause, .. } => assert!(cause.contains("started twice"), "{cause}"),
        other => panic!("{other}"),
    }
    let third = start(&roster, 2, agreement(), options());
    let meshes = [first, second, third].map(|party| party.join().unwrap().unwrap());
    run(meshes.into(), Mesh::finish);
}

#[test]
fn who_does_not_come_is_named() {
    let roster = roster(2, true);
    let impatient = Options { connect_timeout: Duration::from_millis(300), ..options() };
    for (me, missing) in [(1, 0), (0, 1)] {
        let alone = mpc_comm::Roster { dealer: None, ..roster.clone() };
        match connect(&alone, PartyId(me), &agreement(), impatient.clone()).unwrap_err() {
            Error::Peer { peer, kind: PeerError::Unreachable { address, .. }, .. } => {
                assert_eq!((peer, &address), (PartyId(missing), &roster.compute[usize::from(missing)].address));
            }
            other => panic!("{other}"),
        }
    }
    // At a dealer the party that has come is told who has not; the dealer is told too, and may serve on.
    let impatient = Options { connect_timeout: Duration::from_secs(2), ..options() };
    let mut listener = DealerListener::bind(&roster, &agreement(), impatient).unwrap();
    std::thread::scope(|scope| {
        let dealer = scope.spawn(|| {
            let missed = listener.accept_session().unwrap_err();
            assert!(
                matches!(&missed, Error::Peer { peer: PartyId(1), kind: PeerError::Unreachable { .. }, .. }),
                "{missed}"
            );
            listener.accept_session().unwrap()
        });
        match start(&roster, 0, agreement(), options()).join().unwrap().unwrap_err() {
            Error::Aborted { by: PartyId::DEALER, cause, .. } => assert!(cause.contains("missing: P1"), "{cause}"),
            other => panic!("{other}"),
        }
        let mut meshes = all(&roster, &options());
        meshes.push(dealer.join().unwrap());
        run(meshes, Mesh::finish);
    });
}

#[test]
fn plaintext_across_a_network_needs_a_yes() {
    let mut roster = roster(2, false);
    roster.compute[1].address = "192.0.2.1:7000".into();
    match connect(&roster, PartyId(0), &agreement(), options()).unwrap_err() {
        Error::Config(error) => {
            assert_eq!(error.key, "address");
            assert!(matches!(&error.problem, ConfigProblem::Plaintext { address } if address == "192.0.2.1:7000"));
            assert!(error.to_string().contains("--insecure-no-tls"));
        }
        other => panic!("{other}"),
    }
    let impatient = Options { allow_plaintext: true, connect_timeout: Duration::from_millis(200), ..options() };
    let error = connect(&roster, PartyId(0), &agreement(), impatient).unwrap_err();
    assert!(matches!(error, Error::Peer { kind: PeerError::Unreachable { .. }, .. }), "{error}");
}

#[test]
fn impossible_requests_are_config_errors() {
    let with_dealer = roster(2, true);
    let without = roster(2, false);
    let key = |error: Error| match error {
        Error::Config(error) => error.key,
        other => panic!("{other}"),
    };
    assert_eq!(key(connect(&without, PartyId(2), &agreement(), options()).unwrap_err()), "compute");
    assert_eq!(key(connect(&with_dealer, PartyId::DEALER, &agreement(), options()).unwrap_err()), "party");
    assert_eq!(key(DealerListener::bind(&without, &agreement(), options()).unwrap_err()), "dealer");
    let long = agreement().with("essay", "x".repeat(70_000));
    assert_eq!(key(connect(&without, PartyId(0), &long, options()).unwrap_err()), "agreement");
    let _taken = std::net::TcpListener::bind(&without.compute[0].address).unwrap();
    let error = connect(&without, PartyId(0), &agreement(), options()).unwrap_err();
    assert!(matches!(&error, Error::Io { what, .. } if what.contains(&without.compute[0].address)), "{error}");
}

/// A roster with a client.
fn with_client(parties: usize, dealer: bool) -> Roster {
    let client = Member { name: "C".to_owned(), address: String::new(), fingerprint: None };
    Roster { clients: vec![client], ..roster(parties, dealer) }
}

#[test]
fn compute_parties_alone_compare_what_is_among_them() {
    let ours = || agreement().among_parties("package", 7);
    let everybody = with_client(2, true);
    let mut dealer = DealerListener::bind(&everybody, &agreement(), options()).unwrap();
    let starting = [(0, ours()), (1, ours()), (2, agreement())];
    let starting = starting.map(|(me, agreement)| start(&everybody, me, agreement, options()));
    let dealers = dealer.accept_session().unwrap();
    let mut meshes: Vec<_> = starting.into_iter().map(|party| party.join().unwrap().unwrap()).collect();
    meshes.push(dealers);
    run(meshes, Mesh::finish);

    let other = agreement().among_parties("package", 8);
    for (theirs, there) in [(agreement(), "(absent)"), (other, "8")] {
        let roster = roster(2, false);
        let starting = [start(&roster, 0, ours(), options()), start(&roster, 1, theirs, options())];
        let [a, b] = starting.map(|party| party.join().unwrap().unwrap_err());
        assert_eq!(mismatch(a, 1), ("package".into(), "7".into(), there.into()));
        assert_eq!(mismatch(b, 0), ("package".into(), there.into(), "7".into()));
    }
}

#[test]
fn those_who_do_not_attend_are_not_waited_for() {
    for (attendance, roster) in
        [(Attendance::WithoutDealer, roster(2, true)), (Attendance::WithoutClients, with_client(2, false))]
    {
        let meshes = all(&roster, &Options { attendance, ..options() });
        assert!(meshes.iter().all(|mesh| !mesh.has_dealer()));
        run(meshes, Mesh::finish);
    }
}
