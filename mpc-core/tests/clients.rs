//! Clients: they give inputs and get results, and take part in no round.

mod common;

use common::{alice, bob, close};
use mpc_comm::{Fault, FaultKind, Kind, Options, PartyId, PeerError, Transcript};
use mpc_core::{Error, Party, ProtocolKind, Result, Secret, Session, Tensor, Usage, sim::Sim};
use std::time::Duration;

/// The client of a session of `N` compute parties.
#[derive(Clone, Copy, Debug)]
struct Patient<const N: usize>;
impl<const N: usize> Party for Patient<N> {
    const INDEX: usize = N;
    const NAME: &'static str = "Patient";
    const CLIENT: bool = true;
}

/// A second one.
#[derive(Clone, Copy, Debug)]
struct Doctor<const N: usize>;
impl<const N: usize> Party for Doctor<N> {
    const INDEX: usize = N + 1;
    const NAME: &'static str = "Doctor";
    const CLIENT: bool = true;
}

fn sim(parties: usize, clients: usize) -> Sim {
    let options = Options { round_timeout: Duration::from_secs(5), ..Options::default() };
    Sim::new(parties).clients(clients).options(options)
}

/// What the patient sees, and what everybody does.
type Seen = (Option<Vec<f64>>, f64);

/// Shared inputs of a client, numbers and bits; its private value in a product and in a choice without `share`; its own
/// arithmetic; a result that it alone sees and gives back; a result for all.
async fn program<const N: usize>(s: Session) -> Result<Seen> {
    let weights = alice(&s, 4, |i| i as f64 - 1.5);
    let own = s.input::<Patient<N>>(4, || vec![1.0, -2.0, 3.0, 0.5]);
    let scaled = (&own * 0.5).relu() - 0.25; // in its process alone
    let product = &weights * &scaled + own.share();
    let healthy = s.input_bits::<Patient<N>>(4, || vec![true, false, true, true]).share();
    let chosen = healthy.select(&product, &(&weights * 2.0));
    let seen = chosen.reveal_to::<Patient<N>>();
    let again = (&seen * 2.0).share() - &weights;
    let total = again.sum().reveal().item().await?;
    let seen = seen.await?.map(|array| array.into_iter().collect());
    Ok((seen, total))
}

fn expected() -> (Vec<f64>, f64) {
    let (weights, own) = ([-1.5, -0.5, 0.5, 1.5f64], [1.0, -2.0, 3.0, 0.5f64]);
    let scaled = own.map(|x| (x * 0.5).max(0.0) - 0.25);
    let healthy = [true, false, true, true];
    let seen: Vec<f64> =
        (0..4).map(|i| if healthy[i] { weights[i] * scaled[i] + own[i] } else { 2.0 * weights[i] }).collect();
    let total = seen.iter().zip(weights).map(|(x, w)| 2.0 * x - w).sum();
    (seen, total)
}

fn check(results: Vec<Result<Seen>>, parties: usize) {
    assert_eq!(results.len(), parties + 1);
    let expected = expected();
    for (party, result) in results.into_iter().enumerate() {
        let (seen, total) = result.unwrap_or_else(|error| panic!("party {party}: {error}"));
        close([total], [expected.1], 1e-3);
        assert_eq!(seen.is_some(), party == parties, "only the client sees it");
        seen.into_iter().for_each(|seen| close(seen, expected.0.clone(), 1e-3));
    }
}

#[test]
fn a_client_gives_inputs_and_gets_results() {
    for protocol in [ProtocolKind::Dealer, ProtocolKind::Plain] {
        check(sim(2, 1).protocol(protocol).run(program::<2>), 2);
        check(sim(3, 1).protocol(protocol).run(program::<3>), 3);
    }
}

