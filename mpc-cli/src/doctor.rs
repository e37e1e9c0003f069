//! `mpc doctor`: tries out the way from each party to each other, before a program does.

use std::{
    fmt::Write as _,
    io::Write,
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use clap::Args;
use comfy_table::{Table, presets};
use mpc_comm::{
    Agreement, Certificate, Date, DealerListener, Error, Frame, Kind, Mesh, Options, PartyId, Roster, connect,
};

use crate::{error::CliError, identity};

/// How often a short message goes there and back; the fastest counts.
const PINGS: u64 = 10;
/// Words sent to see how many arrive in a second: 8 MiB.
const LOAD: usize = 1 << 20;
/// A longer difference of the clocks is worth a word: certificates and logs depend on them.
const CLOCKS_DIFFER: f64 = 2.0;
/// Certificates that end within so many days are worth a word.
const SOON: i64 = 30;

/// Try out the connections of a roster
///
/// Run it at all parties and at the dealer at the same time, where their programs will run. It connects as a program
/// does (ports, TLS, certificates, rosters, versions), measures how long messages take and how many bytes arrive in a
/// second, and compares the clocks. What stands in the way is an error that names the party.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The file that says where the parties are
    #[arg(long, value_name = "FILE")]
    roster: PathBuf,

    /// Which of them we are
    #[arg(long, value_name = "NAME")]
    party: String,

    /// How long to wait for the others
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    connect_timeout: u32,

    /// Listen here instead of at our address in the roster
    #[arg(long, value_name = "IP:PORT")]
    bind: Option<SocketAddr>,

    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    identity: identity::Flags,
}

/// What one end of a pair has found.
struct Finding {
    peer: PartyId,
    round_trip: Duration,
    /// Bytes in a second, from us and to us.
    out: f64,
    back: f64,
    /// Seconds by which its clock is ahead of ours.
    ahead: f64,
}

impl Doctor {
    /// Connects, measures, prints a table.
    pub(crate) fn run(self) -> Result<(), CliError> {
        let roster = Roster::load(&self.roster).map_err(CliError::Roster)?;
        let Some(me) = roster.id_of(&self.party) else {
            let known = roster.members().map(|member| member.name.clone()).collect();
            return Err(CliError::UnknownParty { name: self.party, file: self.roster, known });
        };
        let identity = self.identity.load()?;
        let certificate = identity.as_ref().map(|identity| identity.certificate().clone());
        let options = Options {
            connect_timeout: Duration::from_secs(self.connect_timeout.into()),
            session: "mpc doctor".to_owned(),
            identity,
            allow_plaintext: self.identity.insecure_no_tls,
            bind: self.bind,
            ..Options::default()
        };
        let agreement = Agreement::default().with("program", "mpc doctor").with("version", env!("CARGO_PKG_VERSION"));
        let start = Instant::now();
        let mut mesh = match me.is_dealer() {
            true => DealerListener::bind(&roster, &agreement, options)?.accept_session()?,
            false => connect(&roster, me, &agreement, options)?,
        };
        tracing::info!("connected to all in {:.1} s", start.elapsed().as_secs_f64());
        let findings = examine(&mut mesh, &roster)?;
        mesh.finish();

        if self.json {
            let text = json(&roster, &findings, certificate.as_ref());
            return anstream::stdout().write_all(text.as_bytes()).map_err(CliError::Print);
        }
        let mut text = table(&roster, &findings, certificate.is_some());
        for finding in findings.iter().filter(|finding| finding.ahead.abs() > CLOCKS_DIFFER) {
            let name = roster.name(finding.peer);
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(text, "note  the clock of {name} differs from ours by {:.1} s", finding.ahead.abs());
        }
        if let Some(certificate) = certificate {
            let days = Date::now().days_to(certificate.not_after);
            if days < SOON {
                let _ = writeln!(text, "note  our certificate ends in {days} days: `mpc cert renew`");
            }
        }
        anstream::stdout().write_all(text.as_bytes()).map_err(CliError::Print)
    }
}

/// Measures with one after the other; each pair has its turn at the same place of the order at both ends, so that none
/// waits in a circle.
fn examine(mesh: &mut Mesh, roster: &Roster) -> Result<Vec<Finding>, Error> {
    let me = mesh.me();
    let compute = (0..roster.parties()).filter_map(|at| u16::try_from(at).ok().map(PartyId));
    let all: Vec<PartyId> = compute.chain(roster.dealer.as_ref().map(|_| PartyId::DEALER)).collect();
    let mut findings = Vec::new();
    for (at, &low) in all.iter().enumerate() {
        for &high in &all[at + 1..] {
            if me == low {
                findings.push(ask(mesh, high)?);
            } else if me == high {
                findings.push(answer(mesh, low)?);
            }
        }
    }
    Ok(findings)
}

