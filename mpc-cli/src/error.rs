//! What the command fails with, and what to do about it.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use miette::{Diagnostic, MietteHandlerOpts, Report};
use thiserror::Error;

/// Why the command ends without success.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum CliError {
    #[error("the roster cannot be used")]
    #[diagnostic(help("`mpc roster new` writes a roster that can"))]
    Roster(#[source] mpc_comm::ConfigError),

    #[error("these parties make no roster")]
    #[diagnostic(help("every party needs a name and an address of its own: --party Hospital=10.0.0.5:7700"))]
    Parties(#[source] mpc_comm::ConfigError),

    #[error("the certificate or its key cannot be used")]
    #[diagnostic(help("`mpc cert new --name NAME` makes a certificate and its key"))]
    Identity(#[source] mpc_comm::ConfigError),

    #[error("the certificates do not fit the parties: {problem}")]
    #[diagnostic(help("each party and the dealer needs one, by --cert FILE or by --pin NAME=FINGERPRINT"))]
    Pins { problem: String },

    #[error("the gateways do not fit the parties: {problem}")]
    #[diagnostic(help("`mpc serve` needs one for each party: --gateway NAME=HOST:PORT, where guests reach it"))]
    Gateways { problem: String },

    #[error("the roster {} names no party `{name}`", file.display())]
    #[diagnostic(help("it names {}", known.join(", ")))]
    UnknownParty { name: String, file: PathBuf, known: Vec<String> },

    #[error("the roster {} names no dealer", file.display())]
    #[diagnostic(help("add a table [dealer] with its `address`, and give the file to all parties again"))]
    NoDealer { file: PathBuf },

    #[error("the session cannot be")]
    Session(#[source] Box<mpc_core::Error>),

    #[error("the model cannot be served")]
    #[diagnostic(help(
        "a model is an .onnx file with one input, or a .safetensors or .npz file of linear layers: `0.weight` [outputs, inputs], \
         `0.bias` [outputs], and so on"
    ))]
    Model(#[source] crate::model::ModelError),

    #[error("the model cannot be counted")]
    #[diagnostic(help(
        "`mpc check MODEL` shows the inputs of a model; --shape gives their shapes, one after the other"
    ))]
    Explain(#[source] crate::model::ModelError),

    #[error("this input cannot be used: {problem}")]
    #[diagnostic(help(
        "an input is a .npy array, a .csv table with names in its first line, or a .png or .jpg picture"
    ))]
    Input { problem: String },

    #[error("there is no prediction")]
    Predict(#[source] Box<mpc_core::serve::NotPredicted>),

    #[error("which guest of the roster are we?")]
    #[diagnostic(help("give --name NAME, or --identity FOLDER, whose certificate has the name"))]
    NoName,

    #[error("cannot start a thread for a session")]
    Thread(#[source] io::Error),

    #[error("cannot serve figures at {address}")]
    #[diagnostic(help("another program may listen there; --metrics takes an address of this machine: 127.0.0.1:9100"))]
    Metrics { address: std::net::SocketAddr, source: io::Error },

    #[error("no answer from {address}: {problem}")]
    #[diagnostic(help(
        "a party answers at the address of its --status, `mpc dealer` and `mpc serve` at that of --metrics"
    ))]
    NoAnswer { address: String, problem: String },

    #[error("cannot write manual pages to {}", folder.display())]
    Pages { folder: PathBuf, source: io::Error },

    #[error("cannot write the ledger {}", file.display())]
    #[diagnostic(help("an older ledger is not written over: give --audit another name, or move it away"))]
    Ledger { file: PathBuf, source: io::Error },

    #[error("cannot write to the standard output")]
    Print(#[source] io::Error),

    #[error(transparent)]
    #[diagnostic(transparent)]
    Bench(#[from] crate::bench::BenchError),

    #[error(transparent)]
    #[diagnostic(transparent)]
    Audit(#[from] crate::audit::AuditError),

    #[error(transparent)]
    #[diagnostic(transparent)]
    Check(#[from] crate::check::CheckError),
}

impl CliError {
    /// The exit code that tells this error: that of the order to stop, or 1.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Session(error) => match **error {
                mpc_core::Error::Stopped { by } => ExitCode::from(by.exit_code()),
                _ => ExitCode::FAILURE,
            },
            _ => ExitCode::FAILURE,
        }
    }
}

impl From<mpc_core::Error> for CliError {
    fn from(error: mpc_core::Error) -> Self {
        Self::Session(Box::new(error))
    }
}

impl From<mpc_core::serve::NotPredicted> for CliError {
    fn from(error: mpc_core::serve::NotPredicted) -> Self {
        Self::Predict(Box::new(error))
    }
}

impl From<mpc_comm::Error> for CliError {
    fn from(error: mpc_comm::Error) -> Self {
        mpc_core::Error::from(error).into()
    }
}

/// Prints the error, its causes and the advice to the standard error.
pub(crate) fn print(error: CliError) {
    if mpc_telemetry::is_json() {
        let chain = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
        let messages: Vec<String> = chain.map(ToString::to_string).collect();
        let help = error.help().map(|help| ("help".to_owned(), help.to_string().into()));
        return mpc_telemetry::say_end(&messages, help.into_iter().collect());
    }
    // Lines stay whole, so that they can be searched for; a terminal breaks them by itself. The only error is that
    // somebody has set another look.
    let _ = miette::set_hook(Box::new(|_| Box::new(MietteHandlerOpts::new().wrap_lines(false).build())));
    // Where nobody reads it, the exit code says enough.
    let _ = writeln!(anstream::stderr(), "{:?}", Report::new(error));
}
