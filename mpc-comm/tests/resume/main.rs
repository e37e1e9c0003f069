//! Links that are interrupted and come back: nothing is lost, nothing comes twice, and nobody else can take one over.

#[path = "../common/mod.rs"]
mod common;
mod relay;
mod stage;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use common::*;
use mpc_comm::{Error, Mesh, Options, PartyId, PeerError, Stop, StoppedBy};
use relay::Rule;
use stage::{Stage, play};

const GRACE: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(600);
const HELLO: u8 = 1;
const P0: PartyId = PartyId(0);
const P1: PartyId = PartyId(1);

/// Plays under a rule, and checks that nobody notices.
fn assert_unnoticed(tls: bool, rounds: u64, most: usize, rule: Rule, at_least: usize) {
    let stage = Stage::new(tls);
    let (meshes, _listener) = stage.with(Duration::ZERO);
    let expected = play(meshes, rounds, most, || {});
    let stage = Stage::new(tls);
    stage.rule(rule);
    let (meshes, _listener) = stage.with(GRACE);
    let found = play(meshes, rounds, most, || stage.rule(Rule::Pass));
    assert!(stage.cuts() >= at_least, "{rule:?}: only {} cuts", stage.cuts());
    let back: u64 = found.iter().map(|(_, (_, resumed))| resumed).sum();
    // Each is seen by both ends, but for those while all connect.
    assert!(back as usize >= at_least, "{rule:?}: {back} links came back");
    for ((found, _), (expected, _)) in found.iter().zip(&expected) {
        assert!(found.0 == expected.0, "{rule:?}: other frames");
        assert_eq!(found.1, expected.1, "{rule:?}: other traffic");
        // A goodbye may be there or not.
        assert!([0, 32, 64].contains(&(found.2 - found.1.1)), "{rule:?}: other bytes arrived");
    }
}

#[test]
fn cut_after_every_few_bytes() {
    // What a link takes to come back passes, and one frame of each sort.
    for (every, most) in [(1021, 20), (2311, 60), (4099, 250)] {
        assert_unnoticed(false, 60, most, Rule::Bytes(every), 10);
    }
}

#[test]
fn cut_after_every_few_frames() {
    for every in [7, 10, 13] {
        assert_unnoticed(false, 30, 100, Rule::Frames(every), 10);
    }
}

#[test]
fn cut_over_tls() {
    assert_unnoticed(true, 40, 1000, Rule::Bytes(20_011), 10);
    assert_unnoticed(true, 60, 100, Rule::Bytes(7919), 10);
}

#[test]
fn a_link_that_falls_silent_comes_back() {
    for tls in [false, true] {
        let stage = Stage::new(tls);
        let silence = Duration::from_millis(500);
        let (meshes, _listener) =
            stage.connect([0, 1, 2].map(|member| Options { silence, ..stage.options(member, GRACE) }));
        stage.rule(Rule::Mute);
        let (relays, at) = (stage.relays.clone(), Instant::now());
        let mend = thread::spawn(move || {
            thread::sleep(Duration::from_millis(300));
            // What is open now stays mute until somebody gives it up.
            relays.iter().for_each(|relay| relay.rule(Rule::Pass));
        });
        let found = play(meshes, 5, 10, || {});
        mend.join().unwrap();
        assert!(at.elapsed() >= Duration::from_millis(300));
        assert!(found.iter().all(|((received, ..), _)| received.len() == 10));
    }
}

/// What both parties' sessions end with when party 1's link to party 0 goes down for good; and the dealer's.
fn lost(meshes: Vec<Mesh>) -> Vec<Error> {
    run(meshes, |mut mesh| match mesh.me() {
        PartyId::DEALER => mesh.recv_any().map(drop).unwrap_err(),
        me => mesh.recv(PartyId(1 - me.0)).map(drop).unwrap_err(),
    })
}

fn is_not_back(error: &Error, of: PartyId) -> bool {
    matches!(error, Error::Peer { peer, kind: PeerError::NotBack { seconds: 0.6, .. }, .. } if *peer == of)
}

#[test]
fn after_the_grace_the_session_ends_and_all_hear_why() {
    for tls in [false, true] {
        let stage = Stage::new(tls);
        let (meshes, _listener) = stage.with(SHORT);
        let start = Instant::now();
        stage.relays[0].rule(Rule::Closed);
        stage.relays[0].cut();
        let errors = lost(meshes);
        assert!(start.elapsed() >= SHORT);
        // One of them was first, and the other has perhaps heard of it through the dealer.
        assert!(is_not_back(&errors[0], P1) || is_not_back(&errors[1], P0), "{errors:?}");
        for error in &errors {
            let told =
                matches!(error, Error::Aborted { cause, .. } if cause.contains("did not come back within 0.6 s"));
            assert!(told || is_not_back(error, P1) || is_not_back(error, P0), "{error}");
        }
    }
}

