//! Optimisers: their rounds, and their steps against the same in f64.

mod helpers;

use helpers::{ULP, agreed, alice, bob, close};
use mpc_core::{Result, Secret, Session, Tensor, sim::Sim};
use mpc_nn::{
    Module, Param,
    optim::{Adam, AdamW, Group, Optimiser, RmsProp, Rule, Schedule, Sgd},
};

/// The rounds of the third step of a model of so many parameters, when its gradients are there already.
fn rounds<R: Rule>(parties: usize, params: usize, optimiser: impl Fn() -> Optimiser<R> + Sync) -> u64 {
    agreed(Sim::new(parties).run(async |s: Session| {
        let mut model: Vec<Param> = (0..params).map(|at| Param::new(alice(&s, at + 1, &vec![0.5; at + 1]))).collect();
        let (mut optimiser, mut before) = (optimiser(), 0);
        for _ in 0..3 {
            let slopes: Vec<_> =
                model.iter().map(|param| bob(&s, param.shape(), &vec![0.1; param.shape().len()])).collect();
            let terms = model.iter().zip(&slopes).map(|(param, slope)| (&**param * slope).sum());
            let loss = terms.reduce(|a, b| a + b).unwrap();
            before = s.traffic().total.rounds;
            optimiser.step(&s, &mut model, &loss.backward());
        }
        Ok(s.traffic().total.rounds - before)
    }))
}

#[test]
fn a_step_costs_the_same_rounds_for_any_number_of_parameters() {
    for params in [1, 6] {
        for parties in [2, 3] {
            assert_eq!(rounds(parties, params, || Sgd::new(0.1)), 1);
            assert_eq!(rounds(parties, params, || Sgd::new(0.1).momentum(0.9).weight_decay(0.01)), 1);
            assert_eq!(rounds(parties, params, || Sgd::new(0.1).nesterov(0.9)), 1);
            assert_eq!(rounds(parties, params, || Adam::new(0.1)), 14);
            assert_eq!(rounds(parties, params, || Adam::new(0.1).weight_decay(0.1)), 15);
            assert_eq!(rounds(parties, params, || AdamW::new(0.1).weight_decay(0.1)), 14);
            assert_eq!(rounds(parties, params, || Adam::new(0.1).amsgrad()), 18);
            assert_eq!(rounds(parties, params, || RmsProp::new(0.1).momentum(0.9)), 14);
            assert_eq!(rounds(parties, params, || Sgd::new(0.1).clip_norm(0.01)), 18);
            assert_eq!(rounds(parties, params, || Sgd::new(0.1).clip_value(0.01)), 5);
        }
    }
}

/// Where the test problem wants its parameters, and how steep it is.
const TARGETS: [f64; 6] = [1.0, -0.5, 0.25, 2.0, -1.5, 0.0];
const STEEP: [f64; 6] = [1.0, 0.3, 2.0, 0.05, 0.5, 1.0];

/// 50 steps on `size * sum_i steep_i (w_i - target_i)^2 / 2`, from 0.
fn on_shares<R: Rule>(size: f64, optimiser: impl Fn() -> Optimiser<R> + Sync) -> Vec<f64> {
    agreed(Sim::new(2).seed(1).run(async |s: Session| {
        let mut model = vec![Param::new(s.public(6, &[0.0; 6]).share())];
        let (targets, steep) = (alice(&s, 6, &TARGETS), bob(&s, 6, &STEEP.map(|steep| 0.5 * steep)));
        let mut optimiser = optimiser();
        for _ in 0..50 {
            let away = &*model[0] - &targets;
            let loss = (away.square() * &steep).sum() * size;
            let gradients = optimiser.backward(&loss);
            optimiser.step(&s, &mut model, &gradients);
        }
        Ok(model[0].reveal().await?.into_raw_vec_and_offset().0)
    }))
}

/// The same in f64, with a rule for one parameter: from its state, the number of the step, it and its gradient.
fn in_the_clear(size: f64, rule: impl Fn(&mut [f64; 3], i32, f64, f64) -> f64) -> Vec<f64> {
    let one = |(target, steep): (f64, f64)| {
        let mut state = [0.0; 3];
        (1..=50).fold(0.0, |w, t| rule(&mut state, t, w, size * steep * (w - target)))
    };
    TARGETS.into_iter().zip(STEEP).map(one).collect()
}

