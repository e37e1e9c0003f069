//! What is printed: a line an epoch, and a table at the end.

use crate::plaintext::Plan;
use mpc::{
    comm::Count,
    nn::train::{Callback, Event, Moment},
    prelude::*,
};
use std::{cell::RefCell, rc::Rc, time::Duration};

/// What an epoch gave and cost this party.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    number: u64,
    pub(crate) accuracy: f64,
    seconds: f64,
    dealer_seconds: f64,
    steps: u64,
    cost: Count,
    dealt: u64,
}

/// The epochs so far.
pub(crate) type Epochs = Rc<RefCell<Vec<Line>>>;

/// Watches a training, and notes what every epoch costs; the test after it is part of the epoch.
pub(crate) struct Log {
    s: Session,
    epochs: Epochs,
    print: bool,
    /// Where the epoch began: step, time, waiting for the dealer, bytes and rounds, bytes from the dealer to all.
    from: (u64, Duration, Duration, Count, u64),
}

impl Log {
    pub(crate) fn new(s: &Session, epochs: &Epochs, print: bool) -> Self {
        let from = (0, Duration::ZERO, s.timing().dealer, s.traffic().total, s.dealer_sent());
        Self { s: s.clone(), epochs: epochs.clone(), print, from }
    }
}

impl Callback for Log {
    fn on(&mut self, event: &Event<'_>) {
        let now = (event.step, event.elapsed, self.s.timing().dealer, self.s.traffic().total, self.s.dealer_sent());
        if event.moment == Moment::Resumed {
            self.from = now;
            if self.print {
                anstream::println!("goes on after step {} of {}", event.step, event.steps);
            }
        }
        if event.moment != Moment::Epoch {
            return;
        }
        let from = std::mem::replace(&mut self.from, now);
        let accuracy = event.revealed.iter().find(|(name, _)| name == "accuracy").map_or(f64::NAN, |(_, x)| *x);
        let line = Line {
            number: event.epoch + 1,
            accuracy,
            seconds: (now.1 - from.1).as_secs_f64(),
            dealer_seconds: (now.2 - from.2).as_secs_f64(),
            steps: now.0 - from.0,
            cost: now.3 - from.3,
            dealt: now.4 - from.4,
        };
        if self.print {
            let Line { number, seconds, steps, .. } = line;
            let percent = 100.0 * accuracy;
            anstream::println!("on shares, epoch {number}: {percent:.2} %, {seconds:.1} s, {steps} steps");
        }
        self.epochs.borrow_mut().push(line);
    }
}

/// What is trained on what.
pub(crate) fn begin(plan: &Plan, (train, test): (usize, usize), sample: bool) {
    let Plan { network, epochs, batch, lr, momentum, cosine, .. } = plan;
    let falling = if *cosine { ", falling to 0" } else { "" };
    anstream::println!(
        "{network:?}: {epochs} epochs of {train} images in batches of {batch}, learning rate {lr}{falling}, momentum {momentum}; \
         tested on {test}"
    );
    if sample {
        anstream::println!(
            "This is the sample in the repository, too small for published accuracies: `bash examples/data/mnist.sh` \
             fetches all 60,000 images."
        );
    }
}

/// Both trainings, side by side, and what was opened.
pub(crate) fn end(s: &Session, epochs: &Epochs, clear: &[f64]) {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED).set_header([
        "epoch",
        "on shares",
        "in the clear",
        "seconds",
        "a step",
        "waiting for the dealer",
        "rounds",
        "MB sent by a party",
        "MB dealt",
    ]);
    let percent = |accuracy: f64| format!("{:.2} %", 100.0 * accuracy);
    let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / 1e6);
    for line in epochs.borrow().iter() {
        table.add_row([
            line.number.to_string(),
            percent(line.accuracy),
            clear.get(line.number as usize - 1).map_or_else(String::new, |accuracy| percent(*accuracy)),
            format!("{:.1}", line.seconds),
            format!("{:.3}", line.seconds / line.steps.max(1) as f64),
            format!("{:.1}", line.dealer_seconds),
            line.cost.rounds.to_string(),
            megabytes(line.cost.sent),
            megabytes(line.dealt),
        ]);
    }
    anstream::println!("{table}");
    // The sizes of the parts that the parties tell each other, and accuracies.
    for opened in s.ledger() {
        anstream::println!("opened: {opened}");
    }
}
