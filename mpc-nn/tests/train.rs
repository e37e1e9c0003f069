//! The trainer: what it reveals, when it stops, and that it goes on after a crash as if there had been none.

mod helpers;

use helpers::{Alice, ULP, alice, bob, close};
use mpc_core::{Error, Result, Secret, Session, Settings, Tensor, sim::Sim};
use mpc_nn::{
    Linear, Trainer,
    checkpoint::Checkpoints,
    loss, metrics,
    optim::{Adam, Optimiser, Rule, Schedule, Sgd},
    train::{Event, Goal, JsonLines, Moment, Report},
};
use std::{
    cell::RefCell,
    fs,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    rc::Rc,
};

const ROWS: usize = 24;

fn data(s: &Session) -> (Tensor<Secret>, Tensor<Secret>) {
    let x: Vec<f64> = (0..ROWS * 2).map(|i| (i * 37 % 23) as f64 / 8.0 - 1.3).collect();
    let y: Vec<f64> = x.chunks(2).map(|row| f64::from(u8::from(row[0] - 0.5 * row[1] > 0.1))).collect();
    (alice(s, [ROWS, 2], &x), bob(s, [ROWS, 1], &y))
}

fn logistic(model: &Linear, x: &Tensor<Secret>, y: &Tensor<Secret>) -> Tensor<Secret> {
    loss::bce_with_logits(&model.forward(x), y)
}

/// Folder and key file of a party.
fn place(root: &Path, party: usize) -> (PathBuf, PathBuf) {
    let key = root.join(format!("key{party}"));
    if !key.exists() {
        fs::write(&key, format!("a long phrase of party {party}\n")).unwrap();
    }
    (root.join(format!("party{party}")), key)
}

/// Two epochs of six steps with a checkpoint every two steps; the weights at the end. A party may die before a step.
fn train<R: Rule>(
    root: Option<&Path>,
    optimiser: impl Fn() -> Optimiser<R> + Sync,
    dies: Option<(usize, u64)>,
) -> Vec<Result<(Report, Vec<f64>)>> {
    Sim::new(2).run(async |s: Session| {
        let (x, y) = data(&s);
        let me = s.runtime().me();
        let mut trainer =
            Trainer::new(Linear::zeros(&s, 2, 1), optimiser()).epochs(2).batch(4).shuffle(5).reveal_loss();
        if let Some(root) = root {
            let (folder, key) = place(root, me);
            trainer = trainer.checkpoints(Checkpoints::new(folder, key)?, 2);
        }
        let steps = RefCell::new(0);
        let dying = |model: &Linear, x: &Tensor<Secret>, y: &Tensor<Secret>| {
            *steps.borrow_mut() += 1;
            assert!(dies != Some((me, *steps.borrow())), "the party dies");
            logistic(model, x, y)
        };
        let report = trainer.fit(&s, &x, &y, dying).await?;
        let bias = trainer.model().bias.as_ref().unwrap();
        let all = trainer.model().weight.reshape([2]).concat(&bias.reshape([1]), 0);
        Ok((report, all.reveal().await?.into_raw_vec_and_offset().0))
    })
}

fn dies<R: Rule>(root: &Path, optimiser: impl Fn() -> Optimiser<R> + Sync, party: usize, step: u64) {
    let died = panic::catch_unwind(AssertUnwindSafe(|| train(Some(root), optimiser, Some((party, step)))));
    assert!(died.is_err(), "the party should have died");
}

fn files(root: &Path, party: usize) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(place(root, party).0).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn goes_on<R: Rule>(optimiser: impl Fn() -> Optimiser<R> + Sync, tolerance: f64) {
    let whole = train(None, &optimiser, None).remove(0).unwrap();
    let root = tempfile::tempdir().unwrap();
    // In the second epoch, after the checkpoint of step 8; then again, in the session that went on from it.
    dies(root.path(), &optimiser, 1, 10);
    let second = train(Some(root.path()), &optimiser, None);
    for party in second {
        let (report, weights) = party.unwrap();
        assert_eq!((report.resumed, report.steps, report.epochs.len()), (Some(8), 12, 1));
        close(weights, whole.1.clone(), tolerance);
        let loss = |report: &Report| report.last("loss").unwrap();
        close([loss(&report)], [loss(&whole.0)], tolerance);
    }
    // It had ended: nothing is left to do.
    let (report, weights) = train(Some(root.path()), &optimiser, None).remove(1).unwrap();
    assert_eq!((report.resumed, report.steps), (Some(12), 12));
    close(weights, whole.1, tolerance);
    assert_eq!(files(root.path(), 0).len(), 2, "two are kept");
}

