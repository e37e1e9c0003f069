//! The names of the parties, for messages.

use crate::{Error, PartyId, PeerError, Roster};

/// Names of the parties.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) compute: Vec<String>,
    dealer: String,
}

impl Names {
    pub(crate) fn of(roster: &Roster) -> Names {
        Names {
            compute: roster.compute.iter().map(|member| member.name.clone()).collect(),
            dealer: roster.name(PartyId::DEALER).to_owned(),
        }
    }

    /// `party0`, `party1`, ..., `dealer`.
    pub(crate) fn numbered(compute: usize) -> Names {
        Names { compute: (0..compute).map(|at| format!("party{at}")).collect(), dealer: "dealer".to_owned() }
    }

    pub(crate) fn get(&self, party: PartyId) -> &str {
        if party.is_dealer() { &self.dealer } else { self.compute.get(party.index()).map_or("?", String::as_str) }
    }

    pub(crate) fn blame(&self, peer: PartyId, kind: PeerError) -> Error {
        Error::Peer { peer, name: self.get(peer).to_owned(), kind }
    }
}
