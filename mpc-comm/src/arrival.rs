//! A peer that has come, before it is one of the mesh's links.

use tokio::sync::OwnedSemaphorePermit;
use zeroize::Zeroizing;

use crate::PartyId;
use crate::resume::Grace;
use crate::stream::Duplex;

/// A connection that has passed the handshake.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) peer: PartyId,
    pub(crate) session: String,
    pub(crate) stream: Box<dyn Duplex>,
    pub(crate) secret: Zeroizing<[u8; 32]>,
    /// How its link may come back, if it may.
    pub(crate) grace: Option<Grace>,
    /// Its place among those that wait to be let in, if it called us.
    pub(crate) _place: Option<OwnedSemaphorePermit>,
}