#[test]
fn a_training_that_was_killed_goes_on_as_if_it_had_not() {
    goes_on(|| Sgd::new(0.3).momentum(0.9).schedule(Schedule::cosine(12, 0.1)), 30.0 * ULP);
    goes_on(|| Adam::new(0.05).amsgrad(), 2e-3);
}

/// One party has a checkpoint that the other had no time to write: they go on from the one before, and what that party
/// writes at that step later is not mixed up with it.
#[test]
fn parties_go_on_from_the_newest_that_all_have() {
    let sgd = || Sgd::new(0.3).momentum(0.9);
    let whole = train(None, sgd, None).remove(0).unwrap();
    let root = tempfile::tempdir().unwrap();
    dies(root.path(), sgd, 0, 9);
    fs::remove_file(&files(root.path(), 1)[1]).unwrap();
    dies(root.path(), sgd, 0, 2); // on from step 6, killed in step 8
    assert_eq!(files(root.path(), 0).len(), 1, "the newer one that the other party had not is gone");
    let (report, weights) = train(Some(root.path()), sgd, None).remove(0).unwrap();
    assert_eq!(report.resumed, Some(6));
    close(weights, whole.1, 30.0 * ULP);
}

/// Before its first checkpoint, a party has nothing but the word that the run began. It does not lose what the others have
/// computed without it, and none of their files is in the way.
#[test]
fn parties_begin_anew_if_one_has_no_checkpoint_yet() {
    let sgd = || Sgd::new(0.3).momentum(0.9);
    let (_, whole) = train(None, sgd, None).remove(0).unwrap();
    // Party 1 had no time to write its first checkpoint; then none to write that the run began.
    for (step, left, had) in [(3, 1, 2), (1, 0, 1)] {
        let root = tempfile::tempdir().unwrap();
        dies(root.path(), sgd, 0, step);
        assert_eq!(files(root.path(), 0).len(), had);
        files(root.path(), 1)[left..].iter().for_each(|file| fs::remove_file(file).unwrap());
        for party in train(Some(root.path()), sgd, None) {
            let (report, weights) = party.unwrap();
            assert_eq!((report.resumed, report.steps), (None, 12));
            close(weights, whole.clone(), 30.0 * ULP);
        }
        assert_eq!([0, 1].map(|party| files(root.path(), party).len()), [2, 2]);
        // What they write then goes together.
        assert_eq!(train(Some(root.path()), sgd, None).remove(0).unwrap().0.resumed, Some(12));
    }
}

/// That a run began binds nobody who wants another one, which is then a run of its own.
#[test]
fn other_settings_are_free_before_the_first_checkpoint() {
    let root = tempfile::tempdir().unwrap();
    dies(root.path(), || Sgd::new(0.3), 0, 1);
    let other = || Sgd::new(0.2).momentum(0.9);
    for expected in [None, Some(12)] {
        let (report, _) = train(Some(root.path()), other, None).remove(0).unwrap();
        assert_eq!((report.resumed, report.steps), (expected, 12));
    }
}

/// What the parties say when a checkpoint is refused.
fn refused(root: &Path, expected: &str) {
    let seen = train(Some(root), || Sgd::new(0.3), None);
    let texts: Vec<String> = seen.iter().map(|party| party.as_ref().unwrap_err().to_string()).collect();
    assert!(texts.iter().any(|text| text.contains(expected)), "{texts:?}");
}

#[test]
fn files_of_something_else_are_refused() {
    let roots = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let [one, other] = [0, 1].map(|at| roots[at].path());
    for root in [one, other] {
        train(Some(root), || Sgd::new(0.3), None).remove(0).unwrap();
    }
    let newest = files(one, 0)[1].clone();
    let kept = fs::read(&newest).unwrap();
    let bytes = |file: &Path| fs::read(file).unwrap();
    // No secret is readable, and no secret but the shares is there.
    assert!(String::from_utf8_lossy(&kept).contains("model/weight"));
    // Another run.
    for (from, to) in files(other, 0).iter().zip(files(one, 0)) {
        fs::write(to, bytes(from)).unwrap();
    }
    refused(one, "the parties have no checkpoint in common: party0 has step 12 of run");
    // Another party's, under this one's name, and at last with this one's key.
    fs::write(&newest, bytes(&files(other, 1)[1])).unwrap();
    refused(one, "its party is `party1`, and here it is `party0`");
    // One bit of the shares, then one of the manifest.
    let step = kept.windows(6).position(|at| at == b"step\":").unwrap() + 7;
    for at in [kept.len() - 20, step] {
        let mut changed = kept.clone();
        changed[at] ^= 1;
        fs::write(&newest, changed).unwrap();
        refused(one, "under another key, or it was changed");
    }
    // Cut off, empty.
    fs::write(&newest, &kept[..40]).unwrap();
    refused(one, "it ends too early");
    fs::write(&newest, b"").unwrap();
    refused(one, "this is no checkpoint");
    // Another key.
    fs::write(&newest, &kept).unwrap();
    fs::write(place(one, 0).1, "another phrase altogether").unwrap();
    refused(one, "under another key, or it was changed");
    fs::write(place(one, 0).1, "short").unwrap();
    refused(one, "a key has at least 12 bytes, and this has 5");
    // One party has lost its files.
    files(other, 1).iter().for_each(|file| fs::remove_file(file).unwrap());
    refused(other, "party1 has none");
}

