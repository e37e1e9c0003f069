//! The loop.

use super::{
    Callback, Epoch, Event, Goal, Moment, Report,
    resume::{remembered, restore, shapes, tensors},
    stop::Stop,
};
use crate::{
    Module,
    checkpoint::{Checkpoints, Position},
    data::{batches, order},
    module::{modes, set_modes},
    optim::{Optimiser, Rule},
};
use mpc_core::{Result, Secret, Session, Tensor};
use std::{ops::Range, time::Instant};

type Metric<M> = Box<dyn Fn(&M) -> Tensor<Secret>>;

/// Trains a model on rows of features and labels.
///
/// ```no_run
/// # use mpc_core::{Result, Secret, Session, Tensor};
/// # use mpc_nn::{Linear, Trainer, checkpoint::Checkpoints, loss, metrics, optim::Adam, train::Goal};
/// # async fn f(s: Session, x: Tensor<Secret>, y: Tensor<Secret>, test: (Tensor<Secret>, Tensor<Secret>)) -> Result<()> {
/// let mut trainer = Trainer::new(Linear::zeros(&s, 30, 1), Adam::new(1e-3))
///     .epochs(20)
///     .batch(64)
///     .reveal_loss()
///     .reveal("accuracy", move |model: &Linear| metrics::binary_accuracy(&model.forward(&test.0), &test.1))
///     .stop_early("accuracy", Goal::Highest, 3)
///     .checkpoints(Checkpoints::new("my-checkpoints", "my.key")?, 100);
/// let report = trainer.fit(&s, &x, &y, |model, x, y| loss::bce_with_logits(&model.forward(x), y)).await?;
/// let weights = trainer.model().weight.reveal().await?;
/// # Ok(())
/// # }
/// ```
///
/// Nothing is revealed that is not asked for by [`reveal`](Self::reveal) or [`reveal_loss`](Self::reveal_loss). How many
/// epochs early stopping makes is public, and follows from what was revealed.
pub struct Trainer<M, R> {
    model: M,
    optimiser: Optimiser<R>,
    epochs: u64,
    batch: usize,
    accumulate: u32,
    seed: Option<u64>,
    metrics: Vec<(String, Metric<M>)>,
    reveal_loss: bool,
    stop: Option<Stop>,
    checkpoints: Option<(Checkpoints, u64)>,
    callbacks: Vec<Box<dyn Callback>>,
}

/// The name of the mean loss of an epoch.
const LOSS: &str = "loss";

impl<M: Module, R: Rule> Trainer<M, R> {
    /// One epoch of batches of 32 rows, in the order of the data.
    pub fn new(model: M, optimiser: Optimiser<R>) -> Self {
        Self {
            model,
            optimiser,
            epochs: 1,
            batch: 32,
            accumulate: 1,
            seed: None,
            metrics: Vec::new(),
            reveal_loss: false,
            stop: None,
            checkpoints: None,
            callbacks: Vec::new(),
        }
    }

    /// How often all rows are seen.
    #[must_use]
    pub fn epochs(mut self, epochs: u64) -> Self {
        self.epochs = epochs;
        self
    }

    /// How many rows make a batch; the last of an epoch may have less.
    #[must_use]
    pub fn batch(mut self, rows: usize) -> Self {
        self.batch = rows.max(1);
        self
    }

    /// Moves the parameters after every so many batches, by the mean of their gradients: as with batches that are so many
    /// times larger, in the memory of one. The last batch of an epoch always moves them.
    #[must_use]
    pub fn accumulate(mut self, batches: u32) -> Self {
        self.accumulate = batches.max(1);
        self
    }

