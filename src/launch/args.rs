//! The command line of a multi-party program: the launcher's flags around the program's own.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{
    ArgAction, Args, CommandFactory, FromArgMatches, Parser, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
use mpc_core::{Device, rand::Prg};

use super::{Cast, identity::Tls, offline, rank::Scheduler, status};

/// What the command line asks for.
#[derive(Debug)]
pub(super) enum Invocation<A: Args> {
    /// Print an example roster. The program's own flags, also required ones, are not looked at.
    PrintRoster,
    /// Run all parties or one.
    Run(Box<Cli<A>>),
}

/// All flags.
#[derive(Debug, Parser)]
pub(super) struct Cli<A: Args> {
    #[command(flatten)]
    pub(super) parties: Parties,
    #[command(flatten)]
    pub(super) rehearsal: Rehearsal,
    #[command(flatten)]
    pub(super) offline: offline::Flags,
    #[command(flatten)]
    pub(super) network: Network,
    #[command(flatten)]
    pub(super) logging: Logging,
    #[command(flatten, next_help_heading = "Program")]
    pub(super) program: A,
}

/// Who runs, and what they compute with.
#[derive(Debug, Args)]
#[command(next_help_heading = "Parties")]
pub(super) struct Parties {
    /// Run one party only
    ///
    /// NAME is a party of the roster, or `dealer` for the party that hands out correlated randomness. Without this flag
    /// all parties run on this machine, as processes that find each other by themselves.
    #[arg(long, value_name = "NAME", group = "who", requires = "roster")]
    pub(super) party: Option<String>,

    /// Run the party of our rank in a job
    ///
    /// For programs that a scheduler starts as several processes. Ranks are the parties in the order that this help names
    /// them in, then the clients, then the dealer; the job must have one process for each. A job on one host needs no
    /// --roster: its parties listen on loopback, at the ports after MASTER_PORT.
    #[arg(long, value_enum, value_name = "SCHEDULER", group = "who")]
    pub(super) rank_from: Option<Scheduler>,

    /// With --rank-from: the dealer is no process of the job
    ///
    /// It runs as `mpc dealer`, where the roster says. Whoever controls the hosts of a job can see what its processes hold: a
    /// dealer in the same job keeps secrets from nobody who does.
    #[arg(long, requires_all = ["rank_from", "roster"])]
    pub(super) dealer_elsewhere: bool,

    /// The file that says where the parties are
    ///
    /// All parties need the same file. `--print-roster` prints one to start from.
    #[arg(long, value_name = "FILE", requires = "who")]
    pub(super) roster: Option<PathBuf>,

    /// Print an example roster for this program and exit
    #[arg(long, exclusive = true)]
    pub(super) print_roster: bool,

    /// How the parties compute
    #[arg(long, value_enum, value_name = "PROTOCOL", default_value_t = Protocol::Dealer)]
    pub(super) protocol: Protocol,

    /// Bits after the binary point of the fixed-point numbers (10 to 24)
    ///
    /// More bits are more precise but leave less room for large numbers. All parties must use the same number.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(10..=24))]
    pub(super) fraction_bits: u32,

    /// The generator of random numbers; all parties and the dealer must use the same
    ///
    /// Both are safe. AES is faster on processors with instructions for it and without AVX-512, and slow on those without.
    #[arg(long, value_name = "NAME", default_value_t = Prg::default(),
          value_parser = PossibleValuesParser::new(Prg::ALL.map(Prg::name)).try_map(|name| name.parse::<Prg>()))]
    pub(super) prg: Prg,

    /// With `--protocol plain-insecure`: stop at the first step whose result is too large for the shares
    ///
    /// Secret values cannot be checked, and wrap around to wrong numbers. Run the program once on made-up data of the same
    /// size with this flag, and it names the step and the line of the program.
    #[arg(long)]
    pub(super) check_range: bool,

    /// Where this party computes: cpu, cuda (a GPU), cuda:N (that GPU), or auto (a GPU if there is one)
    ///
    /// The results are the same everywhere, so parties may differ. `cuda` gives the parties of one machine its GPUs in
    /// turn. Needs a program built with `--features cuda`. Without this flag the environment variable MPC_DEVICE decides, and
    /// else it is cpu.
    #[arg(long, value_name = "DEVICE", value_parser = device)]
    pub(super) device: Option<Device>,

    /// The most memory of a GPU that this party takes
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) device_memory: Option<u64>,
}

