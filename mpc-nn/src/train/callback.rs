//! Who watches a training.

use crate::data::FileError;
use serde::Serialize;
use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

/// What has just happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Training goes on from a checkpoint.
    Resumed,
    /// A batch is done: a step, unless gradients are accumulated.
    Step,
    /// An epoch has ended, and its metrics were revealed.
    Epoch,
    /// A checkpoint is on this party's disk.
    Checkpoint,
}

/// A moment of a training. All of it is public.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// What has happened.
    pub moment: Moment,
    /// Batches done so far, in earlier sessions too.
    pub step: u64,
    /// Batches of the whole training.
    pub steps: u64,
    /// The epoch, from 0.
    pub epoch: u64,
    /// What was revealed at the end of this epoch, by name.
    pub revealed: &'a [(String, f64)],
    /// Time since this session began to train.
    pub elapsed: Duration,
    /// Time to the end, if the rest goes as fast; nothing before the first step.
    pub left: Option<Duration>,
}

/// Something that watches a training at one party. It only hears of what is public, and it must not record steps: the
/// parties would diverge, and be told so.
pub trait Callback {
    /// Called at every [`Moment`].
    fn on(&mut self, event: &Event<'_>);
}

impl<F: FnMut(&Event<'_>)> Callback for F {
    fn on(&mut self, event: &Event<'_>) {
        self(event);
    }
}

/// A log with a line of JSON for every moment but steps, or for steps too.
#[derive(Debug)]
pub struct JsonLines {
    path: PathBuf,
    file: File,
    steps: bool,
    failed: bool,
}

impl JsonLines {
    /// Appends to a file, which is made if it is not there.
    ///
    /// # Errors
    /// [`FileError`] with what the system says.
    pub fn append(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let file = File::options().create(true).append(true).open(path).map_err(|error| FileError::of(path, error))?;
        Ok(Self { path: path.into(), file, steps: false, failed: false })
    }

    /// With a line for every step.
    #[must_use]
    pub fn every_step(mut self) -> Self {
        self.steps = true;
        self
    }

    /// Whether a line could not be written: a full disk does not stop a training.
    pub fn failed(&self) -> bool {
        self.failed
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Callback for JsonLines {
    fn on(&mut self, event: &Event<'_>) {
        if event.moment == Moment::Step && !self.steps {
            return;
        }
        let Event { moment, step, steps, epoch, revealed, elapsed, .. } = event;
        let line = serde_json::json!({
            "moment": moment, "step": step, "steps": steps, "epoch": epoch, "seconds": elapsed.as_secs_f64(),
            "revealed": revealed.iter().map(|(name, x)| (name.clone(), (*x).into())).collect::<serde_json::Map<_, _>>(),
        });
        self.failed |= writeln!(self.file, "{line}").is_err();
    }
}
