//! Optimisers: one [`Rule`] a file. What all have in common is in [`Optimiser`]: learning rates and schedules, groups of
//! parameters, clipping, accumulation. The updates of all parameters of a step share their rounds.

mod adam;
mod clip;
mod group;
mod rmsprop;
mod schedule;
mod sgd;

pub use adam::{Adam, AdamW, Moments};
pub use group::Group;
pub use rmsprop::{RmsProp, RootMeanSquare};
pub use schedule::Schedule;
pub use sgd::{Descent, Sgd};

use crate::Module;
use mpc_core::{Fixed, Gradients, Secret, Session, Tensor};
use std::{collections::BTreeMap, fmt};

/// How one parameter moves. It records steps, and keeps what it wants to remember in slots.
pub trait Rule: fmt::Debug {
    /// The last part of the scope of a step.
    fn name(&self) -> &'static str;

    /// The new value of a parameter.
    fn update(&self, at: &Step<'_>, slots: &mut Slots) -> Tensor<Secret>;
}

/// What a [`Rule`] is told of one parameter in one step.
#[derive(Debug)]
pub struct Step<'a> {
    /// The number of the step, from 1.
    pub number: u64,
    /// The learning rate of this parameter in this step.
    pub lr: f64,
    /// The weight decay of this parameter.
    pub weight_decay: f64,
    /// How many times larger than the real gradient the one here is: see [`Optimiser::loss_scale`].
    pub scale: f64,
    /// The parameter.
    pub value: &'a Tensor<Secret>,
    /// Its gradient.
    pub gradient: &'a Tensor<Secret>,
}

impl Step<'_> {
    /// The code of numbers.
    pub fn fixed(&self) -> Fixed {
        self.value.handle().runtime().engine().fixed()
    }

    /// The gradient plus the weight decay times the parameter. With a decay, 1 round.
    #[track_caller]
    pub fn decayed(&self) -> Tensor<Secret> {
        match self.weight_decay == 0.0 {
            true => self.gradient.clone(),
            false => self.gradient + self.value * (self.weight_decay * self.scale),
        }
    }
}

/// What an optimiser remembers of one parameter, by name.
#[derive(Clone, Debug, Default)]
pub struct Slots(BTreeMap<String, Tensor<Secret>>);

impl Slots {
    /// What is remembered under a name.
    pub fn get(&self, name: &str) -> Option<&Tensor<Secret>> {
        self.0.get(name)
    }

    /// Remembers a value.
    pub fn set(&mut self, name: &str, value: Tensor<Secret>) {
        self.0.insert(name.to_owned(), value);
    }
}

/// Gradients that wait for the next step.
const WAITING: &str = "waiting";

/// An optimiser: a [`Rule`] with learning rates, weight decay, groups, clipping and accumulation. [`Sgd`], [`Adam`],
/// [`AdamW`] and [`RmsProp`] are this with a rule, and have constructors of their own.
///
/// ```
/// # use mpc_nn::optim::{AdamW, Group, Schedule};
/// let optimiser = AdamW::new(1e-3)
///     .weight_decay(0.01)
///     .group(Group::new(|name| name.ends_with("bias")).weight_decay(0.0))
///     .schedule(Schedule::cosine(1000, 0.0).after_warm_up(100))
///     .clip_norm(1.0);
/// ```
///
/// The learning rate, the schedule and everything else here is public; gradients, the state and the norm are not.
#[derive(Clone, Debug)]
pub struct Optimiser<R> {
    rule: R,
    lr: f64,
    weight_decay: f64,
    schedule: Schedule,
    groups: Vec<Group>,
    clip_value: Option<f64>,
    clip_norm: Option<f64>,
    loss_scale: u32,
    steps: u64,
    waiting: u32,
    slots: BTreeMap<String, Slots>,
}

