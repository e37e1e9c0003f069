//! Where a party's corrections come from: a dealer that is online, or a package that it filled earlier.

use super::{Net, Wire, frames::parse_dealt, net::Last};
use crate::{
    error::{OfflineError, Result},
    preprocessing::{Need, Package, Plan, encode_needs},
    rand::Address,
};
use mpc_comm::{Frame, Kind, PartyId, Words};
use std::mem;

/// Where a party's correlated randomness comes from.
#[derive(Default)]
pub(crate) enum Preprocessing {
    /// A dealer that is online: party 0 asks, and the dealer sends each correction where it is needed.
    #[default]
    Dealer,
    /// A package that a dealer filled earlier. Every party checks that it answers what the program asks.
    Package(Box<Package>),
    /// Nowhere: a rehearsal notes what would be asked.
    Plan(Plan),
}

impl Net {
    /// Asks for what a batch needs, before any of it is used. `step` says which step an op is.
    pub(crate) fn request(&mut self, needs: &[Need], step: impl Fn(u64) -> Last) -> Result<()> {
        match (&mut self.preprocessing, &self.wire) {
            (Preprocessing::Dealer, Wire::Mesh(mesh)) if self.me == 0 => {
                let body = vec![encode_needs(needs)?];
                Ok(mesh.send(PartyId::DEALER, Frame { kind: Kind::Request, round: 0, digest: 0, body })?)
            }
            (Preprocessing::Dealer, _) => Ok(()),
            (Preprocessing::Plan(plan), _) => plan.note(needs),
            (Preprocessing::Package(package), _) => {
                let Some((at, request)) = package.expect(needs)? else { return Ok(()) };
                let (scope, near) = step(needs[at].op);
                let (scope, requests) = (self.scopes.path(scope), package.requests());
                Err(OfflineError::Differs { request, requests, scope, near }.into())
            }
        }
    }

    /// The next corrections, in the order of the requests.
    pub(super) fn dealt(&mut self, last: Last) -> Result<Vec<(Address, Words)>> {
        match &mut self.preprocessing {
            Preprocessing::Package(package) => Ok(vec![package.correction()?]),
            _ => parse_dealt(self.recv_watching(PartyId::DEALER, last)?),
        }
    }

    /// Whether this is a rehearsal, which has no data.
    pub(crate) fn rehearses(&self) -> bool {
        matches!(self.preprocessing, Preprocessing::Plan(_))
    }

    /// Lets go of a package or of a plan, which is returned.
    pub(crate) fn end_preprocessing(&mut self) -> Option<Plan> {
        match mem::take(&mut self.preprocessing) {
            Preprocessing::Dealer => None,
            Preprocessing::Plan(plan) => Some(plan),
            Preprocessing::Package(package) => {
                tracing::debug!(unasked = package.unasked(), "the package is used up");
                None
            }
        }
    }
}
