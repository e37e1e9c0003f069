//! The names of the parties, for messages.

use crate::{Error, PartyId, PeerError, Roster};

/// Names of the parties.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) compute: Vec<String>,
    pub(crate) clients: Vec<String>,
    dealer: String,
}

impl Names {
    pub(crate) fn of(roster: &Roster) -> Names {
        Names {
            compute: roster.compute.iter().map(|member| member.name.clone()).collect(),
            clients: roster.clients.iter().map(|member| member.name.clone()).collect(),
            dealer: roster.name(PartyId::DEALER).to_owned(),
        }
    }

    /// `party0`, `party1`, ..., `client0`, ..., `dealer`.
    pub(crate) fn numbered(compute: usize, clients: usize) -> Names {
        let named = |what: &str, count: usize| (0..count).map(|at| format!("{what}{at}")).collect();
        Names { compute: named("party", compute), clients: named("client", clients), dealer: "dealer".to_owned() }
    }

    pub(crate) fn get(&self, party: PartyId) -> &str {
        if party.is_dealer() {
            return &self.dealer;
        }
        self.compute.iter().chain(&self.clients).nth(party.index()).map_or("?", String::as_str)
    }

    /// Whether this is the number of a client.
    pub(crate) fn is_client(&self, party: PartyId) -> bool {
        (self.compute.len()..self.compute.len() + self.clients.len()).contains(&party.index())
    }

    pub(crate) fn blame(&self, peer: PartyId, kind: PeerError) -> Error {
        Error::Peer { peer, name: self.get(peer).to_owned(), kind }
    }
}
