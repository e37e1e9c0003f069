//! Accepts the certificates that the roster pins, and no others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, PeerIncompatible, SignatureScheme,
};

use crate::{Certificate, Date, Fingerprint, IdentityError, PartyId, Roster};

/// Who has which certificate.
#[derive(Debug)]
pub(super) struct Pins {
    by_party: BTreeMap<PartyId, (Fingerprint, String)>,
}

impl Pins {
    pub(super) fn of(roster: &Roster) -> Pins {
        let members = roster.parties() + roster.clients.len();
        let parties = (0..members).map(|at| PartyId(at as u16)).chain([PartyId::DEALER]);
        let pin = |party| {
            let member = roster.member(party)?;
            Some((party, (member.fingerprint?, member.name.clone())))
        };
        Pins { by_party: parties.filter_map(pin).collect() }
    }

    /// Pins that are no roster's.
    pub(super) fn from_list(pins: impl IntoIterator<Item = (PartyId, Fingerprint, String)>) -> Pins {
        Pins { by_party: pins.into_iter().map(|(party, pinned, name)| (party, (pinned, name))).collect() }
    }

    pub(super) fn pinned(&self, party: PartyId) -> Option<Fingerprint> {
        self.by_party.get(&party).map(|(fingerprint, _)| *fingerprint)
    }

    pub(super) fn owner_of(&self, der: &[u8]) -> Option<PartyId> {
        self.owner(Fingerprint::of(der)).map(|(party, _)| party)
    }

    fn owner(&self, shown: Fingerprint) -> Option<(PartyId, &str)> {
        self.by_party.iter().find(|(_, (pinned, _))| *pinned == shown).map(|(party, (_, name))| (*party, name.as_str()))
    }

    /// Whether this certificate may be shown now: by `expected`, or by anybody if nobody is expected.
    fn judge(&self, der: &[u8], expected: Option<PartyId>, now: Date) -> Result<(), Refused> {
        let shown = Fingerprint::of(der);
        let owner = self.owner(shown);
        let party = match (expected, owner) {
            (None, Some((owner, _))) => owner,
            (Some(expected), Some((owner, _))) if expected == owner => owner,
            (Some(_), Some((_, owner))) => return Err((None, IdentityError::OtherRole { owner: owner.to_owned() })),
            (expected, None) => {
                let why = match expected.and_then(|party| self.pinned(party)) {
                    Some(pinned) => IdentityError::Unpinned { shown, pinned },
                    None => IdentityError::Stranger { shown },
                };
                return Err((None, why));
            }
        };
        // Only what the roster pins is looked into.
        let refused = |why| (Some(party), why);
        let certificate = Certificate::of_der(der).ok_or(refused(IdentityError::Unreadable))?;
        let (not_before, not_after) = (certificate.not_before, certificate.not_after);
        if now > not_after {
            return Err(refused(IdentityError::Expired { not_after, now }));
        }
        if now < not_before {
            return Err(refused(IdentityError::NotYetValid { not_before, now }));
        }
        Ok(())
    }
}

/// Whose certificate was refused, if it is pinned, and why.
type Refused = (Option<PartyId>, IdentityError);

/// Where a verifier leaves its reason: what TLS itself passes on is less.
#[derive(Debug, Clone, Default)]
pub(super) struct Slot(Arc<Mutex<Option<Refused>>>);

impl Slot {
    fn put(&self, refused: Refused) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(refused);
    }

    pub(super) fn take(&self) -> Option<Refused> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Verifies one connection.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) pins: Arc<Pins>,
    /// Whom we called; nobody where we are called.
    pub(super) expected: Option<PartyId>,
    pub(super) schemes: WebPkiSupportedAlgorithms,
    pub(super) slot: Slot,
}

impl Verifier {
    fn verify(&self, der: &[u8], now: UnixTime) -> Result<(), Error> {
        let now = Date(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
        self.pins.judge(der, self.expected, now).map_err(|(who, why)| {
            // Decides which alert the other end gets.
            let error = match why {
                IdentityError::Expired { .. } => CertificateError::Expired,
                IdentityError::NotYetValid { .. } => CertificateError::NotValidYet,
                _ => CertificateError::Other(OtherError(Arc::new(why.clone()))),
            };
            self.slot.put((who, why));
            error.into()
        })
    }
}

/// There is no TLS 1.2 here.
fn old() -> Error {
    Error::PeerIncompatible(PeerIncompatible::Tls13RequiredForQuic)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verify(end_entity, now).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(old())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.schemes)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.supported_schemes()
    }
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.verify(end_entity, now).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(old())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.schemes)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.supported_schemes()
    }
}
