//! `mpc bench`: measures what programs cost on this machine, every party and the dealer a process of its own.

mod clear;
mod crew;
mod data;
mod error;
mod machine;
mod measure;
mod options;
mod part;
mod row;
mod table;
mod usage;
mod workloads;

use std::{
    cell::RefCell,
    collections::HashSet,
    env, fs,
    io::{self, Write},
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    process::Command,
    time::Duration,
};

use clap::{
    Args,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use indicatif::{ProgressBar, ProgressStyle};
use mpc_comm::{Identity, Member, Roster};
use mpc_core::{Device, Settings, rand::Prg, sim::Sim};
use tempfile::{NamedTempFile, TempDir};

use self::crew::Crew;
use self::measure::Plan;
use self::options::{Net, Protocol, device, name};
use self::row::Row;
use self::workloads::Workload;

pub(crate) use self::error::BenchError;
pub(crate) use self::part::Part;

/// The dealer's name.
const DEALER: &str = "dealer";
/// Stands for every workload but the large ones.
const ALL: &str = "all";
/// Stands for the large ones.
const LARGE: &str = "large";

/// Measure what programs cost on this machine
///
/// Every party and the dealer is a process of its own, and they talk over TCP. A workload runs once to warm up, then as
/// often as --repeat says, each time on new shares. The seconds are those of the slowest party, from shares of the
/// inputs to shares of the results; what the dealer does meanwhile is inside of them. The result is compared with the
/// same computation on f64, and a wrong one is an error.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Bench {
    /// What to measure: names of --list; `all` for everything but the large ones, which are for GPUs, and `large` for these
    #[arg(value_name = "WORKLOAD", hide_possible_values = true, value_parser = names())]
    workloads: Vec<String>,

    /// Show the workloads and end
    #[arg(long)]
    list: bool,

    /// How many parties compute
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(2..=64))]
    parties: u16,

    /// Which protocol runs
    #[arg(long, value_enum, default_value_t = Protocol::Dealer)]
    protocol: Protocol,

    /// The generator of random numbers
    #[arg(long, value_name = "NAME", default_value_t = Prg::default(),
          value_parser = PossibleValuesParser::new(Prg::ALL.map(Prg::name)).try_map(|name| name.parse::<Prg>()))]
    prg: Prg,

    /// Where the parties compute: cpu, cuda (they share the GPUs of this machine) or cuda:N (all on that GPU)
    #[arg(long, value_name = "DEVICE", default_value_t = Device::Cpu, value_parser = device)]
    device: Device,

    /// What lies between the processes; each link is slowed down by itself
    #[arg(long, value_enum, default_value_t = Net::Loopback)]
    net: Net,

    /// Encrypt the links, with certificates made for the measurement
    #[arg(long)]
    tls: bool,

    /// Let interrupted links come back within so many seconds: what links do for that, all the time, is measured too
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=60))]
    grace: u16,

    /// How often each workload is measured, after once to warm up
    #[arg(long, value_name = "K", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    repeat: u16,

    /// Keep the weights, as a model that is served does: they were opened before, and what is measured are later requests
    #[arg(long)]
    served: bool,

    /// Write the results to this file, a JSON list with an object for each workload
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Show also where the time went at each process: waiting, computing, the network
    #[arg(long)]
    profile: bool,

    /// Only count rounds and bytes, from the program alone: nothing is computed or sent
    #[arg(long, conflicts_with = "profile")]
    count: bool,

    /// Take sizes that only show that everything works
    #[arg(long)]
    tiny: bool,

    /// Measure also what this machine can do at best: loopback, randomness, products
    #[arg(long)]
    machine: bool,
}

const EXAMPLES: &str = "Examples:
  mpc bench
  mpc bench relu lenet --net wan --repeat 3
  mpc bench all --json results.json --profile
  mpc bench all large --count --parties 3
  mpc bench resnet18 encoder --served
  mpc bench large --device cuda --repeat 2";

