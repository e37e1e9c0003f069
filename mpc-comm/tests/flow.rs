//! Back-pressure: memory stays bounded and nobody waits for ever.

mod common;

use std::time::Duration;

use common::*;
use mpc_comm::{Mesh, Options, PartyId};

const MIB: u64 = 1 << 20;
const FRAMES: u64 = 64;
const WORDS: usize = (8 * MIB / 8) as usize;

/// A party that sends 64 frames of 8 MiB as fast as it can, and two that have room for two.
fn flood() -> (Vec<Mesh>, Mesh) {
    let options = Options { inbox_bytes: 16 * MIB + 4096, ..options() };
    let mut meshes = all(&roster(3, false), &options);
    let sender = meshes.remove(0);
    let body = frame(0, 7, WORDS).body;
    for round in 0..FRAMES {
        let mut frame = frame(round, 0, 0);
        frame.body = body.clone();
        sender.send(PartyId(1), frame).unwrap();
    }
    (meshes, sender)
}

#[test]
fn an_idle_receiver_takes_in_no_more_than_its_inbox() {
    let (mut meshes, sender) = flood();
    std::thread::sleep(Duration::from_millis(700));
    let received = meshes[0].arrived();
    assert!(received > 15 * MIB, "{received}");
    assert!(received <= 16 * MIB + 4096, "{received}");
    let mut taken = 0;
    for round in 0..FRAMES {
        let got = meshes[0].recv(PartyId(0)).unwrap();
        assert_eq!((got.round, got.words()), (round, WORDS));
        taken += got.bytes();
        assert_eq!(meshes[0].wire().1, taken + (round + 1) * 32);
        assert!(meshes[0].arrived() <= taken + 16 * MIB + 4096);
    }
    meshes.push(sender);
    run(meshes, Mesh::finish);
}

#[test]
fn a_flood_does_not_keep_others_from_being_heard() {
    let (mut meshes, mut sender) = flood();
    // Party 1 waits for party 2, which waits for party 0, which has long been flooding party 1.
    let mut third = meshes.pop().unwrap();
    let mut flooded = meshes.pop().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(flooded.recv(PartyId(2)).unwrap().round, 100);
            assert!(flooded.arrived() <= 16 * MIB + 4096 + 64);
            flooded.send(PartyId(0), frame(101, 0, 1)).unwrap();
            for round in 0..FRAMES {
                assert_eq!(flooded.recv(PartyId(0)).unwrap().round, round);
            }
        });
        scope.spawn(|| {
            assert_eq!(third.recv(PartyId(0)).unwrap().round, 99);
            third.send(PartyId(1), frame(100, 0, 1)).unwrap();
        });
        std::thread::sleep(Duration::from_millis(300));
        sender.send(PartyId(2), frame(99, 0, 1)).unwrap();
        assert_eq!(sender.recv(PartyId(1)).unwrap().round, 101);
    });
    run(vec![flooded, third, sender], Mesh::finish);
}

#[test]
fn a_frame_larger_than_the_inbox_is_let_through_alone() {
    let options = Options { inbox_bytes: MIB, ..options() };
    let mut meshes = all(&roster(2, false), &options);
    let mut receiver = meshes.pop().unwrap();
    for round in 0..3 {
        meshes[0].send(PartyId(1), frame(round, 1, WORDS)).unwrap();
    }
    std::thread::sleep(Duration::from_millis(300));
    assert!(receiver.arrived() <= 8 * MIB + 64);
    for round in 0..3 {
        assert_eq!(receiver.recv(PartyId(0)).unwrap().round, round);
    }
    // Even a party that never reads does not keep the other from finishing, only for a while.
    meshes[0].send(PartyId(1), frame(9, 1, WORDS)).unwrap();
    meshes.push(receiver);
    run(meshes, Mesh::finish);
}