#[test]
fn the_smaller_grace_holds_and_none_is_none() {
    let stage = Stage::new(false);
    let (meshes, _listener) = stage.connect([(0, GRACE), (1, SHORT), (2, GRACE)].map(|(m, g)| stage.options(m, g)));
    stage.relays[0].rule(Rule::Closed);
    stage.relays[0].cut();
    let errors = lost(meshes);
    assert!(is_not_back(&errors[0], P1) || is_not_back(&errors[1], P0), "{errors:?}");
    let stage = Stage::new(false);
    let none = Duration::ZERO;
    let (meshes, _listener) = stage.connect([(0, GRACE), (1, none), (2, GRACE)].map(|(m, g)| stage.options(m, g)));
    stage.relays[0].cut();
    let closed = |error: &Error| matches!(error, Error::Peer { kind: PeerError::Closed, .. });
    let errors = lost(meshes);
    assert!(closed(&errors[0]) || closed(&errors[1]), "{errors:?}");
}

/// Lets go of what would wait for others.
fn leave<T: Send + 'static>(what: T) {
    thread::spawn(move || drop(what));
}

#[test]
fn a_caller_that_was_started_anew_is_told_and_ends_the_session() {
    let stage = Stage::new(false);
    let (mut meshes, _listener) = stage.with(GRACE);
    // The old process gets through no more, and the new one greets.
    stage.relays[0].rule(Rule::Only(HELLO));
    stage.relays[0].cut();
    // A link that lives is not touched by a second process.
    let begin = Instant::now();
    while meshes[0].interruptions().0 == 0 {
        assert!(begin.elapsed() < GRACE, "it does not notice");
        thread::sleep(Duration::from_millis(1));
    }
    let anew = start(&stage.roster, 1, agreement(), stage.options(1, GRACE));
    let found = meshes[0].recv(P1).unwrap_err();
    assert!(matches!(found, Error::Peer { peer: P1, kind: PeerError::Restarted, .. }), "{found}");
    match anew.join().unwrap().unwrap_err() {
        Error::Aborted { by: P0, cause, .. } => assert!(cause.contains("the session has begun"), "{cause}"),
        other => panic!("{other}"),
    }
    leave(meshes);
}

#[test]
fn a_listener_that_was_started_anew_is_told_and_ends_the_session() {
    for tls in [false, true] {
        let stage = Stage::new(tls);
        let (mut meshes, listener) = stage.with(GRACE);
        let elsewhere = format!("127.0.0.1:{}", free_port());
        let bound = Options { bind: Some(elsewhere.parse().unwrap()), ..stage.options(0, GRACE) };
        let anew = start(&stage.roster, 0, agreement(), bound);
        stage.relays[0].turn_to(&elsewhere);
        stage.relays[0].cut();
        let found = meshes[1].recv(P0).unwrap_err();
        assert!(matches!(found, Error::Peer { peer: P0, kind: PeerError::Restarted, .. }), "{found}");
        leave((meshes, listener, anew));
    }
}

#[test]
fn a_caller_that_comes_too_late_hears_it() {
    let stage = Stage::new(false);
    let (mut meshes, _listener) = stage.with(SHORT);
    // Nobody gets through to the dealer until it has given up; who calls gets no answer meanwhile.
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    stage.relays[1].turn_to(&deaf.local_addr().unwrap().to_string());
    stage.relays[1].cut();
    let error = meshes[2].recv_any().unwrap_err();
    assert!(matches!(error, Error::Peer { kind: PeerError::NotBack { .. }, .. }), "{error}");
    let ends: Vec<Error> = meshes.iter_mut().take(2).map(|mesh| mesh.recv(PartyId::DEALER).unwrap_err()).collect();
    for error in &ends {
        let not_back =
            |kind: &PeerError| matches!(kind, PeerError::NotBack { reason, .. } if reason == "it did not answer");
        let late = matches!(error, Error::Peer { peer: PartyId::DEALER, kind, .. } if not_back(kind));
        assert!(late || matches!(error, Error::Aborted { .. }), "{error}");
    }
    leave(meshes);
}

#[test]
fn a_caller_whose_link_was_given_up_hears_why() {
    // The caller waits longer: as if it had noticed later.
    let stage = Stage::new(false);
    let (meshes, _listener) = stage.with(GRACE);
    let [first, mut second, dealer]: [Mesh; 3] = meshes.try_into().unwrap();
    stage.relays[1].rule(Rule::Closed);
    stage.relays[1].cut();
    // The dealer ends the link as it does when a worker of it has failed.
    dealer.postbox(P1).unwrap().hang_up();
    thread::sleep(Duration::from_millis(50));
    stage.relays[1].rule(Rule::Pass);
    match second.recv(PartyId::DEALER).unwrap_err() {
        Error::Peer { peer: PartyId::DEALER, kind: PeerError::GaveUp { cause }, .. } => {
            assert!(cause.contains("it has ended this link"), "{cause}");
        }
        other => panic!("{other}"),
    }
    leave((first, second, dealer));
}