    /// Another public order in every epoch, which follows from a seed. Rows are then opened (under fresh masks) once an epoch;
    /// without it, once in all, at the first epoch: for data of some size the bytes of one, the time of the other.
    #[must_use]
    pub fn shuffle(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Computes a scalar at the end of every epoch and reveals it to everybody. The model predicts meanwhile, as after
    /// [`Module::eval`], and then is as it was. Recorded without a tape.
    #[must_use]
    pub fn reveal(mut self, name: &str, metric: impl Fn(&M) -> Tensor<Secret> + 'static) -> Self {
        self.metrics.push((name.to_owned(), Box::new(metric)));
        self
    }

    /// Reveals the mean of the batches' losses at the end of every epoch, as `loss`.
    #[must_use]
    pub fn reveal_loss(mut self) -> Self {
        self.reveal_loss = true;
        self
    }

    /// Ends after `patience + 1` epochs without a better value of something that is revealed: `loss`, or a name given to
    /// [`Self::reveal`]. A name that is not revealed never ends anything.
    #[must_use]
    pub fn stop_early(mut self, metric: &str, goal: Goal, patience: u64) -> Self {
        self.stop = Some(Stop::new(metric, goal, patience));
        self
    }

    /// Writes a checkpoint every so many batches and at the end, and goes on from the newest that all parties have.
    #[must_use]
    pub fn checkpoints(mut self, checkpoints: Checkpoints, every: u64) -> Self {
        self.checkpoints = Some((checkpoints, every.max(1)));
        self
    }

    /// Lets something watch.
    #[must_use]
    pub fn callback(mut self, callback: impl Callback + 'static) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// The model.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The model, to keep.
    pub fn into_model(self) -> M {
        self.model
    }

    /// How many batches so many rows take, in all epochs.
    pub fn steps(&self, rows: usize) -> u64 {
        self.epochs * batches(rows, self.batch).len() as u64
    }

    /// Trains on the rows of `[n, ..]` features and `[n, ..]` labels: `loss` gives the scalar loss of a batch. Every part of
    /// the model has the mode that it came with; a new one trains.
    ///
    /// # Errors
    /// A [`CheckpointError`](crate::checkpoint::CheckpointError) as a program's error; whatever stopped the session.
    pub async fn fit(
        &mut self,
        s: &Session,
        x: &Tensor<Secret>,
        y: &Tensor<Secret>,
        loss: impl Fn(&M, &Tensor<Secret>, &Tensor<Secret>) -> Tensor<Secret>,
    ) -> Result<Report> {
        let rows = x.shape().dims().first().copied().unwrap_or(0);
        let (mut at, mut sum, mut report) = (Position::default(), None, Report::default());
        let mut writer = None;
        if let Some((checkpoints, every)) = &self.checkpoints {
            let (begun, restored) = checkpoints.begin(s, self.describe(rows), &shapes(&self.model)).await?;
            if let Some(restored) = restored {
                (at, sum) = restore(s, &mut self.model, &mut self.optimiser, self.stop.as_mut(), restored);
                report.resumed = Some(at.step);
            }
            writer = Some((begun, *every));
        }
        let (start, first) = (Instant::now(), at.step);
        if report.resumed.is_some() {
            self.tell(Moment::Resumed, &at, rows, &[], (start, first));
        }
        let all: Vec<Range<usize>> = batches(rows, self.batch).collect();
        // A training that had ended early stays so.
        report.stopped = self.stop.as_ref().is_some_and(|stop| stop.since > stop.patience);
        while at.epoch < self.epochs && !report.stopped {
            let shuffled = self.seed.map(|seed| order(rows, seed.wrapping_add(at.epoch)));
            while let Some(range) = all.get(at.batch as usize) {
                let of = |data: &Tensor<Secret>| match &shuffled {
                    Some(order) => data.index_select(0, &order[range.clone()]),
                    None => data.rows(range.clone()),
                };
                let value = loss(&self.model, &of(x), &of(y));
                let gradients = self.optimiser.backward(&value);
                if self.reveal_loss {
                    let weighted = s.no_grad(|| value.detach() * (range.len() as f64 / rows as f64));
                    sum = Some(s.no_grad(|| sum.map_or_else(|| weighted.clone(), |sum| sum + &weighted)));
                }
                drop(value);
                at.step += 1;
                at.batch += 1;
                if at.batch.is_multiple_of(self.accumulate.into()) || at.batch as usize == all.len() {
                    self.optimiser.step(s, &mut self.model, &gradients);
                } else {
                    self.optimiser.accumulate(s, &self.model, &gradients);
                }
                // Not to be kept until the next batch has its own.
                drop(gradients);
                self.tell(Moment::Step, &at, rows, &[], (start, first));
                if at.batch as usize == all.len() {
                    let revealed = self.end_of_epoch(s, sum.take()).await?;
                    self.tell(Moment::Epoch, &at, rows, &revealed, (start, first));
                    report.stopped = self.stops(&revealed);
                    report.epochs.push(Epoch { number: at.epoch, revealed });
                }
                if let Some((writer, every)) = &mut writer {
                    let last = at.batch as usize == all.len() && (report.stopped || at.epoch + 1 == self.epochs);
                    if at.step.is_multiple_of(*every) || last {
                        at.optimiser = self.optimiser.counts();
                        at.revealed = remembered(self.stop.as_ref());
                        at.modes = modes(&self.model);
                        let kept = tensors(&self.model, &self.optimiser, sum.as_ref());
                        writer.save(s, at.clone(), &kept).await?;
                        self.tell(Moment::Checkpoint, &at, rows, &[], (start, first));
                    }
                }
            }
            (at.epoch, at.batch) = (at.epoch + 1, 0);
        }
        report.steps = at.step;
        Ok(report)
    }

    /// What all parties, and all sessions of a run, must have alike.
    fn describe(&self, rows: usize) -> String {
        let Self { optimiser, batch, accumulate, seed, .. } = self;
        let each = format!("{rows} rows in batches of {batch}, a step every {accumulate}, order {seed:?}");
        format!("{}; {each}", optimiser.describe())
    }

    async fn end_of_epoch(&mut self, s: &Session, loss: Option<Tensor<Secret>>) -> Result<Vec<(String, f64)>> {
        let before = modes(&self.model);
        self.model.eval();
        let opened: Vec<_> = s.no_grad(|| {
            let metrics = self.metrics.iter().map(|(name, metric)| (name.clone(), metric(&self.model).reveal()));
            loss.map(|loss| (LOSS.to_owned(), loss.reveal())).into_iter().chain(metrics).collect()
        });
        set_modes(&mut self.model, &before);
        let mut revealed = Vec::with_capacity(opened.len());
        for (name, value) in opened {
            revealed.push((name, value.item().await?));
        }
        Ok(revealed)
    }

    fn stops(&mut self, revealed: &[(String, f64)]) -> bool {
        let Some(stop) = &mut self.stop else { return false };
        let value = revealed.iter().find(|(name, _)| *name == stop.metric);
        value.is_some_and(|(_, value)| stop.after(*value))
    }

    fn tell(&mut self, moment: Moment, at: &Position, rows: usize, revealed: &[(String, f64)], from: (Instant, u64)) {
        let (steps, elapsed, done) = (self.steps(rows), from.0.elapsed(), at.step - from.1);
        let left = (done > 0).then(|| elapsed.mul_f64(steps.saturating_sub(at.step) as f64 / done as f64));
        let event = Event { moment, step: at.step, steps, epoch: at.epoch, revealed, elapsed, left };
        self.callbacks.iter_mut().for_each(|callback| callback.on(&event));
    }
}

impl<M, R: Rule> std::fmt::Debug for Trainer<M, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Trainer({} epochs of batches of {}, {})", self.epochs, self.batch, self.optimiser.describe())
    }
}