#[test]
fn clients_see_what_is_theirs_and_what_is_public() {
    let results = sim(2, 2).run(async |s: Session| {
        let x = s.input::<Patient<2>>(2, || vec![1.0, 2.0]).share();
        let y = s.input::<Doctor<2>>(2, || vec![10.0, 20.0]).share();
        let bob = bob(&s, 2, |_| 0.5);
        let (sum, product) = (&x + &y, (&x * &y + bob).ge(15.0));
        let patient = sum.reveal_to::<Patient<2>>().await?.map(|sum| sum.sum());
        let doctor = product.reveal_to::<Doctor<2>>().await?.map(|bits| bits.into_iter().collect::<Vec<_>>());
        let all = (&x - &y).lt(0.0).reveal().await?.into_iter().filter(|bit| *bit).count();
        assert_eq!(s.is_client(), s.is::<Patient<2>>() || s.is::<Doctor<2>>());
        assert_eq!((s.names().len(), s.clients().len(), s.ledger().len()), (2, 2, 3));
        Ok((patient, doctor, all))
    });
    let results: Vec<_> = results.into_iter().map(Result::unwrap).collect();
    let doctors = Some(vec![false, true]);
    assert_eq!(results, [(None, None, 2), (None, None, 2), (Some(33.0), None, 2), (None, doctors, 2)]);
}

#[test]
fn what_is_dropped_and_what_is_awaited_late_does_not_part_the_client_from_the_others() {
    let results = sim(2, 1).run(async |s: Session| {
        let weights = alice(&s, 1, |_| 3.0);
        let mut total = 0.0;
        for step in 0..20 {
            let own = s.input::<Patient<2>>(1, || vec![f64::from(step)]);
            let slow = (&weights * &own).sigmoid().reveal(); // ends rounds after the other
            let fast = (&weights + &own).reveal();
            drop((&weights * &own).reveal_to::<Patient<2>>()); // nobody reads it
            total += fast.item().await?;
            let never = (&own * 2.0).share() * &weights; // the parties may or may not run it
            total += slow.item().await?;
            drop(never);
            if step % 3 == 0 {
                s.flush();
            }
        }
        Ok(total)
    });
    let results: Vec<f64> = results.into_iter().map(Result::unwrap).collect();
    let expected = (0..20).map(|step| 3.0 + f64::from(step) + 1.0 / (1.0 + (-3.0 * f64::from(step)).exp())).sum();
    results.into_iter().for_each(|total| close([total], [expected], 1e-2));
}

#[test]
fn the_gradient_of_a_clients_data_trains_and_the_client_records_along() {
    let results = sim(2, 1).run(async |s: Session| {
        let x = s.input::<Patient<2>>([4, 2], || (0..8).map(f64::from).collect::<Vec<_>>()).share();
        let mut w = alice(&s, [2, 1], |_| 0.5);
        for _ in 0..3 {
            let leaf = w.clone().requires_grad();
            let loss = (x.matmul(&leaf) * 0.1).sum();
            let gradient = loss.backward().of(&leaf);
            w = s.no_grad(|| &w - gradient * 0.25);
        }
        Ok(w.reveal_to::<Patient<2>>().await?.map(|w| w.into_iter().collect::<Vec<_>>()))
    });
    let mut results: Vec<_> = results.into_iter().map(Result::unwrap).collect();
    close(results.pop().unwrap().unwrap(), [0.5 - 3.0 * 0.25 * 1.2, 0.5 - 3.0 * 0.25 * 1.6], 1e-3);
    assert_eq!(results, [None, None]);
}

/// Rounds, bytes sent and bytes received, at two parties and a client; the cost report is that of the first.
fn costs(program: impl AsyncFn(&Session) -> Result<()> + Sync) -> [(u64, u64, u64); 3] {
    let run = async |s: Session| {
        program(&s).await?;
        let total = s.traffic().total;
        Ok((total.rounds, total.sent, total.received))
    };
    let runs: Vec<_> = sim(2, 1).run(run).into_iter().map(Result::unwrap).collect();
    let counted = sim(2, 1).explain(run).unwrap().total;
    assert_eq!((counted.rounds, counted.sent, counted.received), runs[0]);
    [runs[0], runs[1], runs[2]]
}

