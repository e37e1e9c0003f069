//! Early stopping, on what was revealed.

/// Which values of a metric are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Small ones: a loss.
    Lowest,
    /// Large ones: an accuracy.
    Highest,
}

/// When to stop.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    pub(super) metric: String,
    pub(super) goal: Goal,
    pub(super) patience: u64,
    /// The best so far, and the epochs since.
    pub(super) best: Option<f64>,
    pub(super) since: u64,
}

impl Stop {
    pub(super) fn new(metric: &str, goal: Goal, patience: u64) -> Self {
        Self { metric: metric.to_owned(), goal, patience, best: None, since: 0 }
    }

    /// Whether an epoch with this value is one too many without a better one.
    pub(super) fn after(&mut self, value: f64) -> bool {
        let better = self.best.is_none_or(|best| match self.goal {
            Goal::Lowest => value < best,
            Goal::Highest => value > best,
        });
        if better {
            (self.best, self.since) = (Some(value), 0);
        } else {
            self.since += 1;
        }
        self.since > self.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_counts_epochs_since_the_best() {
        let mut stop = Stop::new("loss", Goal::Lowest, 1);
        let stops: Vec<_> = [3.0, 2.0, 2.5, 1.5, 1.6, 1.5].map(|loss| stop.after(loss)).into();
        assert_eq!(stops, [false, false, false, false, false, true]);
        let mut stop = Stop::new("accuracy", Goal::Highest, 0);
        assert_eq!([0.5, 0.6, 0.6].map(|accuracy| stop.after(accuracy)), [false, false, true]);
    }
}
