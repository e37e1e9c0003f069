//! Who is who in a session.

use std::fmt;

/// A party of the session: compute parties are `0..N`, clients go on from `N`, the dealer has a number of its own.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PartyId(pub u16);

impl PartyId {
    /// The dealer: the helper that hands out correlated randomness and holds no data.
    pub const DEALER: PartyId = PartyId(u16::MAX);

    /// Whether this is the dealer.
    pub fn is_dealer(self) -> bool {
        self == PartyId::DEALER
    }

    /// The number as an index into things kept per party. Meaningless for the dealer.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for PartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_dealer() { f.write_str("dealer") } else { write!(f, "party {}", self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::PartyId;

    #[test]
    fn the_dealer_sorts_last_and_prints_its_role() {
        assert!(PartyId(64) < PartyId::DEALER);
        assert_eq!(PartyId(3).to_string(), "party 3");
        assert_eq!(PartyId::DEALER.to_string(), "dealer");
    }
}
