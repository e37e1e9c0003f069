//! A session through relays, and what its parties play.
#![allow(unreachable_pub)]

use std::time::Duration;

use mpc_comm::{DealerListener, Frame, Identity, Kind, Mesh, Options, PartyId, Roster};

use super::common::*;
use super::relay::{Relay, Rule};

/// Two parties and a dealer, each reached through a relay.
pub struct Stage {
    pub roster: Roster,
    pub identities: Vec<Identity>,
    pub relays: [Relay; 2],
    /// Where party 0 and the dealer really are.
    pub real: [String; 2],
}

impl Stage {
    pub fn new(tls: bool) -> Stage {
        let (mut roster, identities) = pinned_roster(2, true);
        if !tls {
            roster.compute.iter_mut().chain(&mut roster.dealer).for_each(|member| member.fingerprint = None);
        }
        let real = [0; 2].map(|_| format!("127.0.0.1:{}", free_port()));
        let dealer = roster.dealer.as_ref().unwrap().address.clone();
        let relays = [Relay::new(&roster.compute[0].address, &real[0]), Relay::new(&dealer, &real[1])];
        Stage { roster, identities: if tls { identities } else { Vec::new() }, relays, real }
    }

    pub fn options(&self, member: usize, grace: Duration) -> Options {
        let bind = [(0, 0), (2, 1)].into_iter().find(|(listens, _)| *listens == member);
        Options {
            identity: self.identities.get(member).cloned(),
            bind: bind.map(|(_, at)| self.real[at].parse().unwrap()),
            heartbeat: Duration::from_millis(100),
            silence: Duration::from_secs(8),
            round_timeout: Duration::from_secs(120),
            grace,
            ..options()
        }
    }

    /// The parties, the dealer last.
    pub fn connect(&self, options: [Options; 3]) -> (Vec<Mesh>, DealerListener) {
        let [first, second, dealer] = options;
        let mut listener = DealerListener::bind(&self.roster, &agreement(), dealer).unwrap();
        let starting = [(0, first), (1, second)].map(|(me, options)| start(&self.roster, me, agreement(), options));
        let dealer = listener.accept_session().unwrap();
        let parties = starting.into_iter().map(|party| party.join().unwrap().unwrap());
        (parties.chain([dealer]).collect(), listener)
    }

    pub fn with(&self, grace: Duration) -> (Vec<Mesh>, DealerListener) {
        self.connect([0, 1, 2].map(|member| self.options(member, grace)))
    }

    pub fn rule(&self, rule: Rule) {
        self.relays.iter().for_each(|relay| relay.rule(rule));
    }

    pub fn cuts(&self) -> usize {
        self.relays.iter().map(Relay::cuts).sum()
    }
}

/// Everything that somebody received, and what its traffic was.
pub type Received = (Vec<(PartyId, Frame)>, (u64, u64, u64), u64);

/// Rounds of frames of all sizes up to `most` words, and a correction of the dealer in each.
pub fn play(meshes: Vec<Mesh>, rounds: u64, most: usize, last: impl Fn() + Sync) -> Vec<(Received, (u64, u64))> {
    run(meshes, |mut mesh| {
        let (me, mut received) = (mesh.me(), Vec::new());
        let body = |round: u64, from: PartyId| {
            let words = (round as usize * 7919 + usize::from(from.0)) % (most + 1);
            vec![(0..words as u64).map(|at| at * 31 + round).collect::<Vec<_>>().into()]
        };
        let say = |kind, round, from: PartyId| Frame::new(kind, round, u64::from(from.0), body(round, from));
        for round in 0..rounds {
            if me.is_dealer() {
                for _ in 0..2 {
                    let (from, frame) = mesh.recv_any().unwrap();
                    mesh.send(from, say(Kind::Dealt, frame.round, me)).unwrap();
                    received.push((from, frame));
                }
                continue;
            }
            let other = PartyId(1 - me.0);
            mesh.send(PartyId::DEALER, say(Kind::Request, round, me)).unwrap();
            mesh.send(other, say(Kind::Round, round, me)).unwrap();
            for from in [PartyId::DEALER, other] {
                received.push((from, mesh.recv(from).unwrap()));
            }
        }
        received.sort_by_key(|(from, frame)| (*from, frame.round));
        let (wire, interruptions) = (mesh.wire(), mesh.interruptions());
        let arrived = mesh.arrived();
        last();
        mesh.finish();
        ((received, wire, arrived), interruptions)
    })
}
