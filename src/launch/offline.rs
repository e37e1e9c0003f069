//! Correlated randomness made ahead: `--prepare` stores what the dealer gives, `--offline` runs on it.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use clap::Args;
use indicatif::{DecimalBytes, HumanCount};
use mpc_comm::{Agreement, Attendance, Options, PartyId, Roster};
use mpc_core::{
    ProtocolKind, Session, Settings,
    offline::{Offline, rehearse, run_party_offline},
};

use super::error::LaunchError;

/// Flags of packages.
#[derive(Debug, Args)]
#[command(next_help_heading = "Offline")]
#[group(skip)]
pub(super) struct Flags {
    /// Have the dealer make the randomness of one run now, into FOLDER, for a run with --offline later
    ///
    /// All parties prepare at the same time, with the dealer online and the flags of the run. The program is rehearsed: it
    /// gets no data, and what it prints of its results are zeros. A package is secret, and serves one run.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["offline", "explain", "shadow", "audit"])]
    prepare: Option<PathBuf>,

    /// Run on the randomness that --prepare has put into FOLDER; no dealer is needed
    ///
    /// The package is used up, also if the run fails. The program and its flags must be those that it was prepared with.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["explain", "shadow"])]
    offline: Option<PathBuf>,
}

impl Flags {
    /// Whether a dealer takes part.
    pub(super) fn with_dealer(&self) -> bool {
        self.offline.is_none()
    }

    /// Whether there is nothing but a run with a dealer, or none at all.
    fn folder(&self) -> Option<&Path> {
        self.prepare.as_deref().or(self.offline.as_deref())
    }

    /// Refuses flags that cannot be meant.
    pub(super) fn check(&self, settings: &Settings, role: PartyId) -> Result<(), LaunchError> {
        match self.folder() {
            Some(_) if settings.protocol != ProtocolKind::Dealer => Err(LaunchError::NothingToPrepare),
            Some(_) if role.is_dealer() && self.offline.is_some() => Err(LaunchError::NoDealerOffline),
            _ => Ok(()),
        }
    }
}

/// One party and how it meets the others.
pub(super) struct Place<'a> {
    pub(super) roster: &'a Roster,
    pub(super) role: PartyId,
    pub(super) settings: &'a Settings,
    pub(super) options: Options,
}

impl Place<'_> {
    /// Runs this party as the flags say: on a package, to make one, or with a dealer.
    pub(super) fn run<F, Fut>(mut self, flags: &Flags, program: F) -> Result<(), LaunchError>
    where
        F: FnOnce(Session) -> Fut,
        Fut: Future<Output = mpc_core::Result<()>>,
    {
        let (agreement, client) = (self.settings.agreement(), self.role.index() >= self.roster.parties());
        let packages = |folder: &PathBuf| {
            Offline::new(folder, self.roster, self.role, self.settings, self.options.identity.as_ref())
        };
        match (&flags.prepare, &flags.offline) {
            (Some(_), _) if client => {
                tracing::info!("a client needs no randomness: nothing to prepare");
                Ok(())
            }
            (Some(folder), _) => {
                let packages = packages(folder);
                packages.vacant()?;
                self.prepare(&packages, program)
            }
            (_, Some(folder)) if !client => {
                let package = packages(folder).package()?;
                self.options.attendance = Attendance::WithoutDealer;
                let mesh = self.connect(&agreement.among_parties("package", package.id()))?;
                Ok(run_party_offline(mesh, self.settings, package, program)?)
            }
            _ => Ok(mpc_core::run_party(self.connect(&agreement)?, self.settings, program)?),
        }
    }

    fn prepare<F, Fut>(mut self, packages: &Offline, program: F) -> Result<(), LaunchError>
    where
        F: FnOnce(Session) -> Fut,
        Fut: Future<Output = mpc_core::Result<()>>,
    {
        tracing::warn!("--prepare: nothing is computed; what the program prints of its results are zeros");
        let members = self.roster.compute.iter().chain(&self.roster.clients);
        let names: Vec<String> = members.map(|member| member.name.clone()).collect();
        let plan = rehearse(self.role.index(), &names, self.roster.clients.len(), self.settings, program)?;
        self.options.attendance = Attendance::WithoutClients;
        let mesh = self.connect(&self.settings.agreement().among_parties("package", "being made"))?;
        let made = packages.prepare(mesh, plan)?;
        let (requests, bytes, file) = (HumanCount(made.requests), DecimalBytes(made.bytes), made.file.display());
        let id = made.id;
        writeln!(anstream::stdout(), "{file}: {bytes} for {requests} requests of one run, package {id}")
            .map_err(LaunchError::Print)
    }

    fn connect(&self, agreement: &Agreement) -> Result<mpc_comm::Mesh, LaunchError> {
        Ok(mpc_comm::connect(self.roster, self.role, agreement, self.options.clone())?)
    }
}
