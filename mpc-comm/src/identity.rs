//! A party's identity: its certificate and the private key that belongs to it.
//!
//! Certificates are self-signed. Nobody vouches for them: the roster pins each one by its fingerprint, so the parties
//! trust exactly the certificates that they have exchanged, and no authority.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ED25519};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use crate::{ConfigError, ConfigProblem, Date, Fingerprint};

/// The certificate's file in a folder that holds an identity.
const CERTIFICATE: &str = "cert.pem";
/// The private key's.
const KEY: &str = "key.pem";
/// A certificate holds from so long before it is made, so that clocks may differ a little.
const LEEWAY: i64 = 3600;
/// In front of the private key where it is hashed.
const ROOT: &[u8] = b"mpc-comm identity file keys 1";
const DAY: i64 = 24 * 3600;
const SOUND: &str = "a certificate (X.509, PEM) as `mpc cert new` writes it";

/// What a certificate says. Public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The party's name: the subject's common name.
    pub name: String,
    /// What a roster pins.
    pub fingerprint: Fingerprint,
    /// It does not hold before this.
    pub not_before: Date,
    /// It does not hold after this.
    pub not_after: Date,
}

impl Certificate {
    /// Reads a certificate file (PEM), or `cert.pem` in a folder.
    ///
    /// # Errors
    /// When it cannot be read, or holds no certificate.
    pub fn load(path: impl AsRef<Path>) -> Result<Certificate, ConfigError> {
        let path = path.as_ref();
        let file = if path.is_dir() { path.join(CERTIFICATE) } else { path.to_owned() };
        let (_, certificate) = read_certificate(&file)?;
        Ok(certificate)
    }

    /// What a certificate in DER form says; nothing if it is none.
    pub(crate) fn of_der(der: &[u8]) -> Option<Certificate> {
        let (rest, parsed) = x509_parser::parse_x509_certificate(der).ok()?;
        let name = parsed.subject().iter_common_name().next().and_then(|name| name.as_str().ok()).unwrap_or_default();
        let validity = parsed.validity();
        rest.is_empty().then(|| Certificate {
            name: name.to_owned(),
            fingerprint: Fingerprint::of(der),
            not_before: Date(validity.not_before.timestamp()),
            not_after: Date(validity.not_after.timestamp()),
        })
    }
}

/// A certificate with its private key. `Debug` shows the certificate only; the key is never written, logged or shown.
#[derive(Clone)]
pub struct Identity {
    certificate: Certificate,
    key: Arc<CertifiedKey>,
    /// A hash of the private key, from which keys for this party's files follow.
    root: Zeroizing<[u8; 32]>,
}

impl Identity {
    /// Makes a new key (Ed25519) and a certificate of it for `name`, which holds for so many days, and writes `cert.pem`
    /// and `key.pem` into the folder, which is made if it is not there. On Unix only this user can read the key.
    ///
    /// # Errors
    /// When a file of that name is there already, or cannot be written.
    pub fn create(name: &str, days: u32, folder: impl AsRef<Path>) -> Result<Identity, ConfigError> {
        let from = Date(Date::now().0 - LEEWAY);
        Identity::create_between(name, from, Date(from.0 + LEEWAY + i64::from(days) * DAY), folder)
    }

    /// As [`create`](Identity::create), with the times between which the certificate holds.
    ///
    /// # Errors
    /// As [`create`](Identity::create), and when the times are none that a certificate can say.
    pub fn create_between(
        name: &str,
        not_before: Date,
        not_after: Date,
        folder: impl AsRef<Path>,
    ) -> Result<Identity, ConfigError> {
        let folder = folder.as_ref();
        let (certificate, key) = generate(name, not_before, not_after).map_err(|reason| {
            let problem = ConfigProblem::Bad { found: reason, expected: "a name and times that a certificate can say" };
            error(folder, problem)
        })?;
        let failed = |path: &Path, e: io::Error| error(path, ConfigProblem::Unwritable { reason: e.to_string() });
        make_folder(folder).map_err(|e| failed(folder, e))?;
        let (certificate_file, key_file) = (folder.join(CERTIFICATE), folder.join(KEY));
        if let Some(there) = [&certificate_file, &key_file].into_iter().find(|path| path.exists()) {
            let reason = "it is there already, and a key is never overwritten".to_owned();
            return Err(error(there, ConfigProblem::Unwritable { reason }));
        }
        // The key first: a certificate without its key is of no use to anybody.
        write_new(&key_file, key.as_bytes(), 0o600).map_err(|e| failed(&key_file, e))?;
        write_new(&certificate_file, certificate.as_bytes(), 0o644).map_err(|e| failed(&certificate_file, e))?;
        Identity::load(folder)
    }

