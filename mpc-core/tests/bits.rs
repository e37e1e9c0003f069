//! Bits over an axis, of whole rows, and from a party: against plain Rust, with their exact rounds.

mod common;

use common::{Alice, Bob, agreed, alice, bob, close};
use mpc_core::{ProtocolKind, Session, sim::Sim};

fn bit_at(i: usize, size: usize) -> bool {
    // The first row has all, the second none, the third all but the last, the fourth some.
    match i / size {
        0 => true,
        1 => false,
        2 => i % size + 1 < size,
        _ => i.is_multiple_of(3),
    }
}

#[test]
fn all_any_and_count_over_an_axis() {
    for (protocol, parties) in [(ProtocolKind::Dealer, 2), (ProtocolKind::Dealer, 3), (ProtocolKind::Plain, 3)] {
        for (size, levels) in [(1, 0), (2, 1), (3, 1), (4, 1), (5, 2), (8, 2), (16, 2), (17, 3), (64, 3), (100, 4)] {
            let sim = Sim::new(parties).protocol(protocol);
            agreed(sim.run(async |s: Session| {
                let known = s.input_bits::<Alice>([4, size], || (0..4 * size).map(|i| bit_at(i, size)).collect());
                let bits = known.share() ^ s.input_bits::<Bob>([4, size], || vec![false; 4 * size]);
                s.flush();
                let before = s.traffic().total.rounds;
                let all = bits.all(1);
                s.flush();
                let rounds = s.traffic().total.rounds - before;
                assert_eq!(rounds, if protocol == ProtocolKind::Dealer { levels } else { 0 }, "{size}");
                let row = |i: usize| (0..size).map(move |j| bit_at(i * size + j, size));
                assert!(all.reveal().await?.into_iter().eq((0..4).map(|i| row(i).all(|bit| bit))));
                assert!(bits.t().any(0).reveal().await?.into_iter().eq((0..4).map(|i| row(i).any(|bit| bit))));
                let count = |i: usize| row(i).filter(|&bit| bit).count() as f64;
                close(bits.count(1).reveal().await?, (0..4).map(count), 0.0);
                let mine = known.all(1).await?; // free: its owner knows them
                assert_eq!(
                    mine.map(|bits| bits.into_iter().eq((0..4).map(|i| row(i).all(|bit| bit)))),
                    s.only::<Alice, _>(|| true)
                );
                Ok(())
            }));
        }
    }
}

#[test]
fn joined_bits_of_all_visibilities() {
    agreed(Sim::new(3).run(async |s: Session| {
        let mine = s.input_bits::<Alice>([3, 50], || (0..150).map(|i| i % 3 == 0).collect());
        let known = s.public([3, 41], &(0..123).map(|i| f64::from(i % 5)).collect::<Vec<_>>()).gt(2.0);
        let secret = bob(&s, [3, 70], |i| (i % 7) as f64).lt(2.0);
        let expected = |k: usize| match (k / 161, k % 161) {
            (row, at) if at < 50 => (50 * row + at) % 3 == 0,
            (row, at) if at < 91 => (41 * row + at - 50) % 5 > 2,
            (row, at) => (70 * row + at - 91) % 7 < 2,
        };
        let joined = mine.concat(&known, 1);
        assert!(joined.share().reveal().await?.into_iter().eq((0..273).map(|k| expected(k / 91 * 161 + k % 91))));
        assert!(joined.concat(&secret, 1).reveal().await?.into_iter().eq((0..483).map(expected)));
        Ok(())
    }));
}

#[test]
fn whole_rows_are_compared() {
    for parties in [2, 3] {
        agreed(Sim::new(parties).run(async |s: Session| {
            let value = |i: usize| (i % 11) as f64 - 5.25;
            let x = alice(&s, [5, 20], value);
            let y = bob(&s, [5, 20], |i| value(i) + if i == 39 || i == 60 { 1.0 / 65536.0 } else { 0.0 });
            s.flush();
            let before = s.traffic().total.rounds;
            let equal = x.rows_equal(&y);
            s.flush();
            assert_eq!(s.traffic().total.rounds - before, 3 + 3);
            assert!(equal.reveal().await?.into_iter().eq([true, false, true, false, true]));
            Ok(())
        }));
    }
}

#[test]
fn a_wrong_number_of_bits_stops_the_session() {
    let seen = Sim::new(2).run(async |s: Session| s.input_bits::<Alice>(3, || vec![true; 2]).share().reveal().await);
    assert!(
        matches!(seen[0], Err(mpc_core::Error::Input { .. }))
            && matches!(seen[1], Err(mpc_core::Error::Aborted { .. }))
    );
}

#[test]
fn an_axis_without_bits() {
    agreed(Sim::new(2).run(async |s: Session| {
        let none = alice(&s, [2, 0], |_| 0.0).lt(1.0);
        assert!(none.all(1).reveal().await?.into_iter().eq([true; 2]));
        assert!(none.any(1).reveal().await?.into_iter().eq([false; 2]));
        assert!(none.all(2).handle().error().is_some());
        Ok(())
    }));
}
