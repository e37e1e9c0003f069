//! What goes wrong ends with a typed error at every party, soon; never a hang or a wrong number.

mod common;

use common::{Alice, Bob, agreed, alice, bob};
use mpc_comm::{Fault, FaultKind, Options, PartyId, PeerError};
use mpc_core::{Error, InputError, Result, Session, Usage, sim::Sim};
use std::time::{Duration, Instant};

/// Less than the time-out: who notices nothing until then takes longer.
const SOON: Duration = Duration::from_secs(20);

fn sim(parties: usize) -> Sim {
    Sim::new(parties).options(Options { round_timeout: Duration::from_secs(30), ..Options::default() })
}

async fn program(s: Session) -> Result<f64> {
    let (x, y) = (alice(&s, 100, |i| i as f64 / 10.0), bob(&s, 100, |i| 5.0 - i as f64 / 10.0));
    let z = (x * y).sigmoid();
    let first = z.reveal().sum().item().await?;
    (z.step() * 2.0).mean().reveal().item().await.map(|second| first + second)
}

#[test]
fn a_fault_in_any_frame_of_any_link_is_noticed_everywhere_or_harmless() {
    let expected = agreed(sim(3).run(program));
    let parties = [PartyId(0), PartyId(1), PartyId(2), PartyId::DEALER];
    let kinds = [FaultKind::Close, FaultKind::Die, FaultKind::FlipBit, FaultKind::Truncate, FaultKind::Duplicate];
    let (mut failed, mut passed) = (0, 0);
    for kind in kinds {
        for party in parties {
            for to in parties.into_iter().filter(|to| *to != party) {
                for after_frames in [0, 1, 2, 5, 8] {
                    let fault = Fault { party, to, after_frames, kind };
                    let start = Instant::now();
                    // A request to the dealer with a bit flipped is one for something else, and the answer to ours never
                    // comes.
                    let options = Options { round_timeout: Duration::from_secs(2), ..Options::default() };
                    let results = Sim::new(3).options(options).fault(fault).run(program);
                    assert!(start.elapsed() < SOON, "{fault:?}");
                    let good = results.iter().filter(|result| result.is_ok()).count();
                    let flip = kind == FaultKind::FlipBit;
                    for result in &results {
                        match result {
                            // A semi-honest protocol does not notice a flipped bit of an opening: transport does (TLS).
                            Ok(value) => assert!(flip || (value - expected).abs() < 1e-2, "{fault:?}: {value}"),
                            Err(Error::Peer { .. } | Error::Aborted { .. } | Error::Diverged { .. }) => {}
                            Err(Error::Preprocessing(_)) => {}
                            Err(error) => panic!("{fault:?}: {error:?}"),
                        }
                    }
                    if good < results.len() { failed += 1 } else { passed += 1 }
                }
            }
        }
    }
    assert!(failed > 100 && passed > 0, "{failed} failed, {passed} passed");
}

#[test]
fn a_silent_link_times_out() {
    let fault = Fault { party: PartyId(1), to: PartyId(0), after_frames: 1, kind: FaultKind::Stall };
    let start = Instant::now();
    let options = Options { round_timeout: Duration::from_millis(300), ..Options::default() };
    let results = Sim::new(2).options(options).fault(fault).run(program);
    assert!(start.elapsed() < SOON);
    let timed_out = |r: &Result<f64>| match r {
        Err(Error::Peer { kind: PeerError::TimedOut { .. }, .. }) => true,
        Err(Error::Aborted { cause, .. }) => cause.contains("sent nothing for 0.3 s"),
        _ => false,
    };
    assert!(results.iter().all(timed_out), "{results:?}");
}

