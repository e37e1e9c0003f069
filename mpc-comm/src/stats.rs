//! Counting what a session costs.

use std::collections::BTreeMap;
use std::ops::{Add, AddAssign, Sub};
use std::sync::Arc;

/// What a piece of the program cost this party: rounds, and bytes of payload (headers not counted).
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Rounds of communication.
    pub rounds: u64,
    /// Payload bytes sent to the other compute parties.
    pub sent: u64,
    /// Payload bytes received from the other compute parties.
    pub received: u64,
    /// Payload bytes received from the dealer.
    pub dealt: u64,
}

impl Add for Count {
    type Output = Count;

    fn add(self, other: Count) -> Count {
        Count {
            rounds: self.rounds + other.rounds,
            sent: self.sent + other.sent,
            received: self.received + other.received,
            dealt: self.dealt + other.dealt,
        }
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Count) {
        *self = *self + other;
    }
}

impl Sub for Count {
    type Output = Count;

    /// What was spent between two readings of a counter: `later - earlier`. Stops at zero.
    fn sub(self, other: Count) -> Count {
        Count {
            rounds: self.rounds.saturating_sub(other.rounds),
            sent: self.sent.saturating_sub(other.sent),
            received: self.received.saturating_sub(other.received),
            dealt: self.dealt.saturating_sub(other.dealt),
        }
    }
}

/// The traffic of a session at one party. The mesh knows the wire; the layer above fills in the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// All of it, in payload bytes.
    pub total: Count,
    /// Bytes sent, headers included; the mesh's own greetings, goodbyes and signs of life are not.
    pub wire_sent: u64,
    /// Bytes received, counted likewise.
    pub wire_received: u64,
    /// Frames sent, counted likewise.
    pub frames_sent: u64,
    /// The total by scope path (`LeNet/conv2/relu`).
    pub scopes: BTreeMap<Arc<str>, Count>,
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn counts_add_and_subtract_by_field() {
        let a = Count { rounds: 1, sent: 20, received: 300, dealt: 4000 };
        let mut b = a + a;
        b += a;
        assert_eq!(b, Count { rounds: 3, sent: 60, received: 900, dealt: 12000 });
        assert_eq!(b - a - a, a);
    }
}
