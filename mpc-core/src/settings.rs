//! What the parties of a session agree on before it starts.

use crate::{error::Result, fixed::Fixed, ring::Ring};
use mpc_comm::Agreement;

/// Which protocol runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ProtocolKind {
    /// Additive shares, with correlated randomness from a dealer: [`protocol::dealer`](crate::protocol::dealer).
    #[default]
    Dealer,
    /// Everything in the clear, no security: [`protocol::plain`](crate::protocol::plain). For debugging.
    Plain,
}

impl ProtocolKind {
    /// The name that the handshake compares.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dealer => "dealer",
            Self::Plain => "plain-insecure",
        }
    }
}

/// The settings of a session: equal at all parties and the dealer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The protocol.
    pub protocol: ProtocolKind,
    /// Bits after the point, 10 to 24.
    pub fraction_bits: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { protocol: ProtocolKind::default(), fraction_bits: Fixed::DEFAULT_BITS }
    }
}

impl Settings {
    /// The code of numbers.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a number of bits out of range.
    pub fn fixed(&self) -> Result<Fixed> {
        Fixed::new(self.fraction_bits)
    }

    /// What the handshake compares, field by field.
    pub fn agreement(&self) -> Agreement {
        let fields = [
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("protocol", self.protocol.name().to_owned()),
            ("ring", u64::NAME.to_owned()),
            ("fraction-bits", self.fraction_bits.to_string()),
        ];
        Agreement { fields: fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect() }
    }
}
