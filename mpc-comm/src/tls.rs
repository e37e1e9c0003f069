//! Mutual TLS 1.3 with pinned certificates.
//!
//! No authority vouches for anybody. A caller accepts exactly the certificate that the roster pins for the party it
//! calls; whoever is called accepts exactly the pinned ones, learns from it who calls, and holds the greeting to it.
//! Sessions are not resumed and nothing is sent early, so every connection has fresh keys and proves both identities.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::ServerName;
use rustls::server::NoServerSessionStorage;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};
use zeroize::Zeroizing;

use crate::stream::dismiss;
use crate::{Certificate, ConfigError, ConfigProblem, Date, Fingerprint, Identity, PartyId, PeerError, Roster};

mod explain;
mod verifier;

pub(crate) use explain::explain;
use verifier::{Pins, Slot, Verifier};

/// The first byte of a TLS connection: the kind of a record that holds part of a handshake.
pub(crate) const FIRST_BYTE: u8 = 22;
/// The label under which both ends draw from the connection's keys (RFC 8446, section 7.5).
const EXPORT: &[u8] = b"EXPORTER-mpc-comm-link-secret-1";
/// A name that exists nowhere. The caller must give one; it is neither sent nor looked at.
const NO_NAME: &str = "party.invalid";

/// A connection's proofs: whose certificate its other end has, and a secret that only its two ends know.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) peer: PartyId,
    pub(crate) binding: Zeroizing<[u8; 32]>,
}

/// An encrypted connection whose other end has proved who it is.
pub(crate) type Secured = (Box<TlsStream<TcpStream>>, Proof);

/// What a party needs to speak TLS.
#[derive(Debug)]
pub(crate) struct Tls {
    me: PartyId,
    pins: Arc<Pins>,
    provider: Arc<CryptoProvider>,
    key: Arc<SingleCertAndKey>,
}

impl Tls {
    /// # Errors
    /// When our certificate is not the one that the roster pins for us, or does not hold now.
    pub(crate) fn new(me: PartyId, roster: &Roster, identity: &Identity) -> Result<Tls, ConfigError> {
        let error = |problem| ConfigError { file: "options".to_owned(), key: "identity".to_owned(), problem };
        let (certificate, pins) = (identity.certificate(), Pins::of(roster));
        let ours = certificate.fingerprint;
        if let Some(pinned) = pins.pinned(me).filter(|pinned| *pinned != ours) {
            let (name, party) = (certificate.name.clone(), roster.name(me).to_owned());
            return Err(error(ConfigProblem::OtherCertificate { ours, name, pinned, party }));
        }
        holds(certificate)?;
        Ok(Tls::unchecked(me, pins, identity))
    }

    /// For links that are none of a mesh: whoever is pinned may be at the other end. The numbers are the caller's own.
    ///
    /// # Errors
    /// When our certificate does not hold now.
    pub(crate) fn beside(
        me: PartyId,
        pins: impl IntoIterator<Item = (PartyId, Fingerprint, String)>,
        identity: &Identity,
    ) -> Result<Tls, ConfigError> {
        holds(identity.certificate())?;
        Ok(Tls::unchecked(me, Pins::from_list(pins), identity))
    }

    fn unchecked(me: PartyId, pins: Pins, identity: &Identity) -> Tls {
        let provider = CryptoProvider {
            cipher_suites: vec![
                ring::cipher_suite::TLS13_AES_256_GCM_SHA384,
                ring::cipher_suite::TLS13_AES_128_GCM_SHA256,
                ring::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
            ],
            kx_groups: vec![ring::kx_group::X25519],
            ..ring::default_provider()
        };
        let key = Arc::new(SingleCertAndKey::from(identity.key()));
        Tls { me, pins: Arc::new(pins), provider: Arc::new(provider), key }
    }