fn words(words: Vec<u64>) -> Frame {
    Frame::new(Kind::Round, 0, 0, vec![words.into()])
}

/// The first words of the peer's next frame; zeros where it has fewer.
fn hear<const N: usize>(mesh: &mut Mesh, peer: PartyId) -> Result<[u64; N], Error> {
    let mut body = mesh.recv(peer)?.into_body();
    Ok(std::array::from_fn(|_| body.take(1).map_or(0, |word| word[0])))
}

/// Leads the measurement.
fn ask(mesh: &mut Mesh, peer: PartyId) -> Result<Finding, Error> {
    let (mut round_trip, mut ahead) = (Duration::MAX, 0.0);
    for _ in 0..PINGS {
        let (start, before) = (Instant::now(), clock());
        mesh.send(peer, words(vec![0]))?;
        let [theirs] = hear(mesh, peer)?;
        if start.elapsed() < round_trip {
            round_trip = start.elapsed();
            ahead = f64::from_bits(theirs) - (before + round_trip.as_secs_f64() / 2.0);
        }
    }
    let speed = |start: Instant| {
        let seconds = start.elapsed().saturating_sub(round_trip).as_secs_f64();
        (LOAD * 8) as f64 / seconds.max(1e-9)
    };
    let start = Instant::now();
    mesh.send(peer, words(vec![0; LOAD]))?;
    let [] = hear(mesh, peer)?;
    let out = speed(start);
    let start = Instant::now();
    mesh.send(peer, words(vec![0]))?;
    let [] = hear(mesh, peer)?;
    let back = speed(start);
    let found = [round_trip.as_secs_f64(), ahead, out, back];
    mesh.send(peer, words(found.map(f64::to_bits).to_vec()))?;
    Ok(Finding { peer, round_trip, out, back, ahead })
}

/// Follows it, and hears what was found.
fn answer(mesh: &mut Mesh, peer: PartyId) -> Result<Finding, Error> {
    for _ in 0..PINGS {
        let [] = hear(mesh, peer)?;
        mesh.send(peer, words(vec![clock().to_bits()]))?;
    }
    let [] = hear(mesh, peer)?;
    mesh.send(peer, words(vec![0]))?;
    let [] = hear(mesh, peer)?;
    mesh.send(peer, words(vec![0; LOAD]))?;
    let [round_trip, ahead, out, back] = hear::<4>(mesh, peer)?.map(f64::from_bits);
    let round_trip = Duration::try_from_secs_f64(round_trip).unwrap_or_default();
    Ok(Finding { peer, round_trip, out: back, back: out, ahead: -ahead })
}

/// Seconds since 1970, by this machine's clock.
fn clock() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn json(roster: &Roster, findings: &[Finding], certificate: Option<&Certificate>) -> String {
    let peer = |Finding { peer, round_trip, out, back, ahead }: &Finding| {
        serde_json::json!({
            "name": roster.name(*peer),
            "address": roster.member(*peer).map(|member| &member.address),
            "round_trip_ms": round_trip.as_secs_f64() * 1e3,
            "to_it_mbit_s": out * 8.0 / 1e6,
            "from_it_mbit_s": back * 8.0 / 1e6,
            "clock_ahead_s": ahead,
        })
    };
    let object = serde_json::json!({
        "peers": findings.iter().map(peer).collect::<Vec<_>>(),
        "tls": certificate.is_some(),
        "certificate_days_left": certificate.map(|certificate| Date::now().days_to(certificate.not_after)),
    });
    format!("{object}\n")
}

fn table(roster: &Roster, findings: &[Finding], encrypted: bool) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["party", "address", "link", "there and back", "to it", "from it", "its clock"]);
    for Finding { peer, round_trip, out, back, ahead } in findings {
        let address = roster.member(*peer).map(|member| member.address.clone()).unwrap_or_default();
        let megabits = |bytes: f64| format!("{:.0} Mbit/s", bytes * 8.0 / 1e6);
        table.add_row([
            roster.name(*peer).to_owned(),
            address,
            if encrypted { "TLS 1.3".to_owned() } else { "NOT ENCRYPTED".to_owned() },
            format!("{:.2} ms", round_trip.as_secs_f64() * 1e3),
            megabits(*out),
            megabits(*back),
            format!("{ahead:+.3} s"),
        ]);
    }
    format!("{table}\n")
}
