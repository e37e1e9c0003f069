//! `mpc cert`: the certificates by which parties know each other.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use mpc_comm::{Certificate, ConfigError, ConfigProblem, Date, Identity};

use crate::error::CliError;

/// Make, show or renew a certificate, by which the other parties know this one
#[derive(Debug, Subcommand)]
pub(crate) enum Cert {
    New(New),
    Show(Show),
    Renew(Renew),
}

/// Make a certificate and its private key
///
/// The key stays where it is made: no other party needs it. Give the certificate, or its fingerprint, to whoever writes
/// the roster, by a way on which nobody can exchange it, such as a telephone call.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// The party's name in the roster; `dealer` for the dealer
    #[arg(long)]
    name: String,

    /// For how many days it holds
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=36500))]
    days: u32,

    /// The folder for `cert.pem` and `key.pem`; without this flag, NAME.identity here
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Show what a certificate says
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// A certificate, or a folder with one in `cert.pem`
    file: PathBuf,

    /// As a JSON object
    #[arg(long)]
    json: bool,
}

/// Make a new certificate with a new key in place of the old
///
/// The old ones stay beside them as `cert.old.pem` and `key.old.pem`. The fingerprint changes: all parties need a roster
/// with the new one, at the same time.
#[derive(Debug, Args)]
pub(crate) struct Renew {
    /// The folder of `cert.pem` and `key.pem`
    folder: PathBuf,

    /// For how many days the new one holds
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=36500))]
    days: u32,
}

impl Cert {
    /// Does it.
    pub(crate) fn run(self) -> Result<(), CliError> {
        let text = match self {
            Self::New(new) => new.text(),
            Self::Show(show) => show.text(),
            Self::Renew(renew) => renew.text(),
        };
        anstream::stdout().write_all(text.map_err(CliError::Identity)?.as_bytes()).map_err(CliError::Print)
    }
}

impl New {
    fn text(self) -> Result<String, ConfigError> {
        let folder = self.out.unwrap_or_else(|| format!("{}.identity", self.name).into());
        let identity = Identity::create(&self.name, self.days, &folder)?;
        Ok(format!(
            "{}key         {} (stays here)\nfile        {} (for the other parties)\n",
            lines(identity.certificate()),
            folder.join("key.pem").display(),
            folder.join("cert.pem").display(),
        ))
    }
}

impl Show {
    fn text(self) -> Result<String, ConfigError> {
        let certificate = Certificate::load(&self.file)?;
        if !self.json {
            return Ok(lines(&certificate));
        }
        let Certificate { name, fingerprint, not_before, not_after } = certificate;
        let object = serde_json::json!({
            "name": name,
            "fingerprint": fingerprint.to_string(),
            "not_before": not_before.0,
            "not_after": not_after.0,
            "days_left": Date::now().days_to(not_after),
        });
        Ok(format!("{object}\n"))
    }
}

impl Renew {
    fn text(self) -> Result<String, ConfigError> {
        let folder = &self.folder;
        let old = Certificate::load(folder.join("cert.pem"))?;
        let failed = |e: io::Error| {
            let problem = ConfigProblem::Unwritable { reason: e.to_string() };
            ConfigError { file: folder.display().to_string(), key: ConfigError::WHOLE.to_owned(), problem }
        };
        // Whole before the old one goes away.
        let new = tempfile::Builder::new().prefix(".renewed-").tempdir_in(folder).map_err(failed)?;
        let identity = Identity::create(&old.name, self.days, new.path())?;
        for name in ["key", "cert"] {
            let file = |folder: &Path, ending| folder.join(format!("{name}{ending}"));
            if file(folder, ".pem").exists() {
                fs::rename(file(folder, ".pem"), file(folder, ".old.pem")).map_err(failed)?;
            }
            fs::rename(file(new.path(), ".pem"), file(folder, ".pem")).map_err(failed)?;
        }
        let mut text = lines(identity.certificate());
        // Writing to a string cannot fail.
        let _ = writeln!(text, "before      {}", old.fingerprint);
        let _ = writeln!(text, "note        put the new fingerprint into the roster of all parties");
        Ok(text)
    }
}

fn lines(certificate: &Certificate) -> String {
    let Certificate { name, fingerprint, not_before, not_after } = certificate;
    let now = Date::now();
    let state = if now < *not_before {
        "does not hold yet".to_owned()
    } else if now > *not_after {
        "HAS EXPIRED: `mpc cert renew`".to_owned()
    } else {
        format!("{} days left", now.days_to(*not_after))
    };
    format!(
        "name        {name}\nfingerprint {fingerprint}\nholds from  {not_before}\nholds until {not_after} ({state})\n"
    )
}
