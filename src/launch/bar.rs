//! One piece of work on the standard error: a bar on a terminal, lines now and then elsewhere.

use std::{
    fmt::Write,
    io::Write as _,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use tracing::Level;

/// The longest silence between two plain lines, if there is anything new.
const INTERVAL: Duration = Duration::from_secs(2);
/// The step, in parts of the whole, that is worth a line before that.
const PARTS: u64 = 10;
const TEMPLATE: &str = "{prefix} [{bar:30}] {pos}/{len} {rate}, {eta} left  {msg}";

/// How progress is shown.
pub(super) enum Bar {
    /// A bar on a terminal.
    Drawn(ProgressBar),
    /// Lines.
    Plain(Plain),
}

impl Bar {
    /// A bar alone on the terminal, or among others.
    pub(super) fn drawn(label: &str, total: u64, among: Option<&MultiProgress>) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let bar = among.map_or(bar.clone(), |others| others.add(bar));
        // The template is a constant that the tests check; the default style is a bar too.
        let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        let rate = |state: &ProgressState, text: &mut dyn Write| {
            // A rate that cannot be written is not shown.
            let _ = write!(text, "{:.1}/s", state.per_sec());
        };
        bar.set_style(style.with_key("rate", rate).progress_chars("=> "));
        bar.set_prefix(label.to_owned());
        Self::Drawn(bar)
    }

    /// Lines of text.
    pub(super) fn plain(label: &str, total: u64) -> Self {
        Self::Plain(Plain::new(label, total, Instant::now()))
    }

    /// Shows how far the work is.
    pub(super) fn show(&mut self, done: u64, message: &str) {
        match self {
            Self::Drawn(bar) => {
                bar.set_position(done);
                bar.set_message(message.to_owned());
            }
            Self::Plain(plain) => print(plain.line(Instant::now(), done, message), done, plain.total),
        }
    }

    /// Shows where the work has ended and leaves that on the screen.
    pub(super) fn end(&mut self, done: u64, message: &str) {
        match self {
            Self::Drawn(bar) => {
                bar.set_position(done);
                bar.abandon_with_message(message.to_owned());
            }
            Self::Plain(plain) => print(plain.last(done, message), done, plain.total),
        }
    }
}

fn print(line: Option<String>, done: u64, total: u64) {
    let Some(line) = line else { return };
    if mpc_telemetry::is_json() {
        let numbers = [("done".to_owned(), done.into()), ("total".to_owned(), total.into())];
        return mpc_telemetry::say(Level::INFO, "mpc::progress", None, &line, numbers.into_iter().collect());
    }
    // Work goes on when nobody reads any more how far it is.
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Progress as lines: one for every tenth, or every two seconds if tenths take longer.
pub(super) struct Plain {
    label: String,
    total: u64,
    /// When the last line was written, and for how much.
    last: (Instant, u64),
}

impl Plain {
    fn new(label: &str, total: u64, now: Instant) -> Self {
        Self { label: label.to_owned(), total, last: (now, 0) }
    }

    /// The line to write now, if one is due.
    fn line(&mut self, now: Instant, done: u64, message: &str) -> Option<String> {
        let (at, shown) = self.last;
        let part = |done: u64| done.saturating_mul(PARTS) / self.total.max(1);
        let due = part(done) > part(shown) || (done > shown && now.duration_since(at) >= INTERVAL);
        due.then(|| self.text(now, done, message))
    }

    /// The closing line, unless it has just been written.
    fn last(&mut self, done: u64, message: &str) -> Option<String> {
        (done != self.last.1 || done == 0).then(|| self.text(self.last.0, done, message))
    }

    fn text(&mut self, now: Instant, done: u64, message: &str) -> String {
        self.last = (now, done);
        let percent = done.saturating_mul(100) / self.total.max(1);
        format!("{}: {done}/{} ({percent} %)  {message}", self.label, self.total).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_valid() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }

    #[test]
    fn fast_work_has_a_line_for_every_tenth() {
        let start = Instant::now();
        let mut plain = Plain::new("train", 1000, start);
        let lines: Vec<String> = (1..=1000).filter_map(|done| plain.line(start, done, "")).collect();
        assert_eq!(lines.len(), 10);
        assert_eq!(lines[0], "train: 100/1000 (10 %)");
        assert_eq!(lines[9], "train: 1000/1000 (100 %)");
        assert_eq!(plain.last(1000, ""), None);
    }

    #[test]
    fn slow_work_has_a_line_every_two_seconds() {
        let start = Instant::now();
        let mut plain = Plain::new("train", 1000, start);
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(plain.line(at(1), 1, ""), None);
        assert_eq!(plain.line(at(2), 2, "loss 1").as_deref(), Some("train: 2/1000 (0 %)  loss 1"));
        assert_eq!(plain.line(at(3), 3, ""), None);
        assert_eq!(plain.line(at(9), 2, ""), None, "nothing new");
    }

    #[test]
    fn giving_up_is_shown_and_odd_totals_do_no_harm() {
        let start = Instant::now();
        assert_eq!(Plain::new("x", 1000, start).last(5, "").as_deref(), Some("x: 5/1000 (0 %)"));
        assert_eq!(Plain::new("x", 0, start).last(0, "").as_deref(), Some("x: 0/0 (0 %)"));
        assert!(Plain::new("x", 1, start).line(start, u64::MAX, "").is_some());
    }
}
