//! What the parties of a session agree on before it starts.

use crate::{
    error::{Error, Result},
    fixed::Fixed,
    rand::Prg,
    ring::Ring,
};
use mpc_comm::Agreement;
use std::{env, fmt, str::FromStr};

/// The variable that says where sessions compute of which the settings do not.
const VARIABLE: &str = "MPC_DEVICE";

/// Where a party computes. The results are the same, and so parties may differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Device {
    /// On the processor.
    #[default]
    Cpu,
    /// On the GPU of `Cuda(None)` if it can be used, else on the processor: the log says why.
    Auto,
    /// On a GPU: that of this number, or the one whose number is the party's, counted round, so that the parties of one
    /// machine share its GPUs evenly. An error if it cannot be used.
    Cuda(Option<usize>),
}

impl Device {
    /// The number of the GPU, if it is given.
    pub(crate) fn index(self) -> Option<usize> {
        match self {
            Self::Cuda(index) => index,
            Self::Cpu | Self::Auto => None,
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Auto => f.write_str("auto"),
            Self::Cuda(None) => f.write_str("cuda"),
            Self::Cuda(Some(index)) => write!(f, "cuda:{index}"),
        }
    }
}

impl FromStr for Device {
    type Err = Error;

    /// `cpu`, `auto`, `cuda` or `cuda:0`.
    fn from_str(text: &str) -> Result<Self> {
        let index = || text.strip_prefix("cuda:").and_then(|index| index.parse().ok());
        match text {
            "cpu" => Ok(Self::Cpu),
            "auto" => Ok(Self::Auto),
            "cuda" => Ok(Self::Cuda(None)),
            _ => index().map(|index| Self::Cuda(Some(index))).ok_or_else(|| Error::Setting {
                key: "device",
                problem: format!("`{text}` is none: expected `cpu`, `auto`, `cuda` or `cuda:` and the number of a GPU"),
            }),
        }
    }
}

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

/// The settings of a session. What the handshake compares ([`Self::agreement`]) is equal at all parties and the dealer.
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
    /// Where this party, or dealer, computes; if this does not say, what the variable `MPC_DEVICE` says (`cpu`, `auto`, `cuda` or
    /// `cuda:0`), or else on the processor. Parties may differ.
    pub device: Option<Device>,
    /// The most bytes that this party takes of a GPU's memory; a dealer as much for each party.
    pub device_memory: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            protocol: ProtocolKind::default(),
            fraction_bits: Fixed::DEFAULT_BITS,
            check_range: false,
            prg: Prg::default(),
            device: None,
            device_memory: None,
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

    /// Where this party computes.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a wrong `MPC_DEVICE`.
    pub fn device(&self) -> Result<Device> {
        match (self.device, env::var_os(VARIABLE)) {
            (Some(device), _) => Ok(device),
            (None, Some(text)) => text.to_string_lossy().parse(),
            (None, None) => Ok(Device::default()),
        }
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
        let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Agreement { fields, ..Agreement::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_as_they_are_written() {
        for device in [Device::Cpu, Device::Auto, Device::Cuda(None), Device::Cuda(Some(3))] {
            assert_eq!(device.to_string().parse::<Device>().unwrap(), device);
        }
        for wrong in ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "CPU"] {
            assert!(wrong.parse::<Device>().is_err(), "{wrong}");
        }
    }
}