#[test]
fn other_settings_are_refused() {
    let root = tempfile::tempdir().unwrap();
    train(Some(root.path()), || Sgd::new(0.3), None).remove(0).unwrap();
    let fit = |settings: Settings, lr: f64, inputs: usize| -> Vec<String> {
        let seen = Sim::new(2).settings(settings).run(async |s: Session| -> Result<()> {
            let (folder, key) = place(root.path(), s.runtime().me());
            let (x, y) = (alice(&s, [ROWS, inputs], &vec![0.5; ROWS * inputs]), data(&s).1);
            let mut trainer = Trainer::new(Linear::zeros(&s, inputs, 1), Sgd::new(lr)).epochs(2).batch(4).shuffle(5);
            trainer = trainer.checkpoints(Checkpoints::new(folder, key)?, 2);
            trainer.fit(&s, &x, &y, logistic).await.map(drop)
        });
        seen.into_iter().map(|party| party.unwrap_err().to_string()).collect()
    };
    let refuses =
        |texts: Vec<String>, expected: &str| assert!(texts.iter().any(|text| text.contains(expected)), "{texts:?}");
    refuses(fit(Settings::default(), 0.2, 2), "its training is");
    refuses(
        fit(Settings::default(), 0.3, 3),
        "its tensor is `model/weight [1, 2]`, and here it is `model/weight [1, 3]`",
    );
    let precise = Settings { fraction_bits: 18, ..Settings::default() };
    refuses(fit(precise, 0.3, 2), "its code of numbers is `16 fractional bits");
}

#[test]
fn what_is_asked_for_is_revealed_and_stops_early() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Sim::new(2).run(async |s: Session| {
        let (x, y) = data(&s);
        let (test_x, test_y) = (x.clone(), y.clone());
        let moments: Rc<RefCell<Vec<(Moment, u64)>>> = Rc::default();
        let (heard, log) = (moments.clone(), folder.path().join(s.name()));
        let mut trainer = Trainer::new(Linear::zeros(&s, 2, 1), Sgd::new(0.5))
            .epochs(50)
            .batch(10)
            .reveal_loss()
            .reveal("accuracy", move |model: &Linear| metrics::binary_accuracy(&model.forward(&test_x), &test_y))
            .stop_early("accuracy", Goal::Highest, 1)
            .callback(JsonLines::append(&log).map_err(Error::program)?)
            .callback(move |event: &Event<'_>| heard.borrow_mut().push((event.moment, event.step)));
        let report = trainer.fit(&s, &x, &y, logistic).await?;
        let numbers: Vec<f64> = report.epochs.iter().map(|epoch| epoch.revealed[1].1).collect();
        let best = numbers.iter().copied().fold(0.0, f64::max);
        assert!(report.stopped && report.epochs.len() < 50 && best > 0.8, "{report:?}");
        assert_eq!(numbers.iter().position(|x| *x == best), Some(numbers.len() - 3), "two epochs after the best");
        let losses: Vec<f64> = report.epochs.iter().map(|epoch| epoch.revealed[0].1).collect();
        assert!(losses[0] < 0.7 && losses.is_sorted_by(|a, b| a > b), "{losses:?}");
        // Two numbers an epoch, and nothing else.
        assert_eq!(s.ledger().len(), 2 * report.epochs.len());
        assert_eq!(
            moments.borrow()[..4],
            [(Moment::Step, 1), (Moment::Step, 2), (Moment::Step, 3), (Moment::Epoch, 3)]
        );
        let lines = fs::read_to_string(&log).map_err(Error::program)?;
        assert_eq!(lines.lines().count(), report.epochs.len());
        assert!(
            lines.starts_with("{\"") && lines.contains("\"moment\":\"epoch\"") && lines.contains("\"accuracy\":"),
            "{lines}"
        );
        trainer.model().weight.reveal_to::<Alice>().await?;
        Ok(report)
    });
    let [one, other] = [0, 1].map(|party| seen[party].as_ref().unwrap());
    assert_eq!(one, other);
}