#[test]
fn a_clients_input_costs_one_correction_and_its_result_no_round() {
    let [first, second, client] = costs(async |s| {
        let x = s.input::<Patient<2>>(100, || vec![1.0; 100]).share();
        x.reveal_to::<Patient<2>>().await.map(drop)
    });
    assert_eq!((first.0, second.0, client), (0, 0, (0, 800, 1600)));
    assert_eq!((first.1, second.1, first.2 + second.2), (800, 800, 800));
    // A result for all goes to the client as well.
    let [first, second, client] = costs(async |s| alice(s, 100, |_| 1.0).reveal().await.map(drop));
    assert_eq!([first, second, client], [(1, 1600, 800), (1, 1600, 800), (0, 0, 1600)]);
}

#[test]
fn the_parties_take_turns_in_getting_corrections() {
    let results = sim(3, 1).run(async |s: Session| {
        for _ in 0..60 {
            s.input::<Patient<3>>(1, || vec![1.0]).share().reveal_to::<Patient<3>>().await?;
        }
        Ok(s.traffic().total.received)
    });
    let received: Vec<u64> = results.into_iter().map(Result::unwrap).take(3).collect();
    assert_eq!(received.iter().sum::<u64>(), 60 * 8);
    assert!(received.iter().all(|bytes| *bytes > 10 * 8), "{received:?}");
}

/// All words of frames between the client and a party, in both directions.
fn words(transcript: &Transcript, party: u16, client: u16) -> Vec<u64> {
    let (party, client) = (PartyId(party), PartyId(client));
    let entries = transcript.between(client, party).into_iter().chain(transcript.between(party, client));
    entries.filter(|entry| entry.kind == Kind::Client).flat_map(|entry| entry.body.unwrap()).collect()
}

#[test]
fn nobody_but_the_client_can_tell_its_values() {
    const LEN: usize = 4096;
    let run = |value: f64| {
        let transcript = Transcript::with_words();
        sim(2, 1).transcript(&transcript).run(async |s: Session| {
            let x = s.input::<Patient<2>>(LEN, || vec![value; LEN]).share();
            x.reveal_to::<Patient<2>>().await.map(drop)
        });
        transcript
    };
    let (zeros, large) = (run(0.0), run(-1000.0));
    assert_eq!(zeros.shape(), large.shape());
    for transcript in [&zeros, &large] {
        for party in 0..2 {
            let mut words = words(transcript, party, 2);
            let count = words.len();
            assert!(count >= LEN, "{count}");
            let mean = words.iter().map(|word| f64::from(word.count_ones())).sum::<f64>() / count as f64;
            assert!((mean - 32.0).abs() < 0.5, "{mean}");
            words.sort_unstable();
            words.dedup();
            assert!(words.len() + 20 > count, "words repeat");
        }
    }
}

#[test]
fn a_client_with_another_program_is_found_out() {
    for parties in [2, 3] {
        let results = sim(parties, 1).run(async |s: Session| {
            let factor = if s.is_client() { 2.0 } else { 3.0 };
            let weights = alice(&s, 1, |_| 1.0) * factor;
            let patient = match parties {
                2 => (s.input::<Patient<2>>(1, || vec![1.0]).share() * weights)
                    .reveal_to::<Patient<2>>()
                    .await?
                    .is_some(),
                _ => (s.input::<Patient<3>>(1, || vec![1.0]).share() * weights)
                    .reveal_to::<Patient<3>>()
                    .await?
                    .is_some(),
            };
            Ok(patient)
        });
        let diverged = |r: &Result<bool>| matches!(r, Err(Error::Diverged { .. }));
        let heard =
            |r: &Result<bool>| matches!(r, Err(Error::Diverged { .. } | Error::Aborted { .. } | Error::Peer { .. }));
        assert!(results.iter().any(diverged) && results.iter().all(heard), "{results:?}");
    }
}

#[test]
fn a_client_that_awaits_another_step_is_found_out() {
    let results = sim(2, 1).run(async |s: Session| {
        let mut x = alice(&s, 1, |_| 1.0);
        if s.is_client() {
            x += bob(&s, 1, |_| 1.0);
        }
        Ok(x.reveal_to::<Patient<2>>().await?.is_some())
    });
    assert!(matches!(results[2], Err(Error::Diverged { .. })), "{results:?}");
}

