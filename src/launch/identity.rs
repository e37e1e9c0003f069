//! How a party proves who it is, and makes sure who the others are.

use std::path::{Path, PathBuf};

use clap::Args;
use mpc_comm::{Certificate, Identity, Roster};
use tempfile::TempDir;

use super::error::LaunchError;

/// Stands for the party's name in the names of files.
const PARTY: &str = "{party}";

/// Days for which the certificates of a run on this machine hold.
const LOCAL_DAYS: u32 = 30;

/// Flags of encryption.
#[derive(Debug, Args)]
pub(super) struct Tls {
    /// The folder of this party's certificate and key, `cert.pem` and `key.pem`
    ///
    /// `mpc cert new` makes one. All links are then encrypted (mutual TLS 1.3), and each party must show the certificate
    /// whose fingerprint the roster gives. Needed as soon as a party is on another machine. `{party}` in the name stands for
    /// the party's name.
    #[arg(long, value_name = "FOLDER", requires = "who", conflicts_with_all = ["cert", "insecure_no_tls"])]
    identity: Option<PathBuf>,

    /// The file of this party's certificate, instead of --identity
    #[arg(long, value_name = "FILE", requires_all = ["who", "key"], conflicts_with = "insecure_no_tls")]
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
    /// The identity that the flags name for this party.
    pub(super) fn identity(&self, party: &str) -> Result<Option<Identity>, LaunchError> {
        let identity = match (&self.identity, &self.cert, &self.key) {
            (Some(folder), ..) => Identity::load(named(folder, party)).map(Some),
            (None, Some(cert), Some(key)) => Identity::load_files(named(cert, party), named(key, party)).map(Some),
            _ if self.tls => return Err(LaunchError::NoIdentity),
            _ => Ok(None),
        };
        identity.map_err(LaunchError::Identity)
    }

    /// Pins the certificates that lie beside ours in a roster that was made up for this job.
    pub(super) fn pin(&self, roster: &mut Roster) -> Result<(), LaunchError> {
        let (folder, file) = (self.identity.as_ref(), self.cert.as_ref());
        let Some(pattern) = folder.or(file) else { return Ok(()) };
        if !has_party(pattern) {
            return Err(LaunchError::OneIdentity { pattern: pattern.clone() });
        }
        for member in roster.compute.iter_mut().chain(&mut roster.clients).chain(&mut roster.dealer) {
            let certificate = Certificate::load(named(pattern, &member.name)).map_err(LaunchError::Identity)?;
            member.fingerprint = Some(certificate.fingerprint);
        }
        Ok(())
    }
}

/// Whether a file's name differs from party to party.
pub(super) fn has_party(pattern: &Path) -> bool {
    pattern.to_string_lossy().contains(PARTY)
}

/// A file's name for a party.
pub(super) fn named(pattern: &Path, party: &str) -> PathBuf {
    // A name that is no text has no place for another one.
    pattern.to_str().map_or_else(|| pattern.to_owned(), |text| text.replace(PARTY, party).into())
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

    #[test]
    fn a_pattern_names_the_folder_of_each_party() {
        let cast = super::super::Cast { compute: &["A", "B"], clients: &[] };
        let mut pinned = super::super::roster::local(cast, true).unwrap();
        let folder = make(&mut pinned).unwrap();
        let flags = |name| Tls { identity: Some(folder.path().join(name)), cert: None, key: None, tls: false };
        let tls = flags("{party}");
        assert_eq!(tls.identity("B").unwrap().unwrap().certificate().name, "B");
        assert!(tls.identity("C").is_err());
        let mut roster = pinned.clone();
        roster.compute.iter_mut().chain(&mut roster.dealer).for_each(|member| member.fingerprint = None);
        assert!(matches!(flags("A").pin(&mut roster), Err(LaunchError::OneIdentity { .. })));
        tls.pin(&mut roster).unwrap();
        assert_eq!(roster, pinned);
    }
}
