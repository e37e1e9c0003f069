//! Sessions in one process, and their faults.

mod common;

use std::time::Duration;

use common::*;
use mpc_comm::{
    Error, Fault, FaultKind, Frame, InMemory, Kind, Mesh, Options, PartyId, PeerError, Seeds, Transcript, in_memory,
};

fn is_send<T: Send>() {}

/// Two parties; party 0 sends four frames of three words to party 1, with a fault at the third.
fn faulty(kind: FaultKind) -> (Mesh, Mesh) {
    let fault = Fault { party: PartyId(0), to: PartyId(1), after_frames: 2, kind };
    let options = Options { round_timeout: Duration::from_millis(100), ..Options::default() };
    let (mut meshes, dealer) = InMemory { faults: vec![fault], options, ..InMemory::default() }.build();
    assert!(dealer.is_none());
    let receiver = meshes.pop().unwrap();
    let sender = meshes.pop().unwrap();
    for round in 0..4 {
        sender.send(PartyId(1), frame(round, 6, 3)).unwrap();
    }
    (sender, receiver)
}

fn words(frame: Frame) -> (u64, Vec<u64>) {
    let (round, words) = (frame.round, frame.words());
    (round, frame.into_body().take(words).unwrap().into_vec())
}

fn blame(error: Error) -> (PartyId, PeerError) {
    match error {
        Error::Peer { peer, kind, .. } => (peer, kind),
        other => panic!("{other}"),
    }
}

#[test]
fn a_close_is_seen_at_both_ends() {
    let (mut sender, mut receiver) = faulty(FaultKind::Close);
    assert_eq!(receiver.recv(PartyId(0)).unwrap().round, 0);
    assert_eq!(receiver.recv(PartyId(0)).unwrap().round, 1);
    assert_eq!(blame(receiver.recv(PartyId(0)).unwrap_err()), (PartyId(0), PeerError::Closed));
    assert_eq!(blame(sender.recv(PartyId(1)).unwrap_err()), (PartyId(1), PeerError::Closed));
}

#[test]
fn a_stall_is_a_timeout() {
    let (_sender, mut receiver) = faulty(FaultKind::Stall);
    assert_eq!(receiver.recv(PartyId(0)).unwrap().round, 0);
    assert_eq!(receiver.recv(PartyId(0)).unwrap().round, 1);
    assert_eq!(blame(receiver.recv(PartyId(0)).unwrap_err()), (PartyId(0), PeerError::TimedOut { seconds: 0.1 }));
}

#[test]
fn damage_hits_one_frame() {
    for (kind, third) in [(FaultKind::FlipBit, vec![6, 6, 7]), (FaultKind::Truncate, vec![6, 6])] {
        let (_sender, mut receiver) = faulty(kind);
        let got: Vec<_> = (0..4).map(|_| words(receiver.recv(PartyId(0)).unwrap())).collect();
        assert_eq!(got, [(0, vec![6; 3]), (1, vec![6; 3]), (2, third), (3, vec![6; 3])]);
    }
    let (_sender, mut receiver) = faulty(FaultKind::Duplicate);
    let rounds: Vec<_> = (0..5).map(|_| receiver.recv(PartyId(0)).unwrap().round).collect();
    assert_eq!(rounds, [0, 1, 2, 2, 3]);
}

#[test]
fn a_death_closes_all_links_of_the_dead() {
    let fault = Fault { party: PartyId(0), to: PartyId(1), after_frames: 0, kind: FaultKind::Die };
    let (mut meshes, dealer) = in_memory(3, true, Seeds::Fixed(1), &[fault]);
    meshes[0].send(PartyId(1), frame(0, 0, 1)).unwrap();
    assert_eq!(blame(dealer.unwrap().recv_any().unwrap_err()), (PartyId(0), PeerError::Closed));
    assert_eq!(blame(meshes[1].recv(PartyId(2)).unwrap_err()), (PartyId(0), PeerError::Closed));
    assert_eq!(blame(meshes[2].recv(PartyId(1)).unwrap_err()), (PartyId(0), PeerError::Closed));
    assert_eq!(blame(meshes[0].recv(PartyId(2)).unwrap_err()).1, PeerError::Closed);
}

