//! Sessions over TLS on this machine, with somebody between the parties.

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::*;
use mpc_comm::{
    ConfigProblem, DealerListener, Error, Identity, IdentityError, Mesh, Options, PartyId, PeerError, Result, Roster,
    connect,
};

/// A word that occurs nowhere by chance.
const PATTERN: u64 = 0x6162_7261_6361_6461;

/// What the one between two parties does with the `n`th record of a direction (0: towards the called): what goes on in
/// its place.
type Edit = fn(direction: usize, n: usize, record: Vec<u8>) -> Vec<Vec<u8>>;

fn pass(_: usize, _: usize, record: Vec<u8>) -> Vec<Vec<u8>> {
    vec![record]
}

/// Relays connections and keeps all bytes it has seen.
fn relay(from: &str, to: String, records: bool, edit: Edit) -> Arc<Mutex<Vec<u8>>> {
    let listener = TcpListener::bind(from).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    thread::spawn(move || {
        for near in listener.incoming().map_while(|stream| stream.ok()) {
            let Ok(far) = TcpStream::connect(&to) else { continue };
            let ends = [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)];
            for (direction, (from, to)) in ends.into_iter().enumerate() {
                let seen = Arc::clone(&seen);
                thread::spawn(move || carry(from, to, direction, records, edit, &seen));
            }
        }
    });
    kept
}

