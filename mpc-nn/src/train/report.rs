//! What came out of a training.

/// What came out of a training. All of it is public.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The step of the checkpoint that this session went on from.
    pub resumed: Option<u64>,
    /// Batches done, in earlier sessions too.
    pub steps: u64,
    /// The epochs that ended in this session.
    pub epochs: Vec<Epoch>,
    /// Whether it ended early, because a metric had not improved.
    pub stopped: bool,
}

/// An epoch that ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Epoch {
    /// Its number, from 0.
    pub number: u64,
    /// What was revealed at its end, by name.
    pub revealed: Vec<(String, f64)>,
}

impl Report {
    /// A number revealed at the end of the last epoch.
    pub fn last(&self, name: &str) -> Option<f64> {
        self.epochs.last()?.revealed.iter().find(|(other, _)| other == name).map(|(_, value)| *value)
    }
}