/// Reads frames until there are no more, and gives their kinds and rounds.
fn answers(stream: &mut TcpStream) -> Vec<(u8, u64)> {
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (mut all, mut found) = (Vec::new(), Vec::new());
    // A reset is an end as well.
    let _ = stream.read_to_end(&mut all);
    let mut rest = &all[..];
    while rest.len() >= 32 {
        let word = |at: usize| u64::from_le_bytes(rest[at..at + 8].try_into().unwrap());
        let (kind, round, bytes) = (rest[5], word(8), word(24) as usize);
        found.push((kind, round));
        rest = &rest[(32 + bytes).min(rest.len())..];
    }
    found
}

/// What callers say first when a link comes back: messages 1 and 3.
const MESSAGES: [usize; 2] = [32 + 56, 32 + 40];

#[test]
fn strangers_and_replays_are_refused_and_disturb_nobody() {
    const RESUME: u8 = 9;
    let stage = Stage::new(false);
    let (meshes, _listener) = stage.with(GRACE);
    stage.relays[0].cut();
    let [mut first, second, dealer]: [Mesh; 3] = meshes.try_into().unwrap();
    second.send(P0, frame(1, 1, 1)).unwrap();
    assert_eq!(first.recv(P1).unwrap().round, 1);
    let said = stage.relays[0].said().pop().unwrap();
    assert_eq!(said[5], RESUME);
    let (one, rest) = said.split_at(MESSAGES[0]);
    let three = &rest[..MESSAGES[1]];
    let attempt = |one: &[u8], three: &[u8]| {
        let mut stream = TcpStream::connect(&stage.real[0]).unwrap();
        stream.write_all(one).unwrap();
        stream.write_all(three).unwrap();
        answers(&mut stream)
    };
    // A replay gets a challenge, which the old proof does not answer.
    assert_eq!(attempt(one, three), [(RESUME, 2)]);
    // Nobody knows this link.
    let mut other = one.to_vec();
    other[32 + 8] ^= 1;
    assert_eq!(attempt(&other, three), [(RESUME, 5)]);
    // It is not the one of this party.
    let mut other = one.to_vec();
    other[32 + 2] ^= 3;
    assert_eq!(attempt(&other, three), []);
    // A process that greets as that party, while its link lives.
    let hello = stage.relays[0].said().remove(0);
    assert_eq!(attempt(&hello, &[]), [(5, 0)]);
    // The link is the one that it was.
    let before = first.interruptions();
    for round in 2..5 {
        second.send(P0, frame(round, 1, 1)).unwrap();
        assert_eq!(first.recv(P1).unwrap().round, round);
    }
    assert_eq!(first.interruptions(), before);
    run(vec![first, second, dealer], Mesh::finish);
}

#[test]
fn who_is_told_to_stop_does_not_wait_for_a_link() {
    let (stage, stop) = (Stage::new(false), Stop::new());
    let stopped = Options { stop: Some(stop.clone()), ..stage.options(1, GRACE) };
    let (mut meshes, _listener) = stage.connect([stage.options(0, GRACE), stopped, stage.options(2, GRACE)]);
    stage.relays[0].rule(Rule::Closed);
    stage.relays[0].cut();
    let start = Instant::now();
    stop.now(StoppedBy::Terminate);
    let mut second = meshes.remove(1);
    assert!(matches!(second.recv(P0), Err(Error::Stopped { by: StoppedBy::Terminate })));
    leave(second);
    // The dealer hears it, and party 0 from the dealer.
    for mut mesh in meshes.into_iter().rev() {
        let told = if mesh.me().is_dealer() { mesh.recv_any().map(drop) } else { mesh.recv(P1).map(drop) };
        assert!(matches!(&told, Err(Error::Aborted { by: P1, .. })), "{told:?}");
        leave(mesh);
    }
    assert!(start.elapsed() < GRACE / 2);
}

#[test]
fn the_last_frames_arrive_although_their_sender_has_finished() {
    let stage = Stage::new(false);
    let (mut meshes, _listener) = stage.with(GRACE);
    for relay in &stage.relays {
        relay.rule(Rule::Closed);
        relay.cut();
    }
    let first = meshes.remove(0);
    first.send(P1, frame(3, 3, 3)).unwrap();
    let finishing = thread::spawn(move || first.finish());
    thread::sleep(Duration::from_millis(200));
    stage.rule(Rule::Pass);
    let mut second = meshes.remove(0);
    assert_eq!(second.recv(P0).unwrap(), frame(3, 3, 3));
    let end = second.recv(P0).unwrap_err();
    assert!(matches!(end, Error::Peer { kind: PeerError::Finished, .. }), "{end}");
    second.finish();
    finishing.join().unwrap();
}

#[test]
fn a_program_that_ends_without_a_goodbye_says_so() {
    let stage = Stage::new(false);
    let (mut meshes, _listener) = stage.with(GRACE);
    let start = Instant::now();
    drop(meshes.remove(1));
    match meshes[0].recv(P1).unwrap_err() {
        Error::Aborted { by: P1, cause, .. } => assert!(cause.contains("ended in the middle"), "{cause}"),
        other => panic!("{other}"),
    }
    assert!(start.elapsed() < GRACE / 2);
}