impl Bench {
    /// Measures, prints the tables and writes the file.
    pub(crate) fn run(self) -> Result<(), BenchError> {
        if self.list {
            let all: Vec<_> = workloads::NAMES.iter().filter_map(|name| workloads::find(name, self.tiny)).collect();
            return print(&table::list(&all));
        }
        // Before anything is measured, so that a wrong path does not cost the results.
        if let Some(file) = &self.json {
            fs::write(file, "[]\n").map_err(|source| BenchError::Json { file: file.clone(), source })?;
        }
        if self.machine {
            print(&machine::Machine::measure().map_err(BenchError::Machine)?.text())?;
        }
        let workloads: Vec<_> = self.names().iter().filter_map(|name| workloads::find(name, self.tiny)).collect();
        let mut rows = Vec::new();
        for (at, workload) in workloads.iter().enumerate() {
            let row = if self.count { self.count(workload)? } else { self.measure(workload, at, workloads.len())? };
            rows.push(row);
            self.save(&rows)?;
        }
        print(&table::results(&rows))?;
        if self.profile { print(&table::profile(&rows)) } else { Ok(()) }
    }

    /// Each once, in the order in which they were asked for.
    fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let asked: Vec<&str> = self.workloads.iter().map(String::as_str).collect();
        for name in if asked.is_empty() { workloads::QUICK.to_vec() } else { asked } {
            match name {
                ALL => names.extend(workloads::NAMES.iter().filter(|name| !workloads::LARGE.contains(name))),
                LARGE => names.extend(workloads::LARGE),
                name => names.push(if name == workloads::ALIAS.0 { workloads::ALIAS.1 } else { name }),
            }
        }
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(*name));
        names
    }

    fn save(&self, rows: &[Row]) -> Result<(), BenchError> {
        let Some(file) = &self.json else { return Ok(()) };
        let failed = |source| BenchError::Json { file: file.clone(), source };
        let text = serde_json::to_string_pretty(rows).map_err(|error| failed(error.into()))?;
        fs::write(file, text + "\n").map_err(failed)
    }

    fn row(&self, workload: &Workload) -> Row {
        Row {
            workload: workload.name.to_owned(),
            parties: self.parties.into(),
            protocol: name(self.protocol),
            device: self.device.to_string(),
            net: name(self.net),
            served: self.served,
            seconds: None,
            seconds_min: None,
            offline_seconds: None,
            rounds: 0,
            bytes_per_party: 0,
            dealer_bytes: 0,
            peak_rss_bytes: None,
            max_abs_err: None,
            giga_products_per_second: None,
            repetitions: 0,
            processes: Vec::new(),
        }
    }

    /// What the program costs by its own account.
    fn count(&self, workload: &Workload) -> Result<Row, BenchError> {
        let settings = Settings { protocol: self.protocol.kind(), prg: self.prg, ..Settings::default() };
        let (counted, plan) = (&RefCell::new(Vec::new()), Plan::count(self.served));
        let program = |s| async move {
            *counted.borrow_mut() = measure::measure(&s, workload, plan, || {}).await?.costs;
            Ok(())
        };
        Sim::new(self.parties.into())
            .settings(settings)
            .explain(program)
            .map_err(|error| BenchError::Count { workload: workload.name.to_owned(), source: Box::new(error) })?;
        let mut row = self.row(workload);
        if let Some(cost) = counted.borrow().first() {
            (row.rounds, row.bytes_per_party, row.dealer_bytes) = (cost.rounds, cost.sent, cost.dealt);
        }
        Ok(row)
    }

    /// Starts the processes and waits for their reports.
    fn measure(&self, workload: &Workload, at: usize, of: usize) -> Result<Row, BenchError> {
        let mut roster = roster(self.parties.into(), self.protocol == Protocol::Dealer)?;
        let identities = if self.tls { Some(identities(&mut roster)?) } else { None };
        let mut file = NamedTempFile::new().map_err(BenchError::RosterFile)?;
        file.write_all(roster.to_toml().as_bytes()).map_err(BenchError::RosterFile)?;
        let program = env::current_exe().map_err(BenchError::Program)?;
        let plan = Plan::new(self.repeat.into(), self.served);
        let bar = bar((plan.warm + plan.repeat) as u64, format!("{} ({}/{of})", workload.name, at + 1));
        let mut crew = Crew::new();
        for member in roster.members() {
            let mut command = Command::new(&program);
            command.args(["bench-part", "--workload", workload.name, "--party", &member.name, "--roster"]);
            command.arg(file.path()).args(["--repeat", &self.repeat.to_string()]);
            command.args(["--protocol", &name(self.protocol), "--net", &name(self.net), "--prg", self.prg.name()]);
            command.args(["--device", &self.device.to_string(), "--grace", &self.grace.to_string()]);
            if let Some(folder) = &identities {
                command.arg("--identity").arg(folder.path().join(&member.name));
            }
            if self.tiny {
                command.arg("--tiny");
            }
            if self.served {
                command.arg("--served");
            }
            crew.start(&member.name, command)?;
        }
        let reports = crew.wait(|| bar.inc(1))?;
        bar.finish_and_clear();
        let row = self.row(workload).measured(&reports, workload.products, plan.warm);
        match row.max_abs_err {
            Some(error) if error <= workload.tolerance => Ok(row),
            error => Err(BenchError::Wrong {
                workload: workload.name.to_owned(),
                found: error.unwrap_or(f64::INFINITY),
                tolerance: workload.tolerance,
            }),
        }
    }
}

