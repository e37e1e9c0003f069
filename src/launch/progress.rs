//! Progress of a long piece of work, as a program reports it.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use mpc_nn::train::{Callback, Event, Moment};

use super::bar::Bar;
use super::progress_line::{self, Update};
use super::watch;

/// At most so often the launcher hears of progress.
const INTERVAL: Duration = Duration::from_millis(50);

/// A progress bar.
///
/// Every party of a program may report; if the launcher runs them all, it shows one bar per label. Without a terminal
/// there is a line of text now and then. The bar ends when this value is dropped.
///
/// What is reported is shown to whoever looks: report nothing that is computed from a secret that has not been
/// revealed.
#[derive(Debug)]
pub struct Progress(Mutex<State>);

struct State {
    update: Update,
    sink: Sink,
}

enum Sink {
    /// The launcher shows it; with the time of the last line to it.
    Launcher(Option<Instant>),
    /// This process shows it.
    Own(Bar),
}

impl Progress {
    /// Work of `total` steps, none of which is done yet. The label names the bar.
    pub fn new(label: &str, total: u64) -> Self {
        let sink = if watch::launched() {
            Sink::Launcher(None)
        } else if io::stderr().is_terminal() && !mpc_telemetry::is_json() {
            Sink::Own(Bar::drawn(label, total, None))
        } else {
            Sink::Own(Bar::plain(label, total))
        };
        let update = Update { label: label.to_owned(), done: 0, total, message: String::new(), ended: false };
        let mut state = State { update, sink };
        state.show();
        Self(Mutex::new(state))
    }

    /// Counts `steps` more as done.
    pub fn advance(&self, steps: u64) {
        let mut state = self.state();
        state.update.done = state.update.done.saturating_add(steps);
        state.show();
    }

    /// Puts a short note beside the bar, such as a revealed loss. It stays until the next one.
    pub fn message(&self, note: impl Display) {
        let mut state = self.state();
        state.update.message = note.to_string();
        state.show();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Showing progress cannot leave the state half changed, so a panic elsewhere is no reason to stop.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A bar of the steps of a training, with what was revealed at the end of the last epoch beside it. Its total is
/// [`Trainer::steps`](mpc_nn::Trainer::steps).
impl Callback for Progress {
    fn on(&mut self, event: &Event<'_>) {
        match event.moment {
            Moment::Resumed => self.advance(event.step),
            Moment::Step => self.advance(1),
            Moment::Epoch => {
                let revealed: Vec<_> = event.revealed.iter().map(|(name, x)| format!("{name} {x:.4}")).collect();
                self.message(revealed.join(", "));
            }
            Moment::Checkpoint => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let mut state = self.state();
        state.update.ended = true;
        state.show();
    }
}

impl State {
    fn show(&mut self) {
        let Update { done, message, ended, .. } = &self.update;
        match &mut self.sink {
            Sink::Own(bar) if *ended => bar.end(*done, message),
            Sink::Own(bar) => bar.show(*done, message),
            Sink::Launcher(last) => {
                if *ended || last.is_none_or(|last| last.elapsed() >= INTERVAL) {
                    *last = Some(Instant::now());
                    let mut line = progress_line::encode(&self.update);
                    line.push('\n');
                    // If nobody reads the output any more, there is nobody to tell.
                    let _ = io::stdout().lock().write_all(line.as_bytes());
                }
            }
        }
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.update.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_add_up_and_notes_stay() {
        let progress = Progress::new("unit test", 5);
        progress.advance(2);
        progress.message(format_args!("loss {:.1}", 0.25));
        progress.advance(u64::MAX);
        let state = progress.state();
        assert_eq!((state.update.done, state.update.message.as_str()), (u64::MAX, "loss 0.2"));
    }

    #[test]
    fn a_training_moves_the_bar() {
        let mut progress = Progress::new("unit test of training", 10);
        let mut at = |moment, step, revealed: &[(String, f64)]| {
            let (steps, epoch, elapsed) = (10, 0, Duration::ZERO);
            progress.on(&Event { moment, step, steps, epoch, revealed, elapsed, left: None });
        };
        at(Moment::Resumed, 4, &[]);
        at(Moment::Step, 5, &[]);
        at(Moment::Epoch, 5, &[("loss".into(), 0.25), ("accuracy".into(), 1.0)]);
        at(Moment::Checkpoint, 5, &[]);
        let state = progress.state();
        assert_eq!((state.update.done, state.update.message.as_str()), (5, "loss 0.2500, accuracy 1.0000"));
    }
}
