//! What a process says of itself: messages on its standard error, as text or as JSON lines, and spans for a collector of
//! OpenTelemetry.
//!
//! For the `main` of a program, once. Libraries say what happens by the macros of `tracing`, and leave to their program what
//! becomes of it. Nothing here keeps a process alive or ends it: a standard error that nobody reads any more and a collector
//! that is not there cost messages and spans, and nothing else.
//!
//! docs/watching.md lists the spans and shows what a line looks like.

mod json;
#[cfg(feature = "otel")]
mod otel;

use std::{
    io::{self, IsTerminal, Write},
    sync::OnceLock,
};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};
use tracing::Level;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    fmt::{self, format::FmtSpan},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// How messages look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A line of text for people
    #[default]
    Text,
    /// A JSON object on each line, for programs that collect logs
    Json,
}

/// The flag for it.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct FormatFlag {
    /// How messages look: text for people, or a JSON object on each line for programs that collect logs
    ///
    /// An object has `timestamp`, `level`, `target`, `party`, `fields` (one of them is `message`), and with -vv `spans`, what the
    /// message is a part of. Errors and panics are such lines too. What a program prints as its result is not.
    #[arg(long, global = true, value_enum, value_name = "text|json", env = "MPC_LOG_FORMAT", default_value_t)]
    #[arg(hide_env_values = true, hide_possible_values = true)]
    pub log_format: Format,
}

/// What a process says, and how.
#[derive(Clone, Copy, Debug)]
pub struct Process<'a> {
    /// What a collector calls it, unless `OTEL_SERVICE_NAME` says otherwise.
    pub service: &'a str,
    /// The party that it is, if it is one.
    pub party: Option<&'a str>,
    /// How messages look.
    pub format: Format,
    /// The level that was asked for. Without one `RUST_LOG` decides.
    pub level: Option<&'a str>,
    /// The level if `RUST_LOG` says nothing.
    pub otherwise: &'a str,
    /// Whether text has the time: not where somebody else puts something before each line. JSON always has it.
    pub time: bool,
}

/// What this process has begun with. There is one standard error, so there is one of this.
static SAYS: OnceLock<(Format, Option<String>)> = OnceLock::new();

/// What is under way to a collector. Let it live as long as `main`: when it is dropped, spans that have ended leave, or are
/// given up after two seconds.
#[must_use = "spans leave when this is dropped"]
#[derive(Debug, Default)]
pub struct Telemetry {
    #[cfg(feature = "otel")]
    _spans: Option<otel::Spans>,
}

impl Process<'_> {
    /// Begins. A program that has set up its own logging before keeps that.
    ///
    /// Spans leave if `OTEL_EXPORTER_OTLP_ENDPOINT` is set and this is built with the feature `otel`.
    pub fn start(self) -> Telemetry {
        let party = self.party.map(str::to_owned);
        if SAYS.set((self.format, party.clone())).is_ok() && self.format == Format::Json {
            json::take_panics();
        }
        let filter = match self.level {
            Some(level) => EnvFilter::new(level),
            None => EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(self.otherwise)),
        };
        // It would complain on the standard error too, and panic if nobody reads that: no reason to end a thread.
        let lines = fmt::layer().with_writer(io::stderr).log_internal_errors(false).with_span_events(FmtSpan::CLOSE);
        let lines: Box<dyn Layer<Registry> + Send + Sync> = match (self.format, self.time) {
            (Format::Json, _) => {
                lines.json().map_event_format(|format| json::OfParty::new(party.as_deref(), format)).boxed()
            }
            (Format::Text, true) => lines.with_ansi(colours()).compact().boxed(),
            (Format::Text, false) => lines.with_ansi(colours()).compact().without_time().boxed(),
        };
        let layers = vec![lines.with_filter(filter).boxed()];
        self.init(layers)
    }

    #[cfg(feature = "otel")]
    fn init(self, mut layers: Vec<Box<dyn Layer<Registry> + Send + Sync>>) -> Telemetry {
        let spans = otel::start(self.service, self.party);
        let (spans, problem) = match spans {
            Ok(Some((layer, spans))) => {
                layers.push(layer);
                (Some(spans), None)
            }
            Ok(None) => (None, None),
            Err(problem) => (None, Some(problem)),
        };
        // The only error is that somebody else logs already.
        let ours = tracing_subscriber::registry().with(layers).try_init().is_ok();
        if let Some(problem) = problem {
            tracing::warn!("no spans are exported: {problem}");
        }
        if let Some(host) = spans.as_ref().and_then(|spans| spans.abroad.as_deref()) {
            tracing::warn!("spans leave for {host}, not encrypted: whoever sees them sees when and what is computed");
        }
        Telemetry { _spans: spans.filter(|_| ours) }
    }

    #[cfg(not(feature = "otel"))]
    fn init(self, layers: Vec<Box<dyn Layer<Registry> + Send + Sync>>) -> Telemetry {
        // The only error is that somebody else logs already.
        let _ = tracing_subscriber::registry().with(layers).try_init();
        if ENDPOINTS.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
            tracing::warn!(
                "{} is set, and this is built without the feature `otel`: no spans are exported",
                ENDPOINTS[0]
            );
        }
        Telemetry::default()
    }
}

/// Where the collector is: the second one goes before the first, and is for spans alone.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

fn colours() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Whether the standard error of this process is JSON lines.
pub fn is_json() -> bool {
    SAYS.get().is_some_and(|(format, _)| *format == Format::Json)
}

/// Writes a line of JSON to the standard error, whatever the level of messages is: for what is no message, such as how far
/// the work is. `party` is whose line it is, if it is not this process's.
pub fn say(level: Level, target: &str, party: Option<&str>, message: &str, fields: Map<String, Value>) {
    let own = SAYS.get().and_then(|(_, party)| party.as_deref());
    let line = json::line(level, target, party.or(own), message, fields);
    // Where nobody reads it, nobody can be told.
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// How a process that is no more said why, as its last JSON line.
pub const END: &str = "mpc::end";

/// Writes why the process ends, as a line of JSON: the error, and what caused it.
pub fn say_end(messages: &[String], more: Map<String, Value>) {
    let (first, causes) = messages.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let mut fields = Map::from_iter([("causes".to_owned(), causes.into())]);
    fields.extend(more);
    say(Level::ERROR, END, None, first, fields);
}

/// What [`say_end`] wrote: the error, and what caused it; nothing for another line.
pub fn heard_end(line: &str) -> Option<Vec<String>> {
    let line: Value = serde_json::from_str(Some(line).filter(|line| line.contains(END))?).ok()?;
    let ended = line.get("target").is_some_and(|target| target == END);
    let fields = line.get("fields").filter(|_| ended)?;
    let causes = fields.get("causes").and_then(Value::as_array).into_iter().flatten();
    let all = fields.get("message").into_iter().chain(causes);
    Some(all.filter_map(Value::as_str).map(str::to_owned).collect())
}

/// Whether a line is one JSON object.
pub fn is_object(line: &str) -> bool {
    line.starts_with('{') && serde_json::from_str::<Map<String, Value>>(line).is_ok()
}