/// What can be known before anybody connects.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rehearsal")]
pub(super) struct Rehearsal {
    /// Count what the program costs, and run nothing
    ///
    /// Prints rounds and bytes by step of the model, and how long they take on a local and on a wide-area network. What is
    /// revealed is zeros, so a program that branches on it is counted along one path.
    #[arg(long, conflicts_with_all = ["who", "shadow"])]
    pub(super) explain: bool,

    /// Compare every step with the same in the clear, and print the largest errors
    ///
    /// NO SECRECY AT ALL: all parties run as threads of one process that sees everything. Use data that is made up.
    #[arg(long, conflicts_with = "who")]
    pub(super) shadow: bool,
}

/// How the parties compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Protocol {
    /// Secret sharing with correlated randomness from a dealer
    Dealer,
    /// In the clear, NO SECRECY AT ALL: every party sees all data. Only for finding errors in a program
    PlainInsecure,
}

/// How the parties reach each other.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(super) struct Network {
    /// Name of this run; all its parties must give the same
    ///
    /// Lets a dealer that serves several runs tell them apart.
    #[arg(long, value_name = "LABEL", requires = "who")]
    pub(super) session: Option<String>,

    /// Listen here instead of at our address in the roster
    ///
    /// For containers and behind address translation, where the others reach us at another address than we have:
    /// 0.0.0.0:7700, [::]:7700.
    #[arg(long, value_name = "IP:PORT", requires = "who")]
    pub(super) bind: Option<SocketAddr>,

    #[command(flatten)]
    pub(super) tls: Tls,

    /// Talk to other machines without encryption
    ///
    /// INSECURE: whoever sees the traffic of all parties learns all data, and whoever can reach a port can take a party's
    /// place. Only for a network that nobody else can see. Not needed as long as all parties are on this machine.
    #[arg(long)]
    pub(super) insecure_no_tls: bool,

    /// How long to wait for the other parties to appear
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(super) connect_timeout: Option<Duration>,

    /// How long to wait for the others in one round of communication
    ///
    /// Has to cover the longest computation that another party does between two messages.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(super) round_timeout: Option<Duration>,

    /// How long a link may carry nothing, not even a sign of life, before the other end counts as lost [default: 15]
    ///
    /// Give all parties the same: a link that is idle carries a sign of life four times as often, at least every two seconds.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(super) silence: Option<Duration>,

    /// How long an interrupted link may take to come back before that ends the session [default: 0]
    ///
    /// Without it a link that closes or falls silent ends the session at once. With it the session then goes on where it was,
    /// but a party that has died is noticed only this much later. Of two parties the smaller one holds.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(super) grace: Option<Duration>,
}

/// How much is said.
#[derive(Debug, Args)]
#[command(next_help_heading = "Messages")]
pub(super) struct Logging {
    /// Say more: -v what happens, -vv also the details
    ///
    /// Without this flag (and without --quiet) the environment variable RUST_LOG decides, in the syntax of the crate
    /// tracing-subscriber.
    #[arg(short, long, action = ArgAction::Count, conflicts_with = "quiet")]
    pub(super) verbose: u8,

    /// Say nothing but errors
    #[arg(short, long)]
    pub(super) quiet: bool,

    #[command(flatten)]
    pub(super) format: mpc_telemetry::FormatFlag,

    /// Write down what was opened, to whom, and where the program says so
    ///
    /// As JSON lines, and no values; `mpc audit` shows them, and compares those of several parties. `{party}` in the name
    /// stands for the party's name. A file that is there is not written over.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["explain", "shadow"])]
    pub(super) audit: Option<PathBuf>,

    #[command(flatten)]
    pub(super) status: status::Answering,
}

/// Reads the command line; the help names the program's parties.
pub(super) fn parse<A: Args>(
    about: Option<&'static str>,
    cast: Cast<'_>,
    args: impl IntoIterator<Item = OsString>,
) -> Result<Invocation<A>, clap::Error> {
    let mut command = command::<A>(about, cast);
    let matches = command.try_get_matches_from_mut(args)?;
    if matches.get_flag("print_roster") {
        return Ok(Invocation::PrintRoster);
    }
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    Ok(Invocation::Run(Box::new(cli)))
}

