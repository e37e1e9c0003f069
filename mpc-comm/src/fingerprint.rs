//! The fingerprint of a certificate: what rosters pin.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::hex;

const PREFIX: &str = "sha256:";

/// The SHA-256 of a certificate (of its DER form), written `sha256:` and 64 hexadecimal digits. `openssl x509 -in
/// cert.pem -noout -fingerprint -sha256` shows the same number.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate in its DER form.
    pub fn of(der: &[u8]) -> Fingerprint {
        Fingerprint(Sha256::digest(der).into())
    }

    /// The hash itself.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A text that is no fingerprint.
#[derive(Debug, Copy, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a fingerprint: `sha256:` and 64 hexadecimal digits, as `mpc cert show` prints it")]
pub struct NoFingerprint;

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    /// Also takes capital digits with colons between them, as other tools write them.
    fn from_str(text: &str) -> Result<Fingerprint, NoFingerprint> {
        let digits = text.strip_prefix(PREFIX).ok_or(NoFingerprint)?;
        hex::decode_32(&digits.replace(':', "")).map(Fingerprint).ok_or(NoFingerprint)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", hex::encode(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_back_also_as_other_tools_write_it() {
        let print = Fingerprint::of(b"abc");
        assert_eq!(print.to_string(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(print.to_string().parse(), Ok(print));
        let pairs: Vec<String> = print.0.iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(format!("sha256:{}", pairs.join(":")).parse(), Ok(print));
        for wrong in ["", "sha256:", "sha1:00", &print.to_string()[1..], &print.to_string()[..70]] {
            assert_eq!(wrong.parse::<Fingerprint>(), Err(NoFingerprint), "{wrong}");
        }
    }
}
