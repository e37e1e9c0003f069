//! `mpc roster`: writes and checks the file that says who takes part and where.

use std::{fmt::Write as _, io::Write, path::PathBuf, str::FromStr};

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use mpc_comm::{
    Certificate, Fingerprint, Member, Roster as File,
    gateway::{Guest, Service},
};

use crate::error::CliError;

/// Write or check a roster, the file that says who takes part and where
#[derive(Debug, Subcommand)]
pub(crate) enum Roster {
    New(New),
    Check(Check),
}

/// Print a roster of these parties
///
/// Give the same file to all parties and to the dealer. The names must be those of the program, in its order; the
/// program prints an example with
/// --print-roster.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// A party that computes; give this flag once for each, in the program's order
    ///
    /// The address is where the party listens, as the others reach it: `10.0.0.5:7700`, `lab.example.org:7700`,
    /// `[::1]:7700`.
    #[arg(long = "party", value_name = "NAME=HOST:PORT", required = true, num_args = 1..)]
    parties: Vec<Entry>,

    /// Where the dealer listens
    #[arg(long, value_name = "HOST:PORT")]
    dealer: String,

    /// Where guests reach a party that serves them (`mpc serve`); give this flag for all parties or for none
    #[arg(long = "gateway", value_name = "NAME=HOST:PORT", num_args = 1..)]
    gateways: Vec<Entry>,

    /// Somebody who may come to the gateways
    #[arg(long = "guest", value_name = "NAME", num_args = 1.., requires = "gateways")]
    guests: Vec<String>,

    /// The certificates of the parties, the dealer and the guests; the name in each says whose it is
    #[arg(long = "cert", value_name = "FILE", num_args = 1..)]
    certs: Vec<PathBuf>,

    /// The fingerprint of a certificate, instead of its file
    #[arg(long = "pin", value_name = "NAME=FINGERPRINT", num_args = 1..)]
    pins: Vec<Pin>,
}

/// Check a roster and show what it says
///
/// Compare the digest with the other parties: it is the same if their rosters say the same.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The roster
    file: PathBuf,

    /// As a JSON object
    #[arg(long)]
    json: bool,
}

/// `NAME=HOST:PORT`.
#[derive(Clone, Debug)]
struct Entry(Member);

/// `NAME=FINGERPRINT`.
#[derive(Clone, Debug)]
struct Pin(String, Fingerprint);

impl FromStr for Pin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, fingerprint) = text.split_once('=').ok_or("expected NAME=FINGERPRINT")?;
        Ok(Self(name.to_owned(), fingerprint.parse().map_err(|e: mpc_comm::NoFingerprint| e.to_string())?))
    }
}

impl FromStr for Entry {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, address) = text.split_once('=').ok_or("expected NAME=HOST:PORT")?;
        Ok(Self(Member { name: name.to_owned(), address: address.to_owned(), fingerprint: None }))
    }
}

impl Roster {
    /// Does it.
    pub(crate) fn run(self) -> Result<(), CliError> {
        let text = match self {
            Self::New(new) => new.text()?,
            Self::Check(check) => check.text()?,
        };
        anstream::stdout().write_all(text.as_bytes()).map_err(CliError::Print)
    }
}

impl New {
    fn text(self) -> Result<String, CliError> {
        let compute = self.parties.into_iter().map(|Entry(member)| member).collect();
        let dealer = Some(Member { name: "dealer".to_owned(), address: self.dealer, fingerprint: None });
        let mut roster = File { compute, clients: Vec::new(), dealer };
        let mut guests: Vec<Guest> = self.guests.into_iter().map(|name| Guest { name, fingerprint: None }).collect();
        let gateways = gateways(&roster, self.gateways)?;
        let mut pins = self.pins;
        for file in self.certs {
            let certificate = Certificate::load(file).map_err(CliError::Identity)?;
            pins.push(Pin(certificate.name, certificate.fingerprint));
        }
        for Pin(name, fingerprint) in pins {
            let members = roster.compute.iter_mut().chain(&mut roster.dealer).map(|m| (&m.name, &mut m.fingerprint));
            let guests = guests.iter_mut().map(|guest| (&guest.name, &mut guest.fingerprint));
            let problem = match members.chain(guests).find(|(other, _)| **other == name) {
                None => format!("`{name}` is none of the parties"),
                Some((_, Some(_))) => format!("`{name}` has two"),
                Some((_, pinned)) => {
                    *pinned = Some(fingerprint);
                    continue;
                }
            };
            return Err(CliError::Pins { problem });
        }
        if let Some(member) = roster.members().find(|member| roster.pins() && member.fingerprint.is_none()) {
            return Err(CliError::Pins { problem: format!("`{}` has none", member.name) });
        }
        roster.validate("command line").map_err(CliError::Parties)?;
        if gateways.is_empty() {
            return Ok(roster.to_toml());
        }
        let service = Service { roster, gateways, guests };
        let text = with_guests(&service);
        // What was written is what is read.
        Service::from_toml(&text, "command line").map_err(CliError::Parties)?;
        Ok(text)
    }
}

