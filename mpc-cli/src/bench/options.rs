//! What can be chosen.

use clap::ValueEnum;
use mpc_comm::LinkSpeed;
use mpc_core::{Device, ProtocolKind};

/// Which protocol runs.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Protocol {
    /// Additive shares, with correlated randomness from a dealer
    Dealer,
    /// Everything in the clear, no security: what the program costs without a protocol
    PlainInsecure,
}

impl Protocol {
    pub(super) fn kind(self) -> ProtocolKind {
        match self {
            Self::Dealer => ProtocolKind::Dealer,
            Self::PlainInsecure => ProtocolKind::Plain,
        }
    }
}

/// Where the parties compute. Not `auto`: what was measured should not depend on what was found.
pub(super) fn device(text: &str) -> Result<Device, String> {
    match text.parse::<Device>().map_err(|error| error.to_string())? {
        Device::Auto => Err("a measurement is on one device: `cpu`, `cuda` or `cuda:N`".to_owned()),
        device => Ok(device),
    }
}

/// What lies between the processes. All of them run on this machine.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Net {
    /// This machine's own network, as fast as it is
    Loopback,
    /// 3 Gbit/s, 0.8 ms there and back
    Lan,
    /// 100 Mbit/s, 80 ms there and back
    Wan,
}

impl Net {
    pub(super) fn speed(self) -> Option<LinkSpeed> {
        match self {
            Self::Loopback => None,
            Self::Lan => Some(LinkSpeed::LAN),
            Self::Wan => Some(LinkSpeed::WAN),
        }
    }
}

/// The name by which a choice is written on the command line.
pub(super) fn name(choice: impl ValueEnum) -> String {
    choice.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
