//! The command `mpc`: what an operator of parties needs beside the programs themselves.

mod audit;
mod bench;
mod cert;
mod check;
mod dealer;
mod dealer_figures;
mod dense;
mod doctor;
mod error;
mod explain;
mod guests;
mod identity;
mod logging;
mod metrics;
mod model;
mod pages;
mod picture;
mod predict;
mod roster;
mod serve;
mod top;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::CliError;

/// Secure multi-party machine learning: dealer, certificates, rosters, served models, measurements
///
/// The parties themselves are programs written with the library `mpc`; start one with --help to see how to run it.
#[derive(Debug, Parser)]
#[command(name = "mpc", version, after_long_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    logging: logging::Logging,
}

#[derive(Debug, Subcommand)]
enum Command {
    Dealer(dealer::Dealer),
    #[command(subcommand)]
    Cert(cert::Cert),
    #[command(subcommand)]
    Roster(roster::Roster),
    Doctor(doctor::Doctor),
    Serve(serve::Serve),
    Predict(predict::Predict),
    Check(check::Check),
    Explain(explain::Explain),
    Audit(audit::Audit),
    Top(top::Top),
    Completions(pages::Completions),
    Man(pages::Man),
    Bench(bench::Bench),
    #[command(name = "bench-part", hide = true)]
    BenchPart(bench::Part),
}

const EXAMPLES: &str = "Examples:
  mpc cert new --name dealer
  mpc roster new --party A=10.0.0.5:7700 B=10.0.0.6:7700 --dealer 10.0.0.7:7700 \\
      --cert A.pem B.pem dealer.identity/cert.pem > roster.toml
  mpc roster check roster.toml
  mpc dealer --roster roster.toml --identity dealer.identity
  mpc doctor --roster roster.toml --party A --identity A.identity
  mpc serve --roster roster.toml --party A --identity A.identity --model digits.onnx
  mpc serve --roster roster.toml --party B --identity B.identity
  mpc predict --roster roster.toml --identity doctor.identity --input scan.png --softmax --top-k 3
  mpc check model.onnx --samples data.npy
  mpc explain model.onnx --shape 1,3,224,224
  mpc audit A.jsonl B.jsonl
  mpc top 127.0.0.1:9100-9102
  mpc bench relu lenet";

fn main() -> ExitCode {
    let cli = Cli::parse();
    let (service, party) = cli.command.name();
    let telemetry = logging::start(&cli.logging, service, party, cli.command.level());
    mpc_core::keep_freed_memory();
    let code = match run(cli.command) {
        Ok(code) => code,
        Err(error) => {
            let code = error.exit_code();
            error::print(error);
            code
        }
    };
    drop(telemetry);
    code
}

impl Command {
    /// What a collector calls it, and the party that it is.
    fn name(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Dealer(_) => ("mpc-dealer", Some("dealer")),
            Self::Serve(serve) => ("mpc-serve", Some(serve.party())),
            Self::BenchPart(part) => ("mpc-bench", Some(part.party())),
            _ => ("mpc", None),
        }
    }

    /// What is said if nobody asks for more or less: that a session has ended is news where a process goes on after it.
    fn level(&self) -> &'static str {
        match self {
            Self::Dealer(_) | Self::Serve(_) => "info",
            _ => "info,mpc::span=warn",
        }
    }
}

fn run(command: Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Dealer(dealer) => dealer.run()?,
        Command::Cert(cert) => cert.run()?,
        Command::Roster(roster) => roster.run()?,
        Command::Doctor(doctor) => doctor.run()?,
        Command::Serve(serve) => serve.run()?,
        Command::Predict(predict) => predict.run()?,
        Command::Check(check) => check.run()?,
        Command::Explain(explain) => explain.run()?,
        Command::Audit(audit) => audit.run()?,
        Command::Top(top) => top.run()?,
        Command::Completions(completions) => completions.run()?,
        Command::Man(man) => man.run()?,
        Command::Bench(bench) => bench.run()?,
        Command::BenchPart(part) => return Ok(part.run()),
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_flags_are_well_formed() {
        Cli::command().debug_assert();
    }
}