#[test]
fn diverged_programs_are_told_where() {
    for parties in [2, 3] {
        let results = sim(parties).run(async |s: Session| {
            let (x, y) = (alice(&s, 1, |_| 2.0), bob(&s, 1, |_| 3.0));
            // Bob's program scales by another number: the same shapes, the same messages, garbage if nobody looked.
            let factor = if s.is::<Bob>() { 0.25 } else { 0.75 };
            let _layer = s.scope("head");
            (x * y * factor).reveal().item().await
        });
        for result in results {
            match result {
                Err(Error::Diverged { ours, theirs, scope, near, .. }) => {
                    assert!(ours != theirs && &*scope == "head/reveal" && near.file() == file!());
                }
                Err(Error::Aborted { cause, .. }) => assert!(cause.contains("runs another program"), "{cause}"),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_party_that_records_more_does_not_wait_for_a_dealer_that_was_never_asked() {
    for parties in [2, 3] {
        for shift in 0..4 {
            for after in [false, true] {
                let start = Instant::now();
                let results = sim(parties).run(async |s: Session| {
                    let (mut x, y) = (alice(&s, 3, |_| 2.0), bob(&s, 3, |_| 3.0));
                    for _ in 0..shift {
                        x += 1.0; // other numbers of ops: the dealer's answer would go to another party
                    }
                    let more = |s: &Session| s.is::<Bob>().then(|| &x * &y);
                    let first = if after { None } else { more(&s) };
                    let sum = (&x + &y).sum().reveal();
                    let last = if after { more(&s) } else { None };
                    let answer = sum.item().await;
                    drop((first, last));
                    answer
                });
                assert!(start.elapsed() < SOON, "{parties} {shift} {after}: {:?}", start.elapsed());
                let told = |r: &Result<f64>| matches!(r, Err(Error::Diverged { .. } | Error::Aborted { .. }));
                assert!(results.iter().all(told), "{results:?}");
            }
        }
    }
}

#[test]
fn other_public_values_diverge() {
    let results = sim(2).run(async |s: Session| {
        let value = if s.is::<Bob>() { 1.0 } else { 1.5 };
        (alice(&s, 1, |_| 2.0) + s.public(1, &[value])).reveal().item().await
    });
    assert!(results.iter().all(|r| matches!(r, Err(Error::Diverged { .. } | Error::Aborted { .. }))), "{results:?}");
}

#[test]
fn a_party_that_ends_early_is_missed() {
    let results = sim(3).run(async |s: Session| {
        let x = alice(&s, 1, |_| 2.0);
        let first = x.reveal().item().await?;
        if s.is::<Bob>() {
            return Ok(first);
        }
        (&x * &x).reveal().item().await
    });
    assert!(results[1].is_ok());
    for party in [0, 2] {
        let blamed = |error: &Error| match error {
            Error::Peer { peer, kind: PeerError::Finished, .. } => *peer == PartyId(1),
            Error::Aborted { cause, .. } => cause.contains("party 1"),
            _ => false,
        };
        assert!(results[party].as_ref().is_err_and(blamed), "{:?}", results[party]);
    }
}

#[test]
fn a_programs_own_error_reaches_the_others() {
    let results = sim(3).run(async |s: Session| {
        alice(&s, 1, |_| 2.0).reveal().item().await?;
        if s.is::<Alice>() {
            return Err(Error::program("the disk is full"));
        }
        alice(&s, 1, |_| 2.0).reveal().item().await
    });
    assert!(matches!(&results[0], Err(Error::Program(_))), "{results:?}");
    for result in &results[1..] {
        let Err(Error::Aborted { by: PartyId(0), cause, .. }) = result else { panic!("{result:?}") };
        assert!(cause.contains("its program failed") && !cause.contains("disk"), "{cause}");
    }
}

#[test]
fn bad_input_names_the_element_and_never_the_value() {
    let cases: [(Vec<f64>, InputError); 3] = [
        (vec![1.0, f64::NAN], InputError::NotFinite { index: 1 }),
        (vec![-7e12, 0.0], InputError::OutOfRange { index: 0, fraction_bits: 16, limit: 2f64.powi(30) }),
        (vec![1.0; 3], InputError::Shape { found: 3.into(), expected: 2.into() }),
    ];
    for (values, expected) in cases {
        let results =
            sim(3).run(async |s: Session| s.input::<Bob>(2, || values.clone()).share().sum().reveal().item().await);
        let Err(Error::Input { party, problem, at }) = &results[1] else { panic!("{results:?}") };
        assert_eq!((&**party, problem, at.file()), ("Bob", &expected, file!()));
        for other in [0, 2] {
            let Err(Error::Aborted { by: PartyId(1), cause, .. }) = &results[other] else { panic!("{results:?}") };
            assert!(cause.contains("Bob") && !cause.contains("7000000000000"), "{cause}");
        }
    }
}

#[test]
fn a_failing_source_is_reported() {
    let results = sim(2).run(async |s: Session| {
        let load = || Err::<Vec<f64>, _>("row 7: `1234.5x` is no number");
        s.input::<Alice>(1, load).share().reveal().item().await
    });
    assert!(matches!(&results[0], Err(Error::Input { problem: InputError::Source(_), .. })), "{results:?}");
    // The text may quote the data: it stays at its owner.
    let Err(Error::Aborted { cause, .. }) = &results[1] else { panic!("{results:?}") };
    assert!(cause.contains("could not be loaded") && !cause.contains("1234"), "{cause}");
}

#[test]
fn a_wrong_shape_is_an_error_when_it_is_read() {
    agreed(sim(2).run(async |s: Session| {
        let (x, w) = (alice(&s, [2, 3], |_| 1.0), alice(&s, [2, 4], |_| 1.0));
        let (z, here) = (x.matmul(&w), line!());
        let loss = (&z + &z).sum();
        let gradients = loss.backward(); // still no error: nobody has read anything
        let Err(Error::Usage { op, problem: Usage::Shape { .. }, shapes, at, .. }) = loss.reveal().item().await else {
            panic!("no error")
        };
        assert_eq!((&*op, shapes, at.line()), ("matmul", vec![[2, 3].into(), [2, 4].into()], here));
        assert!(gradients.of(&x).reveal().await.is_err());
        assert_eq!(x.reveal().sum().item().await?, 6.0); // the session is unharmed
        Ok(())
    }));
}

#[derive(Clone, Copy, Debug)]
struct Stranger;
impl mpc_core::Party for Stranger {
    const INDEX: usize = 2;
    const NAME: &'static str = "Stranger";
}

#[test]
fn a_party_that_is_not_in_the_session_is_a_mistake() {
    agreed(sim(2).run(async |s: Session| {
        let input = s.input::<Stranger>(1, || vec![1.0]).share().reveal().item().await;
        assert!(matches!(input, Err(Error::Usage { problem: Usage::Argument(_), .. })), "{input:?}");
        let output = alice(&s, 1, |_| 1.0).reveal_to::<Stranger>().await;
        assert!(matches!(output, Err(Error::Usage { problem: Usage::Argument(_), .. })), "{output:?}");
        Ok(())
    }));
}

#[test]
fn every_misuse_of_a_view_is_typed() {
    agreed(sim(2).run(async |s: Session| {
        let x = s.public([2, 3], &[0.0; 6]);
        let check = async |y: mpc_core::Tensor<mpc_core::Public>, expected: fn(&Usage) -> bool| {
            let Err(Error::Usage { problem, .. }) = y.await else { panic!("no error") };
            assert!(expected(&problem), "{problem:?}");
        };
        check(x.slice(0, 1..4), |p| matches!(p, Usage::Slice { end: 4, size: 2, .. })).await;
        check(x.slice(2, 0..1), |p| matches!(p, Usage::Axis { axis: 2, rank: 2 })).await;
        check(x.sum_axes(&[5]), |p| matches!(p, Usage::Axis { axis: 5, .. })).await;
        check(x.reshape(5), |p| matches!(p, Usage::Shape { .. })).await;
        check(x.permute(&[0, 0]), |p| matches!(p, Usage::Argument(_))).await;
        check(x.expand([3, 3]), |p| matches!(p, Usage::Shape { .. })).await;
        check(x.flip(7), |p| matches!(p, Usage::Axis { .. })).await;
        check(x.concat(&s.public(2, &[0.0; 2]), 0), |p| matches!(p, Usage::Shape { .. })).await;
        check(&x * 1e12, |p| matches!(p, Usage::Constant { .. })).await;
        check(&x + f64::NAN, |p| matches!(p, Usage::Constant { .. })).await;
        check(s.public(3, &[0.0; 2]), |p| matches!(p, Usage::Shape { .. })).await;
        Ok(())
    }));
}