fn command<A: Args>(about: Option<&'static str>, cast: Cast<'_>) -> clap::Command {
    let about = about.unwrap_or("A program that several parties run together");
    let first = cast.compute.first().copied().unwrap_or("NAME");
    let processes = cast.len() + 1;
    let mut who = cast.compute.join(", ");
    if !cast.clients.is_empty() {
        who = format!("{who}, as clients {}", cast.clients.join(", "));
    }
    let long = format!(
        "{about}\n\nThe parties are {who}, and a dealer of randomness. Without --party all of them run on this machine."
    );
    let command = Cli::<A>::command().about(about).long_about(long);
    let name = binary_name().unwrap_or_else(|| command.get_name().to_owned());
    let examples = [
        (name.clone(), "all parties on this machine"),
        (format!("{name} -v"), "the same, and say what happens"),
        (format!("{name} --explain"), "rounds and bytes, before anything runs"),
        (format!("{name} --prepare made"), "randomness for one run, into a folder"),
        (format!("{name} --offline made"), "that run, without a dealer"),
        (format!("{name} --print-roster > roster.toml"), "a roster to fill in"),
        (format!("{name} --party {first} --roster roster.toml --identity {first}.identity"), "one party"),
        (format!("{name} --party dealer --roster roster.toml --identity dealer.identity"), "the dealer"),
        (format!("mpirun -n {processes} {name} --rank-from openmpi ..."), "one of them in each process"),
    ];
    let width = examples.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
    let lines = examples.map(|(line, what)| format!("\n  {line:width$}  {what}"));
    command.after_long_help(format!("Examples:{}", lines.concat()))
}

/// What this program is called.
pub(super) fn binary_name() -> Option<String> {
    let path = std::env::args_os().next()?;
    Some(std::path::Path::new(&path).file_stem()?.to_string_lossy().into_owned())
}

