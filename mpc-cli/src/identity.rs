//! Flags that name a party's certificate and key.

use std::path::PathBuf;

use clap::Args;
use mpc_comm::Identity;

use crate::error::CliError;

/// Which identity we have.
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// The folder of our certificate and key, `cert.pem` and `key.pem`
    ///
    /// `mpc cert new` makes one. All links are then encrypted (mutual TLS 1.3), and each party must show the certificate
    /// whose fingerprint the roster gives.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["cert", "insecure_no_tls"])]
    identity: Option<PathBuf>,

    /// The file of our certificate, instead of --identity
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with = "insecure_no_tls")]
    cert: Option<PathBuf>,

    /// The file of our private key, instead of --identity
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// Talk to other machines without encryption
    ///
    /// INSECURE: whoever sees the traffic of all parties learns all data, and whoever can reach a port can take a party's
    /// place. Only for a network that nobody else can see.
    #[arg(long)]
    pub(crate) insecure_no_tls: bool,
}

impl Flags {
    /// Reads it.
    pub(crate) fn load(&self) -> Result<Option<Identity>, CliError> {
        if self.insecure_no_tls {
            tracing::warn!("--insecure-no-tls: whoever sees the traffic of all parties learns all data");
        }
        let identity = match (&self.identity, &self.cert, &self.key) {
            (Some(folder), ..) => Identity::load(folder).map(Some),
            (None, Some(cert), Some(key)) => Identity::load_files(cert, key).map(Some),
            _ => Ok(None),
        };
        identity.map_err(CliError::Identity)
    }
}
