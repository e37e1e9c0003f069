//! A peer that has come, before it is one of the mesh's links.

use tokio::net::TcpStream;
use zeroize::Zeroizing;

use crate::PartyId;

/// A connection that has passed the handshake.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) peer: PartyId,
    pub(crate) session: String,
    pub(crate) stream: TcpStream,
    pub(crate) secret: Zeroizing<[u8; 32]>,
}
