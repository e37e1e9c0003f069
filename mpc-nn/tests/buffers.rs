//! What a model keeps besides its parameters: computed with the parameters, saved with them, restored with them.

mod helpers;

use helpers::{Alice, Bob, ULP, agreed, alice, bob, close};
use mpc_core::{Result, Secret, Session, Tensor, sim::Sim};
use mpc_nn::{
    Layer, Linear, Module, StateDict, Trainer,
    checkpoint::Checkpoints,
    layers::{BatchNorm1d, Dropout, Relu, Sequential},
    loss,
    optim::Sgd,
    sequential,
    train::{Event, Moment, Report},
};
use ndarray::{ArrayD, IxDyn};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fs,
    panic::{self, AssertUnwindSafe},
    path::Path,
    rc::Rc,
};

const ROWS: usize = 24;

fn data(s: &Session) -> (Tensor<Secret>, Tensor<Secret>) {
    let x: Vec<f64> = (0..ROWS * 2).map(|i| (i * 37 % 23) as f64 / 8.0 - 1.3).collect();
    let y: Vec<f64> = x.chunks(2).map(|row| row[0] * 0.5 - row[1]).collect();
    (alice(s, [ROWS, 2], &x), bob(s, [ROWS, 1], &y))
}

/// Weights that are the same in every session.
fn model(s: &Session) -> Sequential {
    let first: Vec<f64> = (0..6).map(|at| (at * 5 % 7) as f64 / 4.0 - 0.8).collect();
    let last = [0.5, -0.25, 0.75];
    sequential![
        Linear::new(alice(s, [3, 2], &first), None),
        BatchNorm1d::init(s, 3),
        Relu,
        Dropout::new(0.5),
        Linear::new(alice(s, [1, 3], &last), None),
    ]
}

fn mse(model: &Sequential, x: &Tensor<Secret>, y: &Tensor<Secret>) -> Tensor<Secret> {
    loss::mse(&model.forward(x), y)
}

#[test]
fn running_statistics_do_not_pile_up() {
    agreed(Sim::new(2).run(async |s: Session| {
        let (x, y) = data(&s);
        let mut model = model(&s);
        let mut sgd = Sgd::new(0.1).momentum(0.9);
        let mut live = Vec::new();
        for step in 0..12 {
            let gradients = mse(&model, &x, &y).backward();
            if step % 3 == 2 {
                sgd.step(&s, &mut model, &gradients);
            } else {
                sgd.accumulate(&s, &model, &gradients);
            }
            drop(gradients);
            live.push(s.live_nodes());
        }
        assert_eq!(live[3..6], live[9..], "{live:?}");
        // They are there: to read one takes its opening alone.
        let before = s.traffic().total.rounds;
        model.buffers()[0].1.reveal().await?;
        assert_eq!(s.traffic().total.rounds - before, 1);
        Ok(())
    }));
}

#[test]
fn a_state_has_the_buffers_of_pytorch() {
    let array = |values: &[f64]| ArrayD::from_shape_vec(IxDyn(&[values.len()]), values.to_vec()).unwrap();
    let given: StateDict = [
        ("0.weight", array(&[1.0, 2.0])),
        ("0.bias", array(&[0.5, -0.5])),
        ("0.running_mean", array(&[0.25, 4.0])),
        ("0.running_var", array(&[2.0, 0.125])),
        ("0.num_batches_tracked", array(&[7.0])),
    ]
    .into_iter()
    .collect();
    let seen: Vec<Result<_>> = Sim::new(2).run(async |s: Session| {
        let mut model = sequential![BatchNorm1d::init(&s, 2)];
        model.share_state_from::<Alice>(&s, || given.clone());
        let names: Vec<_> = model.state().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["0.weight", "0.bias", "0.running_mean", "0.running_var"]);
        model.eval();
        let x = bob(&s, [1, 2], &[1.25, 4.5]);
        let y = model.forward(&x).reveal().await?;
        close(y, [1.0 / 2f64.sqrt() + 0.5, 2.0 * 0.5 / 0.125f64.sqrt() - 0.5], 4e-4);
        model.reveal_state_to::<Bob>().await
    });
    let state = seen[1].as_ref().unwrap().as_ref().unwrap();
    let names: Vec<_> = state.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["0.weight", "0.bias", "0.running_mean", "0.running_var"]);
    for (name, values) in state.iter() {
        close(values.iter().copied(), given.get(name).unwrap().iter().copied(), ULP);
    }
}

/// What is saved of a model, by name.
type State = BTreeMap<String, Vec<f64>>;