impl<R: Rule> Optimiser<R> {
    /// An optimiser with a rule of your own.
    pub fn with_rule(rule: R, lr: f64) -> Self {
        Self {
            rule,
            lr,
            weight_decay: 0.0,
            schedule: Schedule::constant(),
            groups: Vec::new(),
            clip_value: None,
            clip_norm: None,
            loss_scale: 0,
            steps: 0,
            waiting: 0,
            slots: BTreeMap::new(),
        }
    }

    /// Adds `weight_decay` times the parameter to its gradient; [`AdamW`] takes it from the parameter instead.
    #[must_use]
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// Multiplies the learning rates of every step by a public factor.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// Treats some parameters differently. The first group that names a parameter has it.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// Brings every element of a gradient between `-limit` and `limit`, before the step. 4 rounds.
    #[must_use]
    pub fn clip_value(mut self, limit: f64) -> Self {
        self.clip_value = Some(limit);
        self
    }

    /// Scales the gradients of a step down so that the norm of all of them together is at most `limit`. Nobody learns the
    /// norm, nor whether it was too large. 17 rounds, whatever the number of parameters. The norm must stay below 2^15,
    /// and below 2^12 times `limit` if that is smaller.
    #[must_use]
    pub fn clip_norm(mut self, limit: f64) -> Self {
        self.clip_norm = Some(limit);
        self
    }

    /// Lets [`backward`](Self::backward) find gradients of 2^`bits` times the loss, which is free, and takes that back in
    /// the update: gradients below 2^-16 (16 fractional bits) keep their digits. Gradients must then stay that much
    /// further below the limit of numbers.
    #[must_use]
    pub fn loss_scale(mut self, bits: u32) -> Self {
        self.loss_scale = bits;
        self
    }

    /// The gradients of a loss, scaled as [`Self::loss_scale`] says. Without it, the same as `loss.backward()`.
    #[track_caller]
    pub fn backward(&self, loss: &Tensor<Secret>) -> Gradients<Secret> {
        match self.loss_scale {
            0 => loss.backward(),
            _ => (loss * self.scale()).backward(),
        }
    }

    fn scale(&self) -> f64 {
        f64::from(self.loss_scale.min(30)).exp2()
    }

    /// How many steps were made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The learning rate of the next step, of parameters that are in no group.
    pub fn lr(&self) -> f64 {
        self.lr * self.schedule.factor(self.steps)
    }

    /// Keeps gradients for the next step, which moves by the mean of all that it was given: as by one batch that is as
    /// large as all together, if each was the gradient of a mean over as many rows. Runs what they and the model's buffers
    /// need.
    #[track_caller]
    pub fn accumulate(&mut self, s: &Session, model: &impl Module, gradients: &Gradients<Secret>) {
        let mut kept = Vec::new();
        s.no_grad(|| {
            for (name, param) in self.trained(model) {
                let slots = self.slots.entry(name).or_default();
                let gradient = gradients.of(&*param);
                let sum = slots.get(WAITING).map_or_else(|| gradient.clone(), |sum| sum + &gradient);
                slots.set(WAITING, sum.clone());
                kept.push(sum);
            }
        });
        self.waiting += 1;
        compute_with(s, kept, model);
    }