/// The gateways in the order of the parties; none at all, or one for each.
fn gateways(roster: &File, given: Vec<Entry>) -> Result<Vec<String>, CliError> {
    let problem = |problem| Err(CliError::Gateways { problem });
    if let Some(Entry(other)) = given.iter().find(|Entry(one)| roster.compute.iter().all(|m| m.name != one.name)) {
        return problem(format!("`{}` is none of those who compute", other.name));
    }
    let mut all = Vec::with_capacity(roster.compute.len());
    for member in &roster.compute {
        let own: Vec<&Member> = given.iter().map(|Entry(one)| one).filter(|one| one.name == member.name).collect();
        match own[..] {
            [] if given.is_empty() => {}
            [gateway] => all.push(gateway.address.clone()),
            [] => return problem(format!("`{}` has none", member.name)),
            _ => return problem(format!("`{}` has two", member.name)),
        }
    }
    Ok(all)
}

/// The roster with a gateway at each party, and the guests after it.
fn with_guests(service: &Service) -> String {
    let mut gateways = service.gateways.iter();
    let mut text = String::new();
    // Writing to a string cannot fail.
    for line in service.roster.to_toml().lines() {
        let _ = writeln!(text, "{line}");
        if line == "[[compute]]"
            && let Some(gateway) = gateways.next()
        {
            let _ = writeln!(text, "gateway = {gateway:?}");
        }
    }
    for guest in &service.guests {
        let _ = writeln!(text, "\n[[guest]]\nname = {:?}", guest.name);
        if let Some(fingerprint) = guest.fingerprint {
            let _ = writeln!(text, "fingerprint = \"{fingerprint}\"");
        }
    }
    text
}

impl Check {
    fn text(self) -> Result<String, CliError> {
        let roster = File::load(&self.file).map_err(CliError::Roster)?;
        if self.json {
            return Ok(json(&roster));
        }
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(["party", "role", "address"]);
        for member in &roster.compute {
            table.add_row([&member.name, "computes", &member.address]);
        }
        for member in &roster.clients {
            table.add_row([&member.name, "client", ""]);
        }
        if let Some(member) = &roster.dealer {
            table.add_row([&member.name, "deals", &member.address]);
        }
        let mut text = format!("{table}\n");
        // Writing to a string cannot fail, here and below.
        for member in roster.members() {
            if let Some(fingerprint) = member.fingerprint {
                let _ = writeln!(text, "{} {fingerprint}", member.name);
            }
        }
        let _ = writeln!(text, "digest {}", roster.digest());
        if roster.pins() {
            let _ = writeln!(text, "note   compare the fingerprints with what their owners read from `mpc cert show`");
        } else if !roster.is_loopback() {
            let _ =
                writeln!(text, "note   some parties are on other machines: they need certificates (`mpc cert new`)");
        }
        Ok(text)
    }
}

fn json(roster: &File) -> String {
    let member = |member: &Member| {
        let address = Some(&member.address).filter(|address| !address.is_empty());
        let fingerprint = member.fingerprint.map(|fingerprint| fingerprint.to_string());
        serde_json::json!({ "name": member.name, "address": address, "fingerprint": fingerprint })
    };
    let object = serde_json::json!({
        "compute": roster.compute.iter().map(member).collect::<Vec<_>>(),
        "clients": roster.clients.iter().map(member).collect::<Vec<_>>(),
        "dealer": roster.dealer.as_ref().map(member),
        "digest": roster.digest(),
        "loopback": roster.is_loopback(),
        "pinned": roster.pins(),
    });
    format!("{object}\n")
}