#[test]
fn secrets_agree_pairwise_and_are_repeatable_only_when_fixed() {
    let secrets = |seeds| {
        let (meshes, dealer) = in_memory(3, true, seeds, &[]);
        let meshes: Vec<Mesh> = meshes.into_iter().chain(dealer).collect();
        let mut secrets = Vec::new();
        for (at, mesh) in meshes.iter().enumerate() {
            for other in &meshes[at + 1..] {
                assert_eq!(mesh.link_secret(other.me()), other.link_secret(mesh.me()));
                secrets.push(*mesh.link_secret(other.me()));
            }
        }
        secrets
    };
    assert_eq!(secrets(Seeds::Fixed(3)), secrets(Seeds::Fixed(3)));
    let mut all = [Seeds::Fixed(3), Seeds::Fixed(4), Seeds::Fresh, Seeds::Fresh].map(secrets).concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 24);
}

#[test]
fn the_first_cause_is_passed_on() {
    let (mut meshes, _) = in_memory(3, false, Seeds::Fresh, &[]);
    meshes[0].abort("the disk is full");
    // Party 1 hears of it and goes; party 2 must not blame party 1.
    let Err(Error::Aborted { by: PartyId(0), cause, .. }) = meshes[1].recv(PartyId(2)) else { panic!("no abort") };
    assert_eq!(cause, "the disk is full");
    meshes[1].abort("party 0 aborted");
    meshes.remove(1);
    let error = meshes[1].recv(PartyId(1)).unwrap_err();
    assert!(matches!(&error, Error::Aborted { by: PartyId(0), cause, .. } if cause == "the disk is full"), "{error}");
}

#[test]
fn a_failed_mesh_tells_the_others_when_it_is_dropped() {
    let fault = Fault { party: PartyId(0), to: PartyId(1), after_frames: 0, kind: FaultKind::Stall };
    let options = Options { round_timeout: Duration::from_millis(50), ..Options::default() };
    let (mut meshes, _) = InMemory { compute: 3, faults: vec![fault], options, ..InMemory::default() }.build();
    meshes[0].send(PartyId(1), frame(0, 0, 1)).unwrap();
    assert_eq!(blame(meshes[1].recv(PartyId(0)).unwrap_err()).0, PartyId(0));
    drop(meshes.remove(1));
    match meshes[1].recv(PartyId(0)).unwrap_err() {
        Error::Aborted { by: PartyId(1), cause, .. } => assert!(cause.contains("party 0"), "{cause}"),
        other => panic!("{other}"),
    }
}

#[test]
fn frames_of_others_are_kept_and_taken_in_turns() {
    is_send::<Mesh>();
    let (meshes, dealer) = in_memory(3, true, Seeds::Fresh, &[]);
    let mut dealer = dealer.unwrap();
    for (at, mesh) in meshes.iter().enumerate() {
        for round in 0..2 {
            mesh.send(PartyId::DEALER, frame(10 * at as u64 + round, 0, 1)).unwrap();
        }
    }
    assert_eq!(dealer.recv(PartyId(2)).unwrap().round, 20);
    let rest: Vec<_> = (0..5).map(|_| dealer.recv_any().unwrap().1.round).collect();
    assert_eq!(rest, [0, 10, 1, 11, 21]);
    meshes.into_iter().for_each(Mesh::finish);
    assert_eq!(blame(dealer.recv_any().unwrap_err()).1, PeerError::Finished);
}

#[test]
fn a_transcript_has_sizes_always_and_words_when_asked() {
    for (transcript, body) in [(Transcript::new(), None), (Transcript::with_words(), Some(vec![5, 5, 1]))] {
        let (mut meshes, _) = InMemory { transcript: Some(transcript.clone()), ..InMemory::default() }.build();
        let body_words = vec![vec![5, 5].into(), vec![1].into()];
        meshes[0].send(PartyId(1), Frame::new(Kind::Round, 3, 4, body_words)).unwrap();
        meshes.remove(0).finish();
        let entries = transcript.between(PartyId(0), PartyId(1));
        assert_eq!((entries.len(), entries[0].words, entries[0].round, entries[0].digest), (2, 3, 3, 4));
        assert_eq!(entries[0].body, body);
        assert!(!format!("{transcript:?}").contains('5'));
        let shape = transcript.shape();
        assert_eq!(shape.values().next().unwrap(), &[(Kind::Round, 3, 3), (Kind::Bye, 0, 0)]);
        assert_eq!(meshes[0].recv(PartyId(0)).unwrap().words(), 3);
        assert_eq!(meshes[0].wire(), (0, 32 + 24, 0));
    }
}
