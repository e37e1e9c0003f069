//! How a party proves who it is, and makes sure who the others are.

use std::path::PathBuf;

use clap::Args;
use mpc_comm::{Identity, Roster};
use tempfile::TempDir;

use super::error::LaunchError;

/// Days for which the certificates of a run on this machine hold.
const LOCAL_DAYS: u32 = 30;

/// Flags of encryption.
#[derive(Debug, Args)]
pub(super) struct Tls {
    /// The folder of this party's certificate and key, `cert.pem` and `key.pem`
    ///
    /// `mpc cert new` makes one. All links are then encrypted (mutual TLS 1.3), and each party must show the certificate
    /// whose fingerprint the roster gives. Needed as soon as a party is on another machine.
    #[arg(long, value_name = "FOLDER", requires = "party", conflicts_with_all = ["cert", "insecure_no_tls"])]
    identity: Option<PathBuf>,

    /// The file of this party's certificate, instead of --identity
    #[arg(long, value_name = "FILE", requires_all = ["party", "key"], conflicts_with = "insecure_no_tls")]
    cert: Option<PathBuf>,

    /// The file of this party's private key, instead of --identity
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// Encrypt also between parties on this machine
    ///
    /// Without --party the launcher makes certificates for this run.
    #[arg(long, conflicts_with = "insecure_no_tls")]
    pub(super) tls: bool,
}

impl Tls {
    /// The identity that the flags name.
    pub(super) fn identity(&self) -> Result<Option<Identity>, LaunchError> {
        let identity = match (&self.identity, &self.cert, &self.key) {
            (Some(folder), ..) => Identity::load(folder).map(Some),
            (None, Some(cert), Some(key)) => Identity::load_files(cert, key).map(Some),
            _ if self.tls => return Err(LaunchError::NoIdentity),
            _ => Ok(None),
        };
        identity.map_err(LaunchError::Identity)
    }
}

/// Makes an identity for each member, in a folder of its name, and pins it. The folder is this user's, and gone with the
/// returned value.
pub(super) fn make(roster: &mut Roster) -> Result<TempDir, LaunchError> {
    let folder = tempfile::Builder::new().prefix("mpc-identities-").tempdir().map_err(LaunchError::RosterFile)?;
    for member in roster.compute.iter_mut().chain(&mut roster.clients).chain(&mut roster.dealer) {
        let identity = Identity::create(&member.name, LOCAL_DAYS, folder.path().join(&member.name));
        member.fingerprint = Some(identity.map_err(LaunchError::Identity)?.certificate().fingerprint);
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_on_this_machine_gets_identities_that_its_roster_pins() {
        let mut roster =
            super::super::roster::local(super::super::Cast { compute: &["A", "B"], clients: &["C"] }, true).unwrap();
        let folder = make(&mut roster).unwrap();
        roster.validate("test").unwrap();
        for member in roster.members() {
            let identity = Identity::load(folder.path().join(&member.name)).unwrap();
            assert_eq!(member.fingerprint, Some(identity.certificate().fingerprint));
        }
        let path = folder.path().to_owned();
        drop(folder);
        assert!(!path.exists());
    }
}