    /// Updates every parameter by the gradients of a loss, and runs what that and the model's buffers need: not the loss
    /// itself.
    #[track_caller]
    pub fn step(&mut self, s: &Session, model: &mut impl Module, gradients: &Gradients<Secret>) {
        let _scope = s.scope(self.rule.name());
        let mut updated = Vec::new();
        s.no_grad(|| {
            let (names, mut all): (Vec<_>, Vec<_>) =
                self.trained(model).into_iter().map(|(name, param)| (name, gradients.of(&*param))).unzip();
            self.add_waiting(&names, &mut all);
            if let Some(limit) = self.clip_value {
                all.iter_mut().for_each(|gradient| *gradient = clip::by_value(gradient, limit * self.scale()));
            }
            if let Some(limit) = self.clip_norm {
                clip::by_norm(s, &mut all, limit * self.scale());
            }
            let gradients: BTreeMap<_, _> = names.into_iter().zip(all).collect();
            let factor = self.schedule.factor(self.steps);
            self.steps += 1;
            model.for_each_param(|name, param| {
                let Some(gradient) = gradients.get(name) else { return };
                let group = self.groups.iter().find(|group| group.has(name));
                let slots = self.slots.entry(name.to_owned()).or_default();
                let at = Step {
                    number: self.steps,
                    lr: factor * group.and_then(|group| group.lr).unwrap_or(self.lr),
                    weight_decay: group.and_then(|group| group.weight_decay).unwrap_or(self.weight_decay),
                    scale: f64::from(self.loss_scale.min(30)).exp2(),
                    value: param,
                    gradient,
                };
                let value = self.rule.update(&at, slots);
                param.set(value);
                updated.push((**param).clone());
                updated.extend(slots.0.values().cloned());
            });
        });
        compute_with(s, updated, &*model);
    }

    /// The parameters that are trained, by name.
    fn trained(&self, model: &impl Module) -> Vec<(String, crate::Param)> {
        let frozen = |name: &str| self.groups.iter().find(|group| group.has(name)).is_some_and(|group| group.frozen);
        model.parameters().into_iter().filter(|(name, param)| !param.is_frozen() && !frozen(name)).collect()
    }

    fn add_waiting(&mut self, names: &[String], gradients: &mut [Tensor<Secret>]) {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting == 0 {
            return;
        }
        for (name, gradient) in names.iter().zip(gradients) {
            if let Some(sum) = self.slots.get_mut(name).and_then(|slots| slots.0.remove(WAITING)) {
                *gradient = (&*gradient + sum) / f64::from(waiting + 1);
            }
        }
    }

    /// Everything secret that the optimiser remembers, by `parameter/slot`, in an order that is the same everywhere.
    pub fn state(&self) -> Vec<(String, Tensor<Secret>)> {
        let of = |(name, slots): (&String, &Slots)| {
            slots.0.iter().map(|(slot, value)| (format!("{name}/{slot}"), value.clone())).collect::<Vec<_>>()
        };
        self.slots.iter().flat_map(of).collect()
    }

    /// Everything public that the optimiser remembers: steps made, and how many gradients wait for the next.
    pub fn counts(&self) -> (u64, u32) {
        (self.steps, self.waiting)
    }

    /// Goes on from a state: see [`Self::state`] and [`Self::counts`].
    pub fn restore(&mut self, counts: (u64, u32), state: impl IntoIterator<Item = (String, Tensor<Secret>)>) {
        (self.steps, self.waiting) = counts;
        self.slots.clear();
        for (name, value) in state {
            let (param, slot) = name.rsplit_once('/').unwrap_or((&name, ""));
            self.slots.entry(param.to_owned()).or_default().set(slot, value);
        }
    }

    /// The public settings as text: equal texts train alike. Groups appear with their numbers, not with the names they
    /// choose.
    pub fn describe(&self) -> String {
        let Self { rule, lr, weight_decay, schedule, groups, clip_value, clip_norm, loss_scale, .. } = self;
        format!(
            "{rule:?}, lr {lr}, weight decay {weight_decay}, {schedule:?}, {groups:?}, clip value {clip_value:?}, \
             clip norm {clip_norm:?}, loss scale {loss_scale}"
        )
    }
}

/// Runs what some tensors need and what the model's buffers need: running statistics would otherwise pile up, and keep their
/// batches in memory.
fn compute_with(s: &Session, mut tensors: Vec<Tensor<Secret>>, model: &impl Module) {
    tensors.extend(model.buffers().into_iter().map(|(_, value)| value));
    s.runtime().compute(&tensors.iter().map(Tensor::handle).collect::<Vec<_>>());
}
