//! What the launcher shows: the lines of all parties and their progress.

use std::{
    collections::HashMap,
    io::{self, IsTerminal, Write},
};

use indicatif::MultiProgress;
use serde_json::Map;
use tracing::Level;

use super::bar::Bar;
use super::prefix::Prefixes;
use super::progress_line::{self, Update};

/// Where a process wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Output,
    Error,
}

/// The launcher's own output.
pub(super) struct Screen {
    prefixes: Prefixes,
    /// The names of the parties, where the standard error is JSON lines.
    json: Option<Vec<String>>,
    /// The bars of a terminal; `None` without one.
    terminal: Option<MultiProgress>,
    works: HashMap<String, Work>,
}

/// Work that is shown, and whose reports are: every party reports the same.
struct Work {
    party: usize,
    bar: Option<Bar>,
}

impl Screen {
    /// For parties of these names.
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Self {
        let json = mpc_telemetry::is_json().then(|| names.clone().map(str::to_owned).collect());
        let terminal = (json.is_none() && io::stderr().is_terminal()).then(MultiProgress::new);
        Self { prefixes: Prefixes::new(names), json, terminal, works: HashMap::new() }
    }

    /// Shows a line of a party, to the stream that it came from.
    pub(super) fn line(&mut self, party: usize, stream: Stream, line: &str) {
        let (text, update) = match stream {
            Stream::Output => progress_line::split(line),
            Stream::Error => (Some(line), None),
        };
        if let Some(text) = text {
            self.text(party, stream, text);
        }
        if let Some(update) = update {
            self.progress(party, &update);
        }
    }

    fn text(&self, party: usize, stream: Stream, text: &str) {
        if let (Some(names), Stream::Error) = (&self.json, stream) {
            return object(names.get(party).map(String::as_str), text);
        }
        let prefix = self.prefixes.of(party);
        // If nobody reads our output any more, the parties still finish their work.
        let write = || match stream {
            Stream::Output => drop(writeln!(anstream::stdout(), "{prefix} {text}")),
            Stream::Error => drop(writeln!(anstream::stderr(), "{prefix} {text}")),
        };
        match &self.terminal {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }

    fn progress(&mut self, party: usize, update: &Update) {
        let work = self.works.entry(update.label.clone()).or_insert(Work { party, bar: None });
        if work.party != party {
            return;
        }
        let bar = work.bar.get_or_insert_with(|| match &self.terminal {
            Some(bars) => Bar::drawn(&update.label, update.total, Some(bars)),
            None => Bar::plain(&update.label, update.total),
        });
        if update.ended {
            bar.end(update.done, &update.message);
            work.bar = None;
        } else {
            bar.show(update.done, &update.message);
        }
    }
}

/// Writes what a party wrote to its standard error as one JSON line: as it is if it is one, which has the party's name.
fn object(party: Option<&str>, text: &str) {
    if mpc_telemetry::is_object(text) {
        // If nobody reads our output any more, the parties still finish their work.
        let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
    } else {
        mpc_telemetry::say(Level::INFO, "mpc::stderr", party, text, Map::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(label: &str, ended: bool) -> String {
        progress_line::encode(&Update { label: label.to_owned(), done: 1, total: 9, message: String::new(), ended })
    }

    #[test]
    fn only_the_first_party_with_a_label_is_shown() {
        let mut screen = Screen::new(["A", "B"].into_iter());
        screen.line(1, Stream::Output, &report("train", false));
        screen.line(0, Stream::Output, &report("train", true));
        assert_eq!(screen.works["train"].party, 1);
        assert!(screen.works["train"].bar.is_some(), "the end that another party reports does not count");
        screen.line(1, Stream::Output, &report("train", true));
        assert!(screen.works["train"].bar.is_none());
        screen.line(0, Stream::Output, &report("train", false));
        assert_eq!(screen.works["train"].party, 1, "a late report does not start a second bar");
    }

    #[test]
    fn errors_are_not_searched_for_progress() {
        let mut screen = Screen::new(["A"].into_iter());
        screen.line(0, Stream::Error, &report("train", false));
        assert!(screen.works.is_empty());
    }
}