#[test]
fn sgd_is_that_of_pytorch() {
    let plain = on_shares(1.0, || Sgd::new(0.05).weight_decay(0.01));
    close(plain, in_the_clear(1.0, |_, _, w, g| w - 0.05 * (g + 0.01 * w)), 20.0 * ULP);
    let momentum = |nesterov: bool| {
        move |state: &mut [f64; 3], t: i32, w: f64, g: f64| {
            let g = g + 0.001 * w;
            state[0] = if t == 1 { g } else { 0.9 * state[0] + g };
            w - 0.02 * if nesterov { g + 0.9 * state[0] } else { state[0] }
        }
    };
    let found = on_shares(1.0, || Sgd::new(0.02).momentum(0.9).weight_decay(0.001));
    close(found, in_the_clear(1.0, momentum(false)), 40.0 * ULP);
    let found = on_shares(1.0, || Sgd::new(0.02).nesterov(0.9).weight_decay(0.001));
    close(found, in_the_clear(1.0, momentum(true)), 40.0 * ULP);
}

const EPS2: f64 = 1.0 / 16384.0 / 16384.0;

fn adam(lr: f64, decay: f64, coupled: bool, amsgrad: bool) -> impl Fn(&mut [f64; 3], i32, f64, f64) -> f64 {
    move |state, t, w, g| {
        let g = if coupled { g + decay * w } else { g };
        state[0] = 0.9 * state[0] + 0.1 * g;
        state[1] = 0.999 * state[1] + 0.001 * g * g;
        state[2] = state[2].max(state[1]);
        let v = if amsgrad { state[2] } else { state[1] } / (1.0 - 0.999f64.powi(t));
        let step = state[0] / (1.0 - 0.9f64.powi(t)) / (v + EPS2).sqrt();
        w - lr * step - if coupled { 0.0 } else { lr * decay * w }
    }
}

/// A step moves a parameter by about the learning rate, 0.05: within 1 % of one step after 50 of them.
#[test]
fn adam_is_that_of_the_paper() {
    let found = on_shares(1.0, || Adam::new(0.05).weight_decay(0.01));
    close(found, in_the_clear(1.0, adam(0.05, 0.01, true, false)), 5e-4);
    let found = on_shares(1.0, || AdamW::new(0.05).weight_decay(0.1));
    close(found, in_the_clear(1.0, adam(0.05, 0.1, false, false)), 5e-4);
    let found = on_shares(1.0, || Adam::new(0.05).amsgrad());
    close(found, in_the_clear(1.0, adam(0.05, 0.0, true, true)), 5e-4);
    let found = on_shares(1.0, || RmsProp::new(0.01).alpha(0.95).momentum(0.5));
    let rms = |state: &mut [f64; 3], _: i32, w: f64, g: f64| {
        state[0] = 0.95 * state[0] + 0.05 * g * g;
        state[1] = 0.5 * state[1] + g / (state[0] + EPS2).sqrt();
        w - 0.01 * state[1]
    };
    close(found, in_the_clear(1.0, rms), 1e-3);
}

/// Gradients of a thousandth have squares far below one unit of the last place. The target at 0 is left out: its gradient
/// is nothing but rounding.
#[test]
fn adam_sees_the_squares_of_small_gradients() {
    let expected = in_the_clear(0.002, adam(0.02, 0.0, true, false));
    let found = on_shares(0.002, || Adam::new(0.02));
    close(found[..3].to_vec(), expected[..3].to_vec(), 0.05);
    let scaled = on_shares(0.002, || Adam::new(0.02).loss_scale(8));
    close(scaled[..5].to_vec(), expected[..5].to_vec(), 2e-3);
}