/// What may be asked for.
fn names() -> PossibleValuesParser {
    let alias = |name| if name == workloads::ALIAS.1 { vec![workloads::ALIAS.0] } else { Vec::new() };
    let named = workloads::NAMES.map(|name| PossibleValue::new(name).aliases(alias(name)));
    PossibleValuesParser::new(named.into_iter().chain([ALL, LARGE].map(PossibleValue::new)))
}

/// Without a terminal it is not shown.
fn bar(total: u64, label: String) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:24} {wide_bar} {pos}/{len} {elapsed}");
    let bar = ProgressBar::new(total).with_message(label);
    let bar = style.map_or(bar.clone(), |style| bar.with_style(style));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A roster for this machine on ports that are free right now.
fn roster(parties: usize, with_dealer: bool) -> Result<Roster, BenchError> {
    let count = parties + usize::from(with_dealer);
    // All are held until all are known, so that they differ.
    let held: io::Result<Vec<_>> = (0..count).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect();
    let addresses: io::Result<Vec<_>> =
        held.map_err(BenchError::Ports)?.iter().map(|held| Ok(held.local_addr()?.to_string())).collect();
    let names = (0..parties).map(|party| format!("party{party}")).chain([DEALER.to_owned()]);
    let mut members = addresses.map_err(BenchError::Ports)?.into_iter().zip(names).map(|(address, name)| Member {
        name,
        address,
        fingerprint: None,
    });
    let roster =
        Roster { compute: members.by_ref().take(parties).collect(), clients: Vec::new(), dealer: members.next() };
    roster.validate("the parties of this measurement").map_err(BenchError::Roster)?;
    Ok(roster)
}

/// An identity for each member, in a folder of its name, and pinned by the roster.
fn identities(roster: &mut Roster) -> Result<TempDir, BenchError> {
    let folder = TempDir::new().map_err(BenchError::RosterFile)?;
    for member in roster.compute.iter_mut().chain(&mut roster.dealer) {
        let identity = Identity::create(&member.name, 1, folder.path().join(&member.name));
        member.fingerprint = Some(identity.map_err(BenchError::Roster)?.certificate().fingerprint);
    }
    Ok(folder)
}

fn print(text: &str) -> Result<(), BenchError> {
    anstream::stdout().write_all(text.as_bytes()).map_err(BenchError::Print)
}