    /// The caller's side: `peer` must show its certificate.
    pub(crate) async fn call(&self, stream: TcpStream, peer: PartyId) -> Result<Secured, PeerError> {
        let slot = Slot::default();
        let config = self.client(peer, &slot).map_err(|e| PeerError::Tls { reason: e.to_string() })?;
        let name = ServerName::try_from(NO_NAME).map_err(|e| PeerError::Tls { reason: e.to_string() })?;
        match TlsConnector::from(Arc::new(config)).connect(name, stream).await {
            Ok(stream) => self.secured(TlsStream::from(stream), peer),
            Err(error) => Err(slot.take().map_or_else(|| explain(&error, true), |(_, why)| why.into())),
        }
    }

    /// The called side. An error names the party whose certificate was shown; that it has the key is not proved then.
    pub(crate) async fn answer(&self, stream: TcpStream) -> Result<Secured, (Option<PartyId>, PeerError)> {
        let slot = Slot::default();
        let config = self.server(&slot).map_err(|e| (None, PeerError::Tls { reason: e.to_string() }))?;
        match TlsAcceptor::from(Arc::new(config)).accept(stream).into_fallible().await {
            Ok(stream) => {
                let stream = TlsStream::from(stream);
                let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
                let peer = shown.and_then(|der| self.pins.owner_of(der)).ok_or((None, PeerError::Unknown))?;
                self.secured(stream, peer).map_err(|why| (Some(peer), why))
            }
            Err((error, mut stream)) => {
                // The caller has more to say, and must first hear from us why it is of no use.
                dismiss(&mut stream).await;
                Err(slot.take().map_or_else(|| (None, explain(&error, true)), |(who, why)| (who, why.into())))
            }
        }
    }

    fn client(&self, peer: PartyId, slot: &Slot) -> Result<ClientConfig, rustls::Error> {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous() // What is dangerous is to accept too much; the verifier accepts one certificate.
            .with_custom_certificate_verifier(self.verifier(Some(peer), slot))
            .with_client_cert_resolver(Arc::clone(&self.key) as _);
        config.resumption = Resumption::disabled();
        config.enable_sni = false;
        Ok(config)
    }

    fn server(&self, slot: &Slot) -> Result<ServerConfig, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(self.verifier(None, slot))
            .with_cert_resolver(Arc::clone(&self.key) as _);
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }

    fn verifier(&self, expected: Option<PartyId>, slot: &Slot) -> Arc<Verifier> {
        let schemes = self.provider.signature_verification_algorithms;
        Arc::new(Verifier { pins: Arc::clone(&self.pins), expected, schemes, slot: slot.clone() })
    }

    /// Draws the secret that binds what is agreed inside of the connection to the connection and its two ends.
    fn secured(&self, stream: TlsStream<TcpStream>, peer: PartyId) -> Result<Secured, PeerError> {
        let (low, high) = (self.me.min(peer), self.me.max(peer));
        let mut context = Vec::new();
        for party in [low, high] {
            context.extend(party.0.to_le_bytes());
            context.extend(self.pins.pinned(party).map_or([0; 32], |pinned| *pinned.as_bytes()));
        }
        let mut binding = Zeroizing::new([0; 32]);
        export(&stream, &mut binding, &context).map_err(|e| PeerError::Tls { reason: e.to_string() })?;
        Ok((Box::new(stream), Proof { peer, binding }))
    }
}

/// Checks the dates of our own certificate.
fn holds(certificate: &Certificate) -> Result<(), ConfigError> {
    let (not_before, not_after, now) = (certificate.not_before, certificate.not_after, Date::now());
    if now < not_before || now > not_after {
        let problem = ConfigProblem::OutOfDate { not_before, not_after, now };
        return Err(ConfigError { file: "options".to_owned(), key: "identity".to_owned(), problem });
    }
    Ok(())
}

fn export(stream: &TlsStream<TcpStream>, out: &mut [u8; 32], context: &[u8]) -> Result<(), rustls::Error> {
    match stream {
        TlsStream::Client(stream) => stream.get_ref().1.export_keying_material(out, EXPORT, Some(context)).map(drop),
        TlsStream::Server(stream) => stream.get_ref().1.export_keying_material(out, EXPORT, Some(context)).map(drop),
    }
}

#[cfg(test)]
mod tests;
