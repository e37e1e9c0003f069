//! `mpc roster`: writes and checks the file that says who takes part and where.

use std::{fmt::Write as _, io::Write, path::PathBuf, str::FromStr};

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use mpc_comm::{Member, Roster as File};

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
}

/// Check a roster and show what it says
///
/// Compare the digest with the other parties: it is the same if their rosters say the same.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The roster
    file: PathBuf,
}

/// `NAME=HOST:PORT`.
#[derive(Clone, Debug)]
struct Entry(Member);

impl FromStr for Entry {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, address) = text.split_once('=').ok_or("expected NAME=HOST:PORT")?;
        Ok(Self(Member { name: name.to_owned(), address: address.to_owned() }))
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
        let dealer = Some(Member { name: "dealer".to_owned(), address: self.dealer });
        let roster = File { compute, clients: Vec::new(), dealer };
        roster.validate("command line").map_err(CliError::Parties)?;
        Ok(roster.to_toml())
    }
}

impl Check {
    fn text(self) -> Result<String, CliError> {
        let roster = File::load(&self.file).map_err(CliError::Roster)?;
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
        let mut text = format!("{table}\ndigest {}\n", roster.digest());
        if !roster.is_loopback() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "note   some parties are on other machines: their traffic needs protection");
        }
        Ok(text)
    }
}
