//! What the launcher can fail with, and how a process ends then.

use std::{
    error::Error,
    fmt,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anstyle::{AnsiColor, Style};
use mpc_comm::StoppedBy;

use super::watch;

/// How a party that the launcher started says "not my fault, another party stopped".
pub(super) const FOLLOWED: u8 = 3;

/// Why the program ends without success.
#[derive(Debug, thiserror::Error)]
pub(super) enum LaunchError {
    #[error("the roster {} names no party `{name}`; it names {}", file.display(), known.join(", "))]
    UnknownParty { name: String, file: PathBuf, known: Vec<String> },
    #[error("the roster {} is not one for this program: {mismatch}", file.display())]
    OtherParties { file: PathBuf, mismatch: Mismatch },
    #[error("the roster {} names no dealer, and without one there is no randomness to compute with", file.display())]
    NoDealer { file: PathBuf },
    #[error("--protocol plain-insecure needs no dealer")]
    IdleDealer,
    #[error("--protocol plain-insecure needs no randomness: there is nothing to prepare or to run offline")]
    NothingToPrepare,
    #[error("a run with --offline has no dealer")]
    NoDealerOffline,
    #[error("the roster cannot be used")]
    Roster(#[from] mpc_comm::ConfigError),
    #[error("the identity of this party cannot be used")]
    Identity(#[source] mpc_comm::ConfigError),
    #[error("--tls needs --identity FOLDER, or --cert FILE and --key FILE; `mpc cert new` makes them")]
    NoIdentity,
    #[error(
        "--identity {} is the same for all parties of the job: write {{party}} where the names differ, and each finds its own",
        pattern.display()
    )]
    OneIdentity { pattern: PathBuf },
    #[error(transparent)]
    Rank(#[from] super::rank::RankError),
    #[error("--audit {} would be written by all parties: write {{party}} where the names differ", file.display())]
    OneAudit { file: PathBuf },
    #[error("cannot write the ledger {}", file.display())]
    Audit { file: PathBuf, source: io::Error },
    #[error("cannot answer at {address}; --status takes a free port of this machine: 127.0.0.1:9100")]
    Status { address: std::net::SocketAddr, source: io::Error },
    #[error("cannot find free ports on this machine")]
    Ports(#[source] io::Error),
    #[error("cannot write the roster of this run to a temporary file")]
    RosterFile(#[source] io::Error),
    #[error("cannot find the file of this program, to start it for each party")]
    Program(#[source] io::Error),
    #[error("cannot see whether {party} still runs")]
    Watch { party: String, source: io::Error },
    #[error("cannot start {party}")]
    Start { party: String, source: io::Error },
    #[error("cannot write to the standard output")]
    Print(#[source] io::Error),
    #[error("{party} failed ({status})")]
    PartyFailed { party: String, status: String, source: Option<Box<Reported>> },
    #[error(transparent)]
    Session(Box<mpc_core::Error>),
    #[error("all parties were told to stop by {by}")]
    Stopped { by: StoppedBy },
}

impl LaunchError {
    /// The exit code that tells this error: 1, that of the order to stop ([`StoppedBy::exit_code`]), or under the launcher
    /// [`FOLLOWED`] if another party is the cause.
    pub(super) fn exit_code(&self) -> ExitCode {
        use mpc_core::Error::{Aborted, Peer, Stopped};
        match self {
            Self::Stopped { by } => ExitCode::from(by.exit_code()),
            Self::Session(error) => match **error {
                Stopped { by } => ExitCode::from(by.exit_code()),
                Aborted { .. } | Peer { .. } if watch::launched() => ExitCode::from(FOLLOWED),
                _ => ExitCode::FAILURE,
            },
            _ => ExitCode::FAILURE,
        }
    }
}

impl From<mpc_core::Error> for LaunchError {
    fn from(error: mpc_core::Error) -> Self {
        Self::Session(Box::new(error))
    }
}

impl From<mpc_comm::Error> for LaunchError {
    fn from(error: mpc_comm::Error) -> Self {
        mpc_core::Error::from(error).into()
    }
}

/// How the parties of a roster differ from those of the program.
#[derive(Debug, PartialEq)]
pub(super) struct Mismatch {
    pub(super) missing: Vec<String>,
    pub(super) unknown: Vec<String>,
    pub(super) expected: Vec<String>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.missing.is_empty() && self.unknown.is_empty() {
            f.write_str("its parties are in another order or role")?;
        }
        if !self.missing.is_empty() {
            write!(f, "it lacks {}", self.missing.join(", "))?;
        }
        if !self.unknown.is_empty() {
            let and = if self.missing.is_empty() { "" } else { " and " };
            write!(f, "{and}it names {}, unknown to the program", self.unknown.join(", "))?;
        }
        write!(f, "; expected are {}", self.expected.join(", "))
    }
}

/// An error as another process printed it, line by line.
#[derive(Debug)]
pub(super) struct Reported {
    text: String,
    next: Option<Box<Reported>>,
}

impl Reported {
    /// The chain of these messages, the first one outermost.
    pub(super) fn chain(texts: &[String]) -> Option<Box<Self>> {
        let (text, rest) = texts.split_first()?;
        Some(Box::new(Self { text: text.clone(), next: Self::chain(rest) }))
    }
}

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Reported {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.next.as_deref().map(|next| next as &(dyn Error + 'static))
    }
}

/// Prints the error and what caused it to the standard error.
pub(super) fn print(error: &dyn Error) {
    if mpc_telemetry::is_json() {
        return mpc_telemetry::say_end(&messages(error), serde_json::Map::new());
    }
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    let dim = Style::new().dimmed();
    let (mut lines, mut to) = (messages(error).into_iter(), anstream::stderr());
    // Where nobody reads it, the exit code says enough.
    let _ = writeln!(to, "{red}error:{red:#} {}", lines.next().unwrap_or_default());
    for line in lines {
        let _ = writeln!(to, "  {dim}because:{dim:#} {line}");
    }
}

/// The message and those of its sources, without the ones that an outer message repeats.
fn messages(error: &dyn Error) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !messages.last().is_some_and(|last| last.contains(&text)) {
            messages.push(text);
        }
        next = error.source();
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_chain_is_printed_once() {
        let source = Reported::chain(&strings(&["the file: not found", "not found", "errno 2"]));
        let error = LaunchError::PartyFailed { party: "Lab".into(), status: "exit status: 1".into(), source };
        assert_eq!(messages(&error), ["Lab failed (exit status: 1)", "the file: not found", "errno 2"]);
    }

    #[test]
    fn a_mismatch_says_which() {
        let mismatch = |missing, unknown| {
            Mismatch { missing: strings(missing), unknown: strings(unknown), expected: strings(&["A", "B"]) }
                .to_string()
        };
        assert_eq!(mismatch(&["A"], &["C"]), "it lacks A and it names C, unknown to the program; expected are A, B");
        assert_eq!(mismatch(&[], &[]), "its parties are in another order or role; expected are A, B");
    }
}
