//! Runs on packages that were made ahead: the same as with a dealer that is online, once, and nothing else.

mod common;

use common::{Alice, agreed, alice, bob, payload};
use mpc_comm::{Kind, PartyId, Transcript};
use mpc_core::{Error, OfflineError, Result, Session, Settings, sim::Sim};
use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};
use tempfile::tempdir;

/// Products, truncations, comparisons, choices, series, and two batches.
async fn program(s: Session) -> Result<f64> {
    let (x, y) = (alice(&s, 300, |i| i as f64 / 40.0 - 3.0), bob(&s, 300, |i| 2.0 - i as f64 / 90.0));
    let z = (&x * &y).sigmoid() + (&x * 0.3).step() + y.relu();
    let first = z.mean().reveal().item().await?;
    let second = (x * y).sum().reveal().item().await?;
    Ok(first + second)
}

fn file(folder: &Path, party: usize) -> PathBuf {
    folder.join(format!("party{party}.offline"))
}

fn prepare(sim: &Sim, folder: &Path) {
    for prepared in sim.prepare(folder, program) {
        let prepared = prepared.unwrap();
        assert!(prepared.requests > 10 && prepared.bytes == fs::metadata(&prepared.file).unwrap().len());
    }
}

/// What each party was told.
fn errors(results: Vec<Result<f64>>) -> Vec<Error> {
    results.into_iter().map(|result| result.unwrap_err()).collect()
}

/// The refusals among what the parties were told; the others have heard of them.
fn refusals(results: Vec<Result<f64>>) -> Vec<OfflineError> {
    let refusal = |error| match error {
        Error::Offline(error) => Some(error),
        Error::Aborted { .. } | Error::Peer { .. } => None,
        other => panic!("{other}"),
    };
    let refusals: Vec<_> = errors(results).into_iter().filter_map(refusal).collect();
    assert!(!refusals.is_empty());
    refusals
}

#[test]
fn a_run_on_packages_is_the_run_with_a_dealer() {
    for parties in [2, 3] {
        let (folder, run) = (tempdir().unwrap(), |sim: Sim| {
            let transcript = Transcript::with_words();
            let seen = sim.transcript(&transcript).run(async |s: Session| {
                let answer = program(s.clone()).await?;
                let total = s.traffic().total;
                Ok((answer, total.rounds, total.sent, total.received, total.dealt, s.dealer_sent()))
            });
            (seen.into_iter().map(Result::unwrap).collect::<Vec<_>>(), transcript)
        });
        let sim = Sim::new(parties).seed(5);
        prepare(&sim, folder.path());
        let ((live, with), (offline, without)) = (run(sim.clone()), run(sim.clone().offline(folder.path())));
        // Results, rounds and bytes are equal, and so is every word between the parties.
        assert_eq!(live, offline);
        for (a, b) in (0..parties as u16).flat_map(|a| (0..parties as u16).map(move |b| (a, b))) {
            assert!(with.between(PartyId(a), PartyId(b)) == without.between(PartyId(a), PartyId(b)), "{a} {b}");
        }
        // There is no dealer in the second.
        let dealt = |transcript: &Transcript| {
            (0..parties as u16).map(|party| transcript.between(PartyId::DEALER, PartyId(party)).len()).sum::<usize>()
        };
        assert!(dealt(&with) > 0 && dealt(&without) == 0);
    }
}

#[test]
fn no_input_is_loaded_to_prepare_and_clients_need_not_come() {
    let (folder, loaded) = (tempdir().unwrap(), AtomicUsize::new(0));
    let sum = async |s: Session| {
        let x = s.input::<Alice>(4, || {
            loaded.fetch_add(1, Ordering::Relaxed);
            vec![1.0, 2.0, 3.0, 4.0]
        });
        let x = x.share();
        (&x * &x).sum().reveal().item().await
    };
    let sim = Sim::new(2).clients(1);
    sim.prepare(folder.path(), sum).into_iter().for_each(|made| drop(made.unwrap()));
    assert_eq!(loaded.load(Ordering::Relaxed), 0);
    assert!((agreed(sim.offline(folder.path()).run(sum)) - 30.0).abs() < 0.01);
    assert_eq!(loaded.load(Ordering::Relaxed), 1);
}