    /// Reads `cert.pem` and `key.pem` from a folder.
    ///
    /// # Errors
    /// As [`load_files`](Identity::load_files).
    pub fn load(folder: impl AsRef<Path>) -> Result<Identity, ConfigError> {
        let folder = folder.as_ref();
        Identity::load_files(folder.join(CERTIFICATE), folder.join(KEY))
    }

    /// Reads a certificate and its key (PEM files).
    ///
    /// # Errors
    /// When a file cannot be read or is not what it should be, when the two do not belong together, and on Unix when
    /// others than the owner may read or write the key's file.
    pub fn load_files(certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Identity, ConfigError> {
        let (der, certificate) = read_certificate(certificate.as_ref())?;
        let file = key.as_ref();
        let bad = |expected| error(file, ConfigProblem::Bad { found: "something else".to_owned(), expected });
        let text = Zeroizing::new(read(file)?);
        check_mode(file)?;
        const PRIVATE_KEY: &str = "a private key (PKCS#8, PEM) as `mpc cert new` writes it";
        let mut key = PrivateKeyDer::from_pem_slice(&text).map_err(|_| bad(PRIVATE_KEY))?;
        let signing = any_supported_type(&key);
        let root = Zeroizing::new(Sha256::new().chain_update(ROOT).chain_update(key.secret_der()).finalize().into());
        key.zeroize();
        let key = CertifiedKey::new(vec![der], signing.map_err(|_| bad(PRIVATE_KEY))?);
        key.keys_match().map_err(|_| bad("the private key of the certificate beside it"))?;
        Ok(Identity { certificate, key: Arc::new(key), root })
    }

    /// What the certificate says.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// A key for files that this party alone reads, for a purpose and a salt. It follows from the private key, so another
    /// identity, also a renewed one, has others.
    pub fn file_key(&self, purpose: &str, salt: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        let hash = Sha256::new().chain_update(*self.root).chain_update(salt).chain_update(purpose);
        Zeroizing::new(hash.finalize().into())
    }

    /// What TLS signs with.
    pub(crate) fn key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// Two identities are equal if their certificates are.
impl PartialEq for Identity {
    fn eq(&self, other: &Identity) -> bool {
        self.certificate == other.certificate
    }
}

impl Eq for Identity {}

/// A fresh certificate and its key, as PEM.
fn generate(name: &str, not_before: Date, not_after: Date) -> Result<(String, Zeroizing<String>), String> {
    let at = |date: Date| time::OffsetDateTime::from_unix_timestamp(date.0).map_err(|e| e.to_string());
    let key = KeyPair::generate_for(&PKCS_ED25519).map_err(|e| e.to_string())?;
    let mut params = CertificateParams::new(Vec::new()).map_err(|e| e.to_string())?;
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (at(not_before)?, at(not_after)?);
    let certificate = params.self_signed(&key).map_err(|e| e.to_string())?;
    Ok((certificate.pem(), Zeroizing::new(key.serialize_pem())))
}

fn read_certificate(file: &Path) -> Result<(CertificateDer<'static>, Certificate), ConfigError> {
    let bad = || error(file, ConfigProblem::Bad { found: "something else".to_owned(), expected: SOUND });
    let der = CertificateDer::from_pem_slice(&read(file)?).map_err(|_| bad())?;
    let certificate = Certificate::of_der(&der).ok_or_else(bad)?;
    Ok((der, certificate))
}

fn read(file: &Path) -> Result<Vec<u8>, ConfigError> {
    fs::read(file).map_err(|e| error(file, ConfigProblem::Unreadable { reason: e.to_string() }))
}

fn error(file: &Path, problem: ConfigProblem) -> ConfigError {
    ConfigError { file: file.display().to_string(), key: ConfigError::WHOLE.to_owned(), problem }
}

/// Refuses a key that others may read or write.
///
/// One exception: root's, of mode 0440. So an orchestrator mounts a secret for a process that is not root: the group is that
/// of the one container.
#[cfg(unix)]
fn check_mode(file: &Path) -> Result<(), ConfigError> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let metadata = fs::metadata(file).map_err(|e| error(file, ConfigProblem::Unreadable { reason: e.to_string() }))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 || (mode == 0o440 && metadata.uid() == 0) {
        return Ok(());
    }
    let found = format!("readable or writable by others (mode {mode:04o})");
    let expected = "a key that only its owner can read: `chmod 600`, and if others could read it, `mpc cert renew`";
    Err(error(file, ConfigProblem::Bad { found, expected }))
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> Result<(), ConfigError> {
    Ok(())
}

/// Makes the folder, for this user only, unless it is there.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file that is not there yet, with these rights from its first moment on.
fn write_new(file: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(file)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