#[test]
fn a_lost_client_or_party_is_a_typed_error_at_all() {
    let parties = [PartyId(0), PartyId(1), PartyId(2), PartyId::DEALER];
    let kinds = [FaultKind::Close, FaultKind::Die, FaultKind::Truncate];
    let (mut failed, mut harmless) = (0, 0);
    for kind in kinds {
        for party in parties {
            for to in parties.into_iter().filter(|to| *to != party) {
                for after_frames in 0..3 {
                    let fault = Fault { party, to, after_frames, kind };
                    let results = sim(2, 1).fault(fault).run(program::<2>);
                    let typed = |result: &Result<Seen>| match result {
                        Ok((_, total)) => (total - expected().1).abs() < 1e-2,
                        Err(error) => matches!(
                            error,
                            Error::Peer { .. }
                                | Error::Aborted { .. }
                                | Error::Diverged { .. }
                                | Error::Preprocessing(_)
                        ),
                    };
                    assert!(results.iter().all(typed), "{fault:?}: {results:?}");
                    if results.iter().all(Result::is_ok) { harmless += 1 } else { failed += 1 }
                }
            }
        }
    }
    assert!(failed > 20 && harmless > 0, "{failed} failed, {harmless} harmless");
}

#[test]
fn a_client_that_never_answers_is_named() {
    let options = Options { round_timeout: Duration::from_millis(300), ..Options::default() };
    let mute = |to| Fault { party: PartyId(2), to: PartyId(to), after_frames: 0, kind: FaultKind::Stall };
    let results = sim(2, 1).options(options).fault(mute(0)).fault(mute(1)).run(program::<2>);
    let named = |error: &Error| match error {
        Error::Peer { name, kind: PeerError::TimedOut { .. }, .. } => name == "client0",
        Error::Aborted { cause, .. } => cause.contains("client0"),
        _ => false,
    };
    assert!(results[..2].iter().all(|result| named(result.as_ref().unwrap_err())), "{results:?}");
}

#[test]
fn a_failing_input_of_a_client_stops_all_and_its_cause_stays_there() {
    let results = sim(2, 1).run(async |s: Session| {
        let own = s.input::<Patient<2>>(2, || Err::<Vec<f64>, _>("row 17 of /home/patient/record"));
        own.share().reveal().await.map(drop)
    });
    assert!(matches!(results[2], Err(Error::Input { .. })), "{results:?}");
    for result in &results[..2] {
        assert!(!result.as_ref().unwrap_err().to_string().contains("row 17"), "{result:?}");
    }
}

#[test]
fn roles_of_the_program_and_of_the_session_must_agree() {
    let usage = |results: Vec<Result<()>>, what: &str| {
        let fits = |r: &Result<()>| match r {
            Err(Error::Usage { problem: Usage::Argument(problem), .. }) => problem.contains(what),
            Err(Error::Aborted { cause, .. }) => cause.contains(what),
            _ => false,
        };
        assert!(results.iter().all(fits), "{results:?}");
    };
    // No client here: the number would be the third party's.
    let client = async |s: Session| s.input::<Patient<2>>(1, || vec![1.0]).share().reveal().await.map(drop);
    usage(sim(3, 0).run(client), "`Patient` is a client in the program");
    usage(sim(2, 0).run(client), "party number 3 of the program");
    let to_client = async |s: Session| alice(&s, 1, |_| 1.0).reveal_to::<Patient<2>>().await.map(drop);
    usage(sim(3, 0).run(to_client), "`Patient` is a client in the program");
    let export = async |s: Session| {
        let x: Tensor<Secret> = alice(&s, 1, |_| 1.0);
        s.export_share(&x).await.map(drop)
    };
    assert!(matches!(&sim(2, 1).run(export)[2], Err(Error::Program(text)) if text.contains("export_share")));
}