#[test]
fn clipping_groups_freezing_and_schedules() {
    agreed(Sim::new(2).run(async |s: Session| {
        let mut model: Vec<Param> = (0..3).map(|_| Param::new(s.public(2, &[1.0, 1.0]).share())).collect();
        let slopes = [[3.0, 0.0], [0.0, 4.0], [12.0, 0.0]].map(|slope| bob(&s, 2, &slope));
        let gradients = |model: &[Param]| {
            let terms = model.iter().zip(&slopes).map(|(param, slope)| (&**param * slope).sum());
            terms.reduce(|a, b| a + b).unwrap().backward()
        };
        let read = async |model: &[Param]| -> Result<Vec<f64>> {
            let all = model[0].concat(&model[1], 0).concat(&model[2], 0);
            Ok(all.reveal().await?.into_raw_vec_and_offset().0)
        };
        let step = |optimiser: &mut Sgd, model: &mut Vec<Param>| {
            let found = gradients(model);
            optimiser.step(&s, model, &found);
        };
        // The norm is 13: a thirteenth of each.
        step(&mut Sgd::new(1.0).clip_norm(1.0), &mut model);
        close(read(&model).await?, [1.0 - 3.0 / 13.0, 1.0, 1.0, 1.0 - 4.0 / 13.0, 1.0 - 12.0 / 13.0, 1.0], 4e-4);
        // It is below 20: nothing changes; elements are limited to 0.5.
        let before = read(&model).await?;
        step(&mut Sgd::new(0.01).clip_norm(20.0), &mut model);
        let expected = before.iter().zip([3.0, 0.0, 0.0, 4.0, 12.0, 0.0]).map(|(w, g)| w - 0.01 * g);
        close(read(&model).await?, expected, 4.0 * ULP);
        let before = read(&model).await?;
        step(&mut Sgd::new(1.0).clip_value(0.5), &mut model);
        let expected = before.iter().zip([0.5, 0.0, 0.0, 0.5, 0.5, 0.0]).map(|(w, g)| w - g);
        close(read(&model).await?, expected, 2.0 * ULP);
        // Three parameters, three ways; the second half of the steps at a tenth.
        let before = read(&model).await?;
        let mut optimiser = Sgd::new(0.1)
            .group(Group::new(|name| name == "1").lr(0.2))
            .group(Group::new(|name| name == "2").frozen())
            .schedule(Schedule::step(1, 0.1));
        step(&mut optimiser, &mut model);
        step(&mut optimiser, &mut model);
        let expected = before.iter().zip([0.33, 0.0, 0.0, 0.88, 0.0, 0.0]).map(|(w, g)| w - g);
        close(read(&model).await?, expected, 4.0 * ULP);
        // A frozen parameter keeps its value and comes back.
        let before = read(&model).await?;
        model[0].freeze();
        step(&mut Sgd::new(0.1), &mut model);
        close(read(&model).await?[..2].to_vec(), before[..2].to_vec(), 0.0);
        assert!(model.parameters()[0].1.is_frozen());
        model[0].unfreeze();
        step(&mut Sgd::new(0.1), &mut model);
        close(read(&model).await?[..2].to_vec(), [before[0] - 0.3, before[1]], 2.0 * ULP);
        Ok(())
    }));
}

#[test]
fn gradients_that_wait_make_a_larger_batch() {
    let run = |pieces: usize| {
        agreed(Sim::new(2).run(async |s: Session| {
            let mut model = vec![Param::new(s.public(1, &[0.5]).share())];
            let x = alice(&s, [8, 1], &[1.0, 2.0, -1.0, 0.5, 3.0, -2.0, 0.0, 1.0]);
            let loss = |model: &[Param], rows: std::ops::Range<usize>| -> Tensor<Secret> {
                (x.rows(rows) * &*model[0] - 1.0).square().mean()
            };
            let mut sgd = Sgd::new(0.1).momentum(0.9);
            for _ in 0..5 {
                let size = 8 / pieces;
                for piece in 1..pieces {
                    let gradients = loss(&model, (piece - 1) * size..piece * size).backward();
                    sgd.accumulate(&s, &model, &gradients);
                }
                let gradients = loss(&model, 8 - size..8).backward();
                sgd.step(&s, &mut model, &gradients);
            }
            assert_eq!(sgd.counts(), (5, 0));
            model[0].reveal().item().await
        }))
    };
    close([run(4)], [run(1)], 16.0 * ULP);
}
