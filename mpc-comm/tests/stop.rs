//! Parties that are told to stop: the others learn that, at once, and who wanted it.

mod common;

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use common::*;
use mpc_comm::{DealerListener, Error, InMemory, Mesh, Options, PartyId, Result, Stop, StoppedBy, connect};

/// Longer than anything here takes, and shorter than the time-outs.
const SOON: Duration = Duration::from_secs(5);

fn with(stop: &Stop) -> Options {
    Options { stop: Some(stop.clone()), ..options() }
}

#[track_caller]
fn assert_told<T: std::fmt::Debug>(result: Result<T>, by: PartyId) {
    match result {
        Err(Error::Aborted { by: found, cause, .. }) => {
            assert!(found == by && cause == "told to stop by its operator (SIGTERM)", "{found}: {cause}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_others_hear_of_it_while_the_party_computes() {
    let (roster, stop) = (roster(2, false), Stop::new());
    let starting = [start(&roster, 0, agreement(), options()), start(&roster, 1, agreement(), with(&stop))];
    let [mut first, mut second] = starting.map(|party| party.join().unwrap().unwrap());
    // Nobody calls anything of the second one: it computes.
    let begin = Instant::now();
    let waiting = thread::spawn(move || first.recv(PartyId(1)));
    stop.now(StoppedBy::Terminate);
    assert_told(waiting.join().unwrap(), PartyId(1));
    assert!(begin.elapsed() < SOON);
    assert!(matches!(second.recv(PartyId(0)), Err(Error::Stopped { by: StoppedBy::Terminate })));
    assert!(matches!(second.send(PartyId(0), frame(0, 0, 1)), Err(Error::Stopped { .. })));
}

#[test]
fn a_party_that_waits_wakes_up() {
    let stop = Stop::new();
    let options = with(&stop);
    let mut meshes = InMemory { options, ..InMemory::default() }.build().0;
    let mut mesh = meshes.remove(0);
    let (tell, told) = channel();
    thread::spawn(move || drop(tell.send(mesh.recv(PartyId(1)).map(drop))));
    stop.now(StoppedBy::Interrupt);
    let result = told.recv_timeout(SOON).unwrap();
    assert!(matches!(result, Err(Error::Stopped { by: StoppedBy::Interrupt })), "{result:?}");
    drop(meshes);
}

#[test]
fn one_that_still_connects_ends_and_tells_those_that_are_there() {
    let (roster, stop) = (roster(3, false), Stop::new());
    // The third never comes.
    let waiting = start(&roster, 0, agreement(), options());
    let stopped = start(&roster, 1, agreement(), with(&stop));
    thread::sleep(Duration::from_millis(300));
    let begin = Instant::now();
    stop.now(StoppedBy::Terminate);
    assert!(matches!(stopped.join().unwrap(), Err(Error::Stopped { .. })));
    assert_told(waiting.join().unwrap(), PartyId(1));
    assert!(begin.elapsed() < SOON);
    // An order that was given before is one too.
    assert!(matches!(connect(&roster, PartyId(1), &agreement(), with(&stop)), Err(Error::Stopped { .. })));
}

#[test]
fn a_dealer_drains_before_it_stops() {
    let (mut roster, stop) = (roster(2, true), Stop::new());
    roster.compute.truncate(2);
    let mut listener = DealerListener::bind(&roster, &agreement(), with(&stop)).unwrap();
    let (parties, mut dealer) = all_with_dealer(&roster, &mut listener, &options());
    let waiting = thread::spawn(move || listener.accept_session().map(drop));
    stop.drain(StoppedBy::Terminate);
    assert!(matches!(waiting.join().unwrap(), Err(Error::Stopped { by: StoppedBy::Terminate })));
    // The session that is under way goes on.
    parties[1].send(PartyId::DEALER, frame(0, 7, 3)).unwrap();
    assert_eq!(dealer.recv_any().unwrap().0, PartyId(1));
    stop.now(StoppedBy::Interrupt);
    assert!(matches!(dealer.recv_any(), Err(Error::Stopped { by: StoppedBy::Interrupt })));
    drop(dealer);
    for result in run(parties, |mut mesh: Mesh| mesh.recv(PartyId::DEALER)) {
        assert!(matches!(&result, Err(Error::Aborted { by: PartyId::DEALER, cause, .. }) if cause.contains("Ctrl-C")));
    }
}

#[test]
fn the_list_does_not_grow_with_the_sessions() {
    let stop = Stop::new();
    for _ in 0..1000 {
        drop(InMemory { options: with(&stop), ..InMemory::default() }.build());
    }
    assert!(format!("{stop:?}").contains("ends: 2"), "{stop:?}");
}
