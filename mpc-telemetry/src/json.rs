//! JSON lines: those of messages, with the party in them, and those of what is no message.

use std::{fmt, panic, thread};

use serde_json::{Map, Value};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

/// A format that writes objects, with the party as the first member of each.
pub(crate) struct OfParty<F> {
    /// `{"party":"Lab",` or `{`.
    begin: String,
    inner: F,
}

impl<F> OfParty<F> {
    pub(crate) fn new(party: Option<&str>, inner: F) -> Self {
        Self { begin: begin(party), inner }
    }
}

fn begin(party: Option<&str>) -> String {
    party.map_or_else(|| "{".to_owned(), |party| format!("{{\"party\":{},", Value::from(party)))
}

impl<S, N, F> FormatEvent<S, N> for OfParty<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, cx: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = String::new();
        self.inner.format_event(cx, Writer::new(&mut line), event)?;
        let rest = line.strip_prefix('{').ok_or(fmt::Error)?;
        to.write_str(&self.begin)?;
        to.write_str(rest)
    }
}

/// A line that is no message of `tracing` and looks like one.
pub(crate) fn line(
    level: Level,
    target: &str,
    party: Option<&str>,
    message: &str,
    mut fields: Map<String, Value>,
) -> String {
    let mut timestamp = String::new();
    // Writing to a string cannot fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut timestamp));
    fields.insert("message".to_owned(), message.into());
    let (begin, target) = (begin(party), Value::from(target));
    let (fields, timestamp) = (Value::from(fields), Value::from(timestamp));
    format!("{begin}\"timestamp\":{timestamp},\"level\":\"{level}\",\"fields\":{fields},\"target\":{target}}}\n")
}

/// A panic is a line too.
pub(crate) fn take_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| "?".to_owned(), ToString::to_string);
        let thread = thread::current();
        let begin = format!("thread '{}' panicked at {place}", thread.name().unwrap_or("?"));
        let cause = info.payload_as_str().unwrap_or("a value that is no text").to_owned();
        crate::say_end(&[begin, cause], Map::new());
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_object_whatever_is_in_it() {
        let fields = Map::from_iter([("done".to_owned(), 3.into())]);
        let line = line(Level::INFO, "a::\"b\"", Some("Ärztin \\"), "two\nlines", fields);
        assert_eq!(line.matches('\n').count(), 1);
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["party"], "Ärztin \\");
        assert_eq!((&read["level"], &read["target"]), (&"INFO".into(), &"a::\"b\"".into()));
        assert_eq!((&read["fields"]["message"], &read["fields"]["done"]), (&"two\nlines".into(), &3.into()));
        assert!(read["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn what_is_said_at_the_end_is_heard() {
        let line = |target| {
            let fields = Map::from_iter([("causes".to_owned(), Value::from(vec!["disk", "dust"]))]);
            line(Level::ERROR, target, None, "late", fields)
        };
        assert_eq!(crate::heard_end(&line(crate::END)).unwrap(), ["late", "disk", "dust"]);
        assert!(crate::heard_end(&line("elsewhere")).is_none() && crate::heard_end("error: late").is_none());
        assert!(crate::is_object(line("x").trim_end()) && !crate::is_object("{no") && !crate::is_object("[1]"));
    }
}