fn carry(mut from: TcpStream, mut to: TcpStream, direction: usize, records: bool, edit: Edit, seen: &Mutex<Vec<u8>>) {
    for n in 0.. {
        let Some(record) = next(&mut from, records) else { break };
        seen.lock().unwrap().extend(&record);
        if edit(direction, n, record).iter().any(|record| to.write_all(record).is_err()) {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// The next record of TLS, or with `records` off whatever comes.
fn next(from: &mut TcpStream, records: bool) -> Option<Vec<u8>> {
    if !records {
        let mut some = vec![0; 1 << 16];
        let bytes = from.read(&mut some).ok().filter(|bytes| *bytes > 0)?;
        some.truncate(bytes);
        return Some(some);
    }
    let mut record = vec![0; 5];
    from.read_exact(&mut record).ok()?;
    let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
    record.resize(5 + length, 0);
    from.read_exact(&mut record[5..]).ok()?;
    Some(record)
}

/// Both parties, P1 reaching P0 through a relay; what both end with after some rounds of the pattern.
fn through(edit: Edit, tls: bool) -> ([Result<()>; 2], Arc<Mutex<Vec<u8>>>) {
    let (mut roster, identities) = pinned_roster(2, false);
    if !tls {
        roster.compute.iter_mut().for_each(|member| member.fingerprint = None);
    }
    let real = format!("127.0.0.1:{}", free_port());
    let seen = relay(&roster.compute[0].address, real.clone(), tls, edit);
    let options = |at: usize| Options {
        identity: tls.then(|| identities[at].clone()),
        heartbeat: Duration::from_millis(300),
        silence: Duration::from_secs(2),
        ..options()
    };
    let bound = Options { bind: Some(real.parse().unwrap()), ..options(0) };
    let starting = [start(&roster, 0, agreement(), bound), start(&roster, 1, agreement(), options(1))];
    let talk = |mut mesh: Mesh| {
        let other = PartyId(1 - mesh.me().0);
        for round in 0..8 {
            mesh.send(other, frame(round, PATTERN, 10_000))?;
            let got = mesh.recv(other)?;
            assert!(got.into_body().take(10_000).unwrap().iter().all(|word| *word == PATTERN), "it was altered");
        }
        mesh.finish();
        Ok(())
    };
    let results = starting.map(|party| thread::spawn(move || party.join().unwrap().and_then(talk)));
    (results.map(|result| result.join().unwrap()), seen)
}

fn count(seen: &Mutex<Vec<u8>>) -> usize {
    seen.lock().unwrap().windows(8).filter(|bytes| **bytes == PATTERN.to_le_bytes()).count()
}

#[test]
fn clients_prove_who_they_are_as_parties_do() {
    let (mut roster, mut identities) = pinned_roster(2, false);
    let client = identity("C");
    let fingerprint = Some(client.certificate().fingerprint);
    roster.clients.push(mpc_comm::Member { name: "C".to_owned(), address: String::new(), fingerprint });
    identities.push(client);
    let starting: Vec<_> = (0..3).map(|me| start(&roster, me as u16, agreement(), as_(&identities[me]))).collect();
    for party in starting {
        party.join().unwrap().unwrap();
    }
}

#[test]
fn nothing_that_is_said_can_be_read_on_the_way() {
    let (plain, seen) = through(pass, false);
    assert!(plain.iter().all(|result| result.is_ok()), "{plain:?}");
    assert!(count(&seen) > 100_000, "the search finds what is sent in the clear");
    let says = |seen: &[u8], word: &str| seen.windows(word.len()).any(|bytes| bytes == word.as_bytes());
    let words = ["precision", "contribution", "session", "default"];
    assert!(words.iter().all(|word| says(&seen.lock().unwrap(), word)), "and how all were started");
    let (encrypted, seen) = through(pass, true);
    assert!(encrypted.iter().all(|result| result.is_ok()), "{encrypted:?}");
    assert!(seen.lock().unwrap().len() > 1_000_000 && count(&seen) == 0);
    let seen = seen.lock().unwrap();
    for word in words {
        assert!(!says(&seen, word), "{word:?}");
    }
}

/// The called party and the caller both fail because of each other, one of them since it saw the fault.
fn assert_noticed([called, caller]: [Result<()>; 2]) {
    let (called, caller) = (called.unwrap_err(), caller.unwrap_err());
    assert!(
        matches!(&called, Error::Peer { peer: PartyId(1), kind: PeerError::Altered { .. }, .. }),
        "the called: {called}"
    );
    // It hears of it from TLS, or in the words of the other.
    assert!(
        matches!(&caller, Error::Peer { peer: PartyId(0), kind: PeerError::Tls { .. }, .. })
            || matches!(&caller, Error::Aborted { by: PartyId(0), cause, .. } if cause.contains("altered")),
        "the caller: {caller}"
    );
}

#[test]
fn a_flipped_bit_is_noticed_at_both_ends() {
    assert_noticed(
        through(
            |direction, n, mut record| {
                if (direction, n) == (0, 20) {
                    *record.last_mut().unwrap() ^= 1;
                }
                vec![record]
            },
            true,
        )
        .0,
    );
}

#[test]
fn a_repeated_record_is_noticed_at_both_ends() {
    assert_noticed(
        through(
            |direction, n, record| if (direction, n) == (0, 20) { vec![record.clone(), record] } else { vec![record] },
            true,
        )
        .0,
    );
}

#[test]
fn records_in_another_order_are_noticed_at_both_ends() {
    static HELD: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    assert_noticed(
        through(
            |direction, n, record| match (direction, n) {
                (0, 20) => {
                    *HELD.lock().unwrap() = record;
                    vec![]
                }
                (0, 21) => vec![record, std::mem::take(&mut *HELD.lock().unwrap())],
                _ => vec![record],
            },
            true,
        )
        .0,
    );
}

#[test]
fn a_session_that_is_cut_off_is_not_taken_for_its_end() {
    let ([called, caller], _) = through(
        |direction, n, record| {
            if direction == 0 && n >= 20 { vec![] } else { vec![record] }
        },
        true,
    );
    // Nothing comes any more: `silence` ends it at the called, who tells the caller.
    assert!(called.is_err() && caller.is_err());
}

#[test]
fn parties_and_a_dealer_meet_over_ipv6_and_ipv4_and_share_secrets() {
    let (mut roster, identities) = pinned_roster(3, true);
    for member in roster.compute.iter_mut().skip(1).chain(&mut roster.dealer) {
        member.address = member.address.replace("127.0.0.1", "[::1]");
    }
    let mut listener = DealerListener::bind(&roster, &agreement(), as_(&identities[3])).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for session in ["first", "second"] {
        let starting: Vec<_> = (0..3)
            .map(|me| {
                let options = Options { session: session.into(), ..as_(&identities[me]) };
                start(&roster, me as u16, agreement(), options)
            })
            .collect();
        let dealer = listener.accept_session().unwrap();
        let mut meshes: Vec<Mesh> = starting.into_iter().map(|party| party.join().unwrap().unwrap()).collect();
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

fn identity_error(error: Error, of: u16) -> IdentityError {
    match error {
        Error::Peer { peer, kind: PeerError::Identity(why), .. } if peer == PartyId(of) => why,
        other => panic!("{other}"),
    }
}

#[test]
fn a_stranger_is_turned_away_and_told_and_is_named_when_the_party_does_not_come() {
    let (ours, identities) = pinned_roster(2, false);
    let stranger = identity("P1");
    let mut theirs = ours.clone();
    let shown = stranger.certificate().fingerprint;
    theirs.compute[1].fingerprint = Some(shown);
    let patient = Options { connect_timeout: Duration::from_secs(2), ..as_(&identities[0]) };
    let first = start(&ours, 0, agreement(), patient);
    let error = connect(&theirs, PartyId(1), &agreement(), as_(&stranger)).unwrap_err();
    assert_eq!(identity_error(error, 0), IdentityError::RefusesOurs);
    match first.join().unwrap().unwrap_err() {
        Error::Peer { peer: PartyId(1), kind: PeerError::Unreachable { reason, .. }, .. } => {
            assert!(reason.contains(&shown.to_string()) && reason.contains("pins for nobody"), "{reason}");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_stranger_does_not_keep_the_party_out() {
    let (ours, identities) = pinned_roster(2, false);
    let stranger = identity("P1");
    let mut theirs = ours.clone();
    theirs.compute[1].fingerprint = Some(stranger.certificate().fingerprint);
    let first = start(&ours, 0, agreement(), as_(&identities[0]));
    let error = connect(&theirs, PartyId(1), &agreement(), as_(&stranger)).unwrap_err();
    assert_eq!(identity_error(error, 0), IdentityError::RefusesOurs);
    let second = start(&ours, 1, agreement(), as_(&identities[1]));
    run([first, second].map(|party| party.join().unwrap().unwrap()).into(), Mesh::finish);
}

#[test]
fn a_party_at_anothers_address_is_named() {
    let (ours, identities) = pinned_roster(3, false);
    // P0's operator has exchanged the addresses of P0 and P1.
    let mut theirs = ours.clone();
    let (low, high) = theirs.compute.split_at_mut(1);
    std::mem::swap(&mut low[0].address, &mut high[0].address);
    let _swapped = start(&theirs, 1, agreement(), as_(&identities[1]));
    let error = connect(&ours, PartyId(2), &agreement(), as_(&identities[2])).unwrap_err();
    assert_eq!(identity_error(error, 0), IdentityError::OtherRole { owner: "P1".into() });
}

#[test]
fn tls_at_one_end_only_is_told_to_both() {
    let (pinned, identities) = pinned_roster(2, false);
    let plain = Options { allow_plaintext: true, connect_timeout: Duration::from_secs(2), ..options() };
    let secure = |at: usize| Options { connect_timeout: Duration::from_secs(2), ..as_(&identities[at]) };
    let absent = |error: Error, says: &str| match error {
        Error::Peer { peer: PartyId(1), kind: PeerError::Unreachable { reason, .. }, .. } => {
            assert!(reason.contains(says), "{reason}");
        }
        other => panic!("{other}"),
    };
    // The called has it.
    let first = start(&pinned, 0, agreement(), secure(0));
    match connect(&pinned, PartyId(1), &agreement(), plain.clone()).unwrap_err() {
        Error::Aborted { by: PartyId(0), cause, .. } => {
            assert!(cause.contains("we speak TLS and you do not"), "{cause}")
        }
        other => panic!("{other}"),
    }
    absent(first.join().unwrap().unwrap_err(), "does not speak TLS");
    // The caller has it.
    let first = start(&pinned, 0, agreement(), plain);
    let error = connect(&pinned, PartyId(1), &agreement(), secure(1)).unwrap_err();
    assert_eq!(identity_error(error, 0), IdentityError::NoTls);
    absent(first.join().unwrap().unwrap_err(), "speaks TLS, and we do not");
}

#[test]
fn those_who_say_nothing_or_garbage_keep_nobody_out() {
    let (roster, identities) = pinned_roster(2, false);
    let first = start(&roster, 0, agreement(), as_(&identities[0]));
    let call = || loop {
        match TcpStream::connect(&roster.compute[0].address) {
            Ok(stream) => break stream,
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    };
    // More than are heard at the same time; each would be waited for for ten seconds.
    let crowd: Vec<TcpStream> = (0..300)
        .map(|n| {
            let mut stream = call();
            let _ = match n % 4 {
                0 => stream.write_all(&[22, 3, 1]),
                1 => stream.write_all(&[22, 3, 1, 0xff, 0xff, 1, 0, 0xff, 0xff]),
                2 => stream.write_all(&[0xff; 4096]),
                _ => Ok(()),
            };
            stream
        })
        .collect();
    let begin = Instant::now();
    let second = start(&roster, 1, agreement(), as_(&identities[1]));
    let meshes = [first, second].map(|party| party.join().unwrap().unwrap());
    assert!(begin.elapsed() < Duration::from_secs(8), "the crowd was waited for");
    run(meshes.into(), Mesh::finish);
    drop(crowd);
}

#[test]
fn what_our_own_side_lacks_is_said_before_anybody_is_called() {
    let (pinned, identities) = pinned_roster(2, true);
    let problem = |roster: &Roster, me, options: Options| match connect(roster, PartyId(me), &agreement(), options) {
        Err(Error::Config(error)) => (error.key.clone(), error.problem),
        other => panic!("{other:?}"),
    };
    let (key, why) = problem(&pinned, 0, options());
    assert_eq!((key.as_str(), why), ("identity", ConfigProblem::NoIdentity));
    let (_, why) = problem(&pinned, 0, as_(&identities[1]));
    assert!(matches!(&why, ConfigProblem::OtherCertificate { party, .. } if party == "P0"), "{why}");
    let mut without = pinned.clone();
    without.compute.iter_mut().chain(&mut without.dealer).for_each(|member| member.fingerprint = None);
    let (key, why) = problem(&without, 0, as_(&identities[0]));
    assert!(key == "compute[0].fingerprint" && matches!(why, ConfigProblem::Missing { .. }));
    let mut half = pinned.clone();
    half.compute[1].fingerprint = None;
    assert_eq!(problem(&half, 0, as_(&identities[0])).0, "compute[1].fingerprint");
    let mut twice = pinned.clone();
    twice.compute[1].fingerprint = twice.compute[0].fingerprint;
    assert_eq!(problem(&twice, 0, as_(&identities[0])).0, "compute[1].fingerprint");
    // The dealer's side, too.
    let error = DealerListener::bind(&pinned, &agreement(), as_(&identities[0])).unwrap_err();
    assert!(error.to_string().contains("pins"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let ended = Identity::create("P0", 0, folder.path()).unwrap();
    let mut late = pinned;
    late.compute[0].fingerprint = Some(ended.certificate().fingerprint);
    thread::sleep(Duration::from_millis(1100));
    assert!(matches!(problem(&late, 0, as_(&ended)).1, ConfigProblem::OutOfDate { .. }));
}