/// Epochs of six batches of four rows, a step every two batches, and a checkpoint every four batches: what is saved of the
/// model at the end. The dropout is switched off before the first session, which later ones are not told.
fn train(root: Option<&Path>, first: bool, dies: Option<u64>) -> Vec<Result<(Report, State)>> {
    Sim::new(2).run(async |s: Session| {
        let (x, y) = data(&s);
        let mut model = model(&s);
        if first {
            model.layers[3].eval();
        }
        let me = s.runtime().me();
        let mut trainer = Trainer::new(model, Sgd::new(0.1).momentum(0.5)).epochs(2).batch(4).accumulate(2).shuffle(5);
        trainer = trainer.reveal_loss();
        if let Some(root) = root {
            let key = root.join(format!("key{me}"));
            fs::write(&key, "a phrase for this test").unwrap();
            trainer = trainer.checkpoints(Checkpoints::new(root.join(format!("party{me}")), key)?, 5);
        }
        let batches = Cell::new(0);
        let report = trainer
            .fit(&s, &x, &y, |model, x, y| {
                batches.set(batches.get() + 1);
                assert!(me == 0 || dies != Some(batches.get()), "the party dies");
                mse(model, x, y)
            })
            .await?;
        let mut state = BTreeMap::new();
        for (name, value) in trainer.model().state() {
            state.insert(name, value.reveal().await?.into_iter().collect());
        }
        Ok((report, state))
    })
}

#[test]
fn a_killed_training_goes_on_with_its_statistics_and_modes() {
    let (whole, expected) = train(None, true, None).remove(0).unwrap();
    let root = tempfile::tempdir().unwrap();
    // In the second epoch, after the checkpoint of batch 5 in the middle of an accumulated step.
    let died = panic::catch_unwind(AssertUnwindSafe(|| train(Some(root.path()), true, Some(8))));
    assert!(died.is_err());
    for party in train(Some(root.path()), false, None) {
        let (report, state) = party.unwrap();
        assert_eq!((report.resumed, report.steps), (Some(5), 12));
        close([report.last("loss").unwrap()], [whole.last("loss").unwrap()], 30.0 * ULP);
        assert_eq!(state.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (name, values) in state {
            let mean = values.iter().map(|x| x.abs()).sum::<f64>();
            assert!(mean > 0.01, "{name} says nothing: {values:?}");
            close(values, expected[&name].clone(), 60.0 * ULP);
        }
    }
}

#[test]
fn gradients_accumulate_as_one_larger_batch() {
    let seen = |batch: usize, each: u32| {
        agreed(Sim::new(2).run(async |s: Session| {
            let (x, y) = data(&s);
            let model = sequential![Linear::new(alice(&s, [1, 2], &[0.5, 0.25]), None)];
            let mut trainer = Trainer::new(model, Sgd::new(0.1)).epochs(3).batch(batch).accumulate(each);
            trainer.fit(&s, &x, &y, mse).await?;
            Ok(trainer.model().parameters()[0].1.reveal().await?.into_raw_vec_and_offset().0)
        }))
    };
    close(seen(4, 3), seen(12, 1), 20.0 * ULP);
    // The last batch of an epoch makes a step of what there is: 4 + 2 batches.
    let [unequal, by_two] = [seen(4, 4), seen(8, 1)];
    assert!(unequal.iter().zip(&by_two).any(|(a, b)| (a - b).abs() > 1e-3), "{unequal:?} {by_two:?}");
}

#[test]
fn the_model_predicts_while_it_is_measured() {
    agreed(Sim::new(2).run(async |s: Session| {
        let (x, y) = data(&s);
        let (test_x, modes) = (x.clone(), Rc::new(RefCell::new(Vec::new())));
        let heard = modes.clone();
        let metric = move |model: &Sequential| {
            heard.borrow_mut().push(format!("{:?}", model.layers[3]));
            // Without dropout, twice the same.
            (model.forward(&test_x) - model.forward(&test_x)).square().sum()
        };
        let epochs = Rc::new(Cell::new(0));
        let counted = epochs.clone();
        let mut trainer =
            Trainer::new(model(&s), Sgd::new(0.1)).epochs(2).batch(12).reveal("noise", metric).callback(
                move |event: &Event<'_>| counted.set(counted.get() + u32::from(event.moment == Moment::Epoch)),
            );
        let trained = RefCell::new(Vec::new());
        let report = trainer
            .fit(&s, &x, &y, |model, x, y| {
                trained.borrow_mut().push(format!("{:?}", model.layers[3]));
                mse(model, x, y)
            })
            .await?;
        assert_eq!((report.last("noise"), epochs.get()), (Some(0.0), 2));
        assert!(modes.borrow().iter().all(|text| text.contains("evaluation")), "{modes:?}");
        assert_eq!(trained.borrow().len(), 4);
        assert!(trained.borrow().iter().all(|text| text.contains("training")), "{trained:?}");
        Ok(())
    }));
}