#[test]
fn a_package_serves_once() {
    let (folder, sim) = (tempdir().unwrap(), Sim::new(2));
    let missing = refusals(sim.clone().offline(folder.path()).run(program));
    assert!(missing.iter().all(|error| matches!(error, OfflineError::Missing { .. })), "{missing:?}");
    prepare(&sim, folder.path());
    let kept: Vec<_> = (0..2).map(|party| fs::read(file(folder.path(), party)).unwrap()).collect();
    let again = sim.prepare(folder.path(), program);
    assert!(again.iter().any(|made| matches!(made, Err(Error::Offline(OfflineError::Unused { .. })))), "{again:?}");

    // It is gone before anything is opened with it, also if the run fails.
    let transcript = Transcript::new();
    let failed = sim.clone().offline(folder.path()).transcript(&transcript).run(async |s: Session| {
        assert!(!file(folder.path(), usize::from(s.name() == "party1")).exists());
        Err::<f64, _>(Error::program("the power fails"))
    });
    assert!(failed.iter().all(Result::is_err));
    let round = |from, to| transcript.between(PartyId(from), PartyId(to)).iter().any(|entry| entry.kind == Kind::Round);
    assert!(!round(0, 1) && !round(1, 0));
    let spent = refusals(sim.clone().offline(folder.path()).run(program));
    assert!(spent.iter().all(|error| matches!(error, OfflineError::Spent { .. })), "{spent:?}");

    // A copy that is put back is known by its number.
    (0..2).for_each(|party| fs::write(file(folder.path(), party), &kept[party]).unwrap());
    let copied = refusals(sim.clone().offline(folder.path()).run(program));
    assert!(copied.iter().all(|error| matches!(error, OfflineError::Spent { .. })), "{copied:?}");
    // A new one is not.
    (0..2).for_each(|party| fs::remove_file(file(folder.path(), party)).unwrap());
    prepare(&sim, folder.path());
    agreed(sim.offline(folder.path()).run(program));
}

#[test]
fn another_program_is_told_where_it_differs() {
    let transcript = Transcript::new();
    for (more, words) in [(0, "this would be one more"), (1, "is another one there")] {
        let folder = tempdir().unwrap();
        let run = async |s: Session, longer: bool| {
            let (x, y) = (alice(&s, 20, |_| 2.0), bob(&s, 20, |_| 3.0));
            let mut answer = (&x * &y).sum().reveal().item().await?;
            if longer {
                // Its steps depend on what was revealed, or it has other flags.
                let _scope = s.scope("longer");
                answer += (x * y * answer).reveal().sum().item().await?;
            } else if more == 1 {
                answer += (x + 1.0).relu().reveal().sum().item().await?;
            }
            Ok(answer)
        };
        let sim = Sim::new(2);
        sim.prepare(folder.path(), |s| run(s, false)).into_iter().for_each(|made| drop(made.unwrap()));
        let told = refusals(sim.transcript(&transcript).offline(folder.path()).run(|s| run(s, true)));
        for error in told {
            let OfflineError::Differs { request, requests, scope, near } = &error else { panic!("{error}") };
            assert!(request <= requests && scope.starts_with("longer/") && near.file() == file!(), "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }
    // Nothing left for the step that differs: 1 round for the wires, 1 for the truncation, 1 for the sum.
    let rounds = transcript.between(PartyId(0), PartyId(1)).iter().filter(|entry| entry.kind == Kind::Round).count();
    assert_eq!(rounds, 2 * 3);
}

#[test]
fn packages_of_something_else_are_refused() {
    let folder = tempdir().unwrap();
    let sim = Sim::new(2);
    prepare(&sim, folder.path());
    let other = |settings: Settings| {
        let told = refusals(sim.clone().settings(settings).offline(folder.path()).run(program));
        assert!(told.iter().all(|error| matches!(error, OfflineError::Other { .. })));
        told[0].to_string()
    };
    assert!(other(Settings { fraction_bits: 20, ..Settings::default() }).contains("its fraction-bits is `16`"));
    let aes = mpc_core::rand::Prg::Aes256Ctr;
    assert!(other(Settings { prg: aes, ..Settings::default() }).contains("its prg is `chacha20`"));
    let told = refusals(Sim::new(3).offline(folder.path()).run(program));
    assert!(told.iter().any(|error| error.to_string().contains("its parties is `party0, party1`")), "{told:?}");
    // Another party's.
    fs::copy(file(folder.path(), 1), file(folder.path(), 0)).unwrap();
    let told = refusals(sim.offline(folder.path()).run(program));
    assert!(told.iter().any(|error| error.to_string().contains("its party is `party1`")), "{told:?}");
}

#[test]
fn what_was_changed_or_cut_off_is_refused() {
    let folder = tempdir().unwrap();
    let sim = Sim::new(2);
    prepare(&sim, folder.path());
    let (path, whole) = (file(folder.path(), 0), fs::read(file(folder.path(), 0)).unwrap());
    let refused = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        refusals(sim.clone().offline(folder.path()).run(program)).remove(0)
    };
    let changed = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        refused(&bytes)
    };
    assert!(refused(b"").to_string().contains("ends too early"));
    assert!(refused(b"something else, of some length").to_string().contains("no package"));
    assert!(changed(0).to_string().contains("no package"));
    for cut in [30, whole.len() / 2, whole.len() - 1] {
        let error = refused(&whole[..cut]);
        assert!(matches!(error, OfflineError::Damaged { .. } | OfflineError::Sealed { .. }), "{cut}: {error}");
    }
    for at in [24, 40, 200, whole.len() / 2, whole.len() - 1] {
        let error = changed(at);
        let damaged = matches!(error, OfflineError::Damaged { .. } | OfflineError::Sealed { .. });
        assert!(damaged || matches!(error, OfflineError::Other { .. }), "{at}: {error}");
    }
    // None of that has used it up.
    fs::write(&path, &whole).unwrap();
    agreed(sim.offline(folder.path()).run(program));
}

#[test]
fn parties_with_other_plans_get_no_package() {
    let folder = tempdir().unwrap();
    let made = Sim::new(2).prepare(folder.path(), async |s: Session| {
        let len = if s.is::<Alice>() { 10 } else { 11 };
        let x = alice(&s, len, |_| 1.0);
        (&x * &x).reveal().sum().item().await
    });
    let told = |made: &Result<_>| {
        matches!(made, Err(Error::Offline(OfflineError::OtherProgram { .. }) | Error::Aborted { .. }))
    };
    assert!(made.iter().all(told), "{made:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_a_package() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempdir().unwrap();
    prepare(&Sim::new(2), folder.path());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file(folder.path(), 0)), 0o600);
    agreed(Sim::new(2).offline(folder.path()).run(program));
    assert_eq!(mode(&folder.path().join("party0.spent")), 0o600);
}

