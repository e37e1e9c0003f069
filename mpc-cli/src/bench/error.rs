//! What a measurement fails with.

use std::{fmt, io, path::PathBuf};

use miette::Diagnostic;
use thiserror::Error;

/// Why there is no measurement.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum BenchError {
    #[error("cannot find free ports on this machine")]
    Ports(#[source] io::Error),

    #[error("these parties make no roster")]
    Roster(#[source] mpc_comm::ConfigError),

    #[error("cannot write the roster of this run to a temporary file")]
    RosterFile(#[source] io::Error),

    #[error("cannot find the file of this program, to start it for each party")]
    Program(#[source] io::Error),

    #[error("cannot start {name}")]
    Start { name: String, source: io::Error },

    #[error("cannot see whether {name} still runs")]
    Watch { name: String, source: io::Error },

    #[error("{name} failed ({status})")]
    Failed { name: String, status: String, source: Option<Box<Chain>> },

    #[error("{name} ended without a report")]
    Silent { name: String },

    #[error("the result of {workload} is off by {found:e}, and {tolerance:e} is its bound")]
    #[diagnostic(help("a wrong result is a bug, however fast: please report it with the output of this command"))]
    Wrong { workload: String, found: f64, tolerance: f64 },

    #[error("{workload} cannot be counted")]
    Count { workload: String, source: Box<mpc_core::Error> },

    #[error("cannot write {}", file.display())]
    Json { file: PathBuf, source: io::Error },

    #[error("cannot measure what this machine can do")]
    Machine(#[source] io::Error),

    #[error("cannot write to the standard output")]
    Print(#[source] io::Error),
}

/// Causes as another process told them.
#[derive(Debug)]
pub(crate) struct Chain {
    text: String,
    source: Option<Box<Self>>,
}

impl Chain {
    /// The first of them with the others behind it.
    pub(super) fn of(causes: &[String]) -> Option<Box<Self>> {
        causes.iter().rev().fold(None, |source, text| Some(Box::new(Self { text: text.clone(), source })))
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Chain {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
