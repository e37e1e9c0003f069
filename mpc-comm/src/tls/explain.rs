//! What an error of TLS means for us.

use std::io;

use rustls::{AlertDescription as Alert, CertificateError, Error};

use crate::{IdentityError, PeerError};

/// What an error while reading from a peer means; `greeting` while the connection is made.
pub(crate) fn explain(error: &io::Error, greeting: bool) -> PeerError {
    tracing::debug!(%error, "a link broke");
    // The system's own errors, and an end without a goodbye of TLS, which anybody at the network can bring about.
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else { return PeerError::Closed };
    let reason = tls.to_string();
    match tls {
        Error::AlertReceived(Alert::CertificateExpired) => IdentityError::RefusesOurDates.into(),
        Error::AlertReceived(
            Alert::CertificateUnknown
            | Alert::BadCertificate
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::UnsupportedCertificate
            | Alert::CertificateRequired,
        ) => IdentityError::RefusesOurs.into(),
        Error::InvalidMessage(_) if greeting => IdentityError::NoTls.into(),
        Error::InvalidMessage(_) | Error::DecryptError | Error::PeerSentOversizedRecord => {
            PeerError::Altered { reason }
        }
        Error::InvalidCertificate(CertificateError::BadSignature) => PeerError::Altered { reason },
        _ => PeerError::Tls { reason },
    }
}