fn device(text: &str) -> Result<Device, String> {
    text.parse().map_err(|error: mpc_core::Error| error.to_string())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    let duration = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if duration.is_zero() { Err("expected more than zero seconds".to_owned()) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::error::ErrorKind;

    const CAST: Cast<'static> = Cast { compute: &["Hospital", "Lab"], clients: &["Patient"] };

    /// Must not become the help's first line.
    #[derive(Debug, Args)]
    struct Own {
        /// Passes over the data
        #[arg(long)]
        epochs: u32,
    }

    fn parse_words(words: &str) -> Result<Invocation<Own>, clap::Error> {
        let words = std::iter::once("program").chain(words.split_whitespace()).map(OsString::from);
        parse(Some("Does it"), CAST, words)
    }

    fn cli(words: &str) -> Cli<Own> {
        match parse_words(words).unwrap() {
            Invocation::Run(cli) => *cli,
            Invocation::PrintRoster => panic!("print roster"),
        }
    }

    fn refused(words: &str) -> ErrorKind {
        parse_words(words).unwrap_err().kind()
    }

    #[test]
    fn the_flags_are_well_formed() {
        command::<Own>(None, Cast { compute: &[], clients: &[] }).debug_assert();
    }

    #[test]
    fn without_flags_everything_is_default() {
        let cli = cli("--epochs 3");
        assert_eq!((cli.program.epochs, cli.parties.fraction_bits), (3, 16));
        assert_eq!(cli.parties.protocol, Protocol::Dealer);
        assert!(cli.parties.party.is_none() && !cli.network.insecure_no_tls);
    }

    #[test]
    fn one_party_with_all_flags() {
        let network = "--session x --insecure-no-tls --connect-timeout 5 --round-timeout 0.5 --silence 3 --grace 30 --bind [::]:77";
        let cli = cli(&format!("--party Lab --roster r.toml --epochs 1 {network} -vv"));
        assert_eq!(cli.parties.party.as_deref(), Some("Lab"));
        assert_eq!(cli.network.session.as_deref(), Some("x"));
        assert_eq!(cli.network.connect_timeout, Some(Duration::from_secs(5)));
        assert_eq!(cli.network.round_timeout, Some(Duration::from_millis(500)));
        assert_eq!(cli.network.silence, Some(Duration::from_secs(3)));
        assert_eq!(cli.network.grace, Some(Duration::from_secs(30)));
        assert_eq!(cli.network.bind, Some("[::]:77".parse().unwrap()));
        assert!(cli.network.insecure_no_tls && cli.logging.verbose == 2);
    }

    #[test]
    fn a_rank_stands_for_a_name() {
        let cli = cli("--epochs 1 --rank-from slurm --identity {party}.identity --session x --bind [::]:7700");
        assert_eq!((cli.parties.rank_from, cli.parties.roster), (Some(Scheduler::Slurm), None));
        assert_eq!(cli.network.bind.map(|address| address.port()), Some(7700));
    }

    #[test]
    fn the_clear_text_protocol_needs_its_full_name() {
        assert_eq!(refused("--epochs 1 --protocol plain"), ErrorKind::InvalidValue);
        assert_eq!(cli("--epochs 1 --protocol plain-insecure").parties.protocol, Protocol::PlainInsecure);
    }

    #[test]
    fn a_device_is_named() {
        let device = |words| cli(&format!("--epochs 1 {words}")).parties.device;
        assert_eq!((device(""), device("--device auto")), (None, Some(Device::Auto)));
        assert_eq!(device("--device cuda:1 --device-memory 4000"), Some(Device::Cuda(Some(1))));
        assert_eq!(refused("--epochs 1 --device gpu"), ErrorKind::ValueValidation);
        assert_eq!(refused("--epochs 1 --device-memory 0"), ErrorKind::ValueValidation);
    }

    #[test]
    fn what_does_not_make_sense_is_refused() {
        assert_eq!(refused("--epochs 1 --party Lab"), ErrorKind::MissingRequiredArgument);
        assert_eq!(refused("--epochs 1 --roster r"), ErrorKind::MissingRequiredArgument);
        assert_eq!(refused("--epochs 1 --fraction-bits 9"), ErrorKind::ValueValidation);
        assert_eq!(refused("--epochs 1 --fraction-bits 25"), ErrorKind::ValueValidation);
        assert_eq!(refused("--epochs 1 --connect-timeout 0"), ErrorKind::ValueValidation);
        assert_eq!(refused("--epochs 1 --connect-timeout -1"), ErrorKind::UnknownArgument);
        assert_eq!(refused("--epochs 1 --connect-timeout inf"), ErrorKind::ValueValidation);
        assert_eq!(refused("--epochs 1 -v --quiet"), ErrorKind::ArgumentConflict);
        assert_eq!(refused("--epochs 1 --explain --shadow"), ErrorKind::ArgumentConflict);
        assert_eq!(refused("--epochs 1 --explain --party Lab --roster r"), ErrorKind::ArgumentConflict);
        assert_eq!(refused("--epochs 1 --explain --rank-from slurm"), ErrorKind::ArgumentConflict);
        assert_eq!(refused("--epochs 1 --explain --audit f"), ErrorKind::ArgumentConflict);
        assert_eq!(refused("--epochs 1 --identity d"), ErrorKind::MissingRequiredArgument);
        assert_eq!(refused("--epochs 1 --bind 0.0.0.0:1"), ErrorKind::MissingRequiredArgument);
        assert_eq!(refused("--epochs 1 --rank-from nobody"), ErrorKind::InvalidValue);
        assert_eq!(refused("--epochs 1 --rank-from slurm --party Lab --roster r"), ErrorKind::ArgumentConflict);
        assert_eq!(refused("--epochs 1 --rank-from slurm --dealer-elsewhere"), ErrorKind::MissingRequiredArgument);
        let party = "--epochs 1 --party Lab --roster r";
        assert_eq!(refused(&format!("{party} --cert c")), ErrorKind::MissingRequiredArgument);
        assert_eq!(refused(&format!("{party} --key k")), ErrorKind::MissingRequiredArgument);
        assert_eq!(refused(&format!("{party} --identity d --cert c --key k")), ErrorKind::ArgumentConflict);
        assert_eq!(refused(&format!("{party} --identity d --insecure-no-tls")), ErrorKind::ArgumentConflict);
        assert_eq!(refused("--epochs 1 --tls --insecure-no-tls"), ErrorKind::ArgumentConflict);
        assert_eq!(refused("--epochs 1 --prepare a --offline b"), ErrorKind::ArgumentConflict);
        assert_eq!(refused("--epochs 1 --offline b --explain"), ErrorKind::ArgumentConflict);
        assert_eq!(refused("--nonsense"), ErrorKind::UnknownArgument);
        assert_eq!(refused(""), ErrorKind::MissingRequiredArgument);
        assert_eq!(parse_words("").unwrap_err().exit_code(), 2);
    }

    #[test]
    fn a_roster_is_printed_although_a_flag_is_missing() {
        assert!(matches!(parse_words("--print-roster").unwrap(), Invocation::PrintRoster));
    }

    #[test]
    fn help_names_the_parties_and_the_headings() {
        let help = command::<Own>(Some("Does it"), CAST).render_long_help().to_string();
        assert!(help.starts_with("Does it"), "{help}");
        assert!(!help.contains("first line"), "{help}");
        for part in
            ["Hospital, Lab, as clients Patient", "Parties:", "Network:", "Program:", "--party Hospital", "NO SECRECY"]
        {
            assert!(help.contains(part), "{part} is not in\n{help}");
        }
    }
}
