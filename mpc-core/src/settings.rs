//! What the parties of a session agree on before it starts.

use crate::{
    error::{Error, Result},
    fixed::Fixed,
    rand::Prg,
    ring::Ring,
};
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
    /// For debugging, under [`ProtocolKind::Plain`] only: computes in a ring of 128 bits, where nothing wraps around, and
    /// stops with [`Error::Range`](crate::Error::Range) at the first step whose result the session's ring could not hold.
    pub check_range: bool,
    /// How random values follow from the seeds.
    pub prg: Prg,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            protocol: ProtocolKind::default(),
            fraction_bits: Fixed::DEFAULT_BITS,
            check_range: false,
            prg: Prg::default(),
        }
    }
}

impl Settings {
    /// The code of numbers.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a number of bits out of range, or a check that the protocol cannot make.
    pub fn fixed(&self) -> Result<Fixed> {
        if self.check_range && self.protocol != ProtocolKind::Plain {
            let problem = "only the protocol `plain-insecure` can tell the range of values that nobody sees".to_owned();
            return Err(Error::Setting { key: "check_range", problem });
        }
        Fixed::new(self.fraction_bits)
    }

    /// What the handshake compares, field by field.
    pub fn agreement(&self) -> Agreement {
        let fields = [
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("protocol", self.protocol.name().to_owned()),
            ("ring", if self.check_range { u128::NAME } else { u64::NAME }.to_owned()),
            ("fraction-bits", self.fraction_bits.to_string()),
            ("prg", self.prg.name().to_owned()),
        ];
        Agreement { fields: fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect() }
    }
}