/// What the parties open, in a run on fresh packages.
fn opened(x: f64, y: f64) -> Vec<u64> {
    let folder = tempdir().unwrap();
    let run = async |s: Session| {
        let z = alice(&s, 2048, |_| x) * bob(&s, 2048, |_| y);
        let z = z.sigmoid() + z.step();
        s.flush();
        drop(z);
        Ok(())
    };
    let transcript = Transcript::with_words();
    let sim = Sim::new(2);
    sim.prepare(folder.path(), run).into_iter().for_each(|made| drop(made.unwrap()));
    agreed(sim.offline(folder.path()).transcript(&transcript).run(run));
    let between = |a, b| transcript.between(PartyId(a), PartyId(b));
    let entries = between(0, 1).into_iter().chain(between(1, 0));
    entries.filter(|entry| entry.kind == Kind::Round).flat_map(payload).collect()
}

#[test]
fn openings_on_packages_are_uniform_and_no_mask_serves_twice() {
    let (first, second) = (opened(1.0, 1.0), opened(1.0, 1.0));
    for words in [&first, &second] {
        assert!(words.len() > 8000 && (150.0..420.0).contains(&chi_square(words)), "{}", chi_square(words));
    }
    assert!(distinct(&[&first, &second]));
}

/// Pearson's statistic of the bytes, which has mean 255 and standard deviation 22.6 if they are uniform.
fn chi_square(words: &[u64]) -> f64 {
    let mut counts = [0f64; 256];
    words.iter().flat_map(|word| word.to_le_bytes()).for_each(|byte| counts[usize::from(byte)] += 1.0);
    let expected = words.len() as f64 * 8.0 / 256.0;
    counts.iter().map(|count| (count - expected).powi(2) / expected).sum()
}

/// Whether no word occurs twice in all of the lists.
fn distinct(lists: &[&Vec<u64>]) -> bool {
    let all: HashSet<u64> = lists.iter().flat_map(|list| list.iter().copied()).collect();
    all.len() == lists.iter().map(|list| list.len()).sum::<usize>()
}

#[test]
fn a_package_holds_uniform_words_that_no_other_party_and_no_other_package_has() {
    // All that a party stores beside its own seed: what the dealer sends it, and nothing is sent that depends on data.
    let stored = || {
        let (folder, transcript) = (tempdir().unwrap(), Transcript::with_words());
        prepare(&Sim::new(2).transcript(&transcript), folder.path());
        [0, 1].map(|party| {
            let entries = transcript.between(PartyId::DEALER, PartyId(party)).into_iter();
            let body = |entry: mpc_comm::Entry| {
                let body = entry.body.expect("a transcript that keeps the words");
                body.get(1 + 3 * body[0] as usize..).unwrap_or_default().to_vec()
            };
            entries.filter(|entry| entry.kind == Kind::Dealt).flat_map(body).collect::<Vec<u64>>()
        })
    };
    let ([a, b], [c, d]) = (stored(), stored());
    for words in [&a, &b, &c, &d] {
        assert!(words.len() > 1000 && (150.0..420.0).contains(&chi_square(words)), "{}", chi_square(words));
    }
    assert!(distinct(&[&a, &b, &c, &d]));
}
