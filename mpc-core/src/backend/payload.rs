//! What crosses from a backend to the wire.

use crate::error::Result;
use mpc_comm::Words;
use std::{any::Any, fmt, rc::Rc};

/// Words on their way to or from other parties, or only how many there would be.
#[derive(Clone)]
pub enum Payload {
    /// Data.
    Words(Words),
    /// So many words of no data: cost reports.
    Meta(usize),
    /// Data that is on its way from a device, which goes on computing meanwhile.
    Later(Rc<dyn Travelling>),
}

/// Words on their way from a device to the host.
pub trait Travelling {
    /// How many.
    fn words(&self) -> usize;
    /// Waits until they are here.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device): they will not come.
    fn arrived(&self) -> Result<Words>;
    /// For the backend that they come from: a party's own part need not travel back.
    fn source(&self) -> &dyn Any;
}

impl Payload {
    /// Length in 64-bit words.
    pub fn words(&self) -> usize {
        match self {
            Self::Words(words) => words.len(),
            Self::Meta(words) => *words,
            Self::Later(later) => later.words(),
        }
    }

    /// Length in bytes.
    pub fn bytes(&self) -> u64 {
        8 * self.words() as u64
    }

    /// The data, once it is here; nothing where there is none.
    ///
    /// # Errors
    /// As [`Travelling::arrived`].
    pub fn arrived(&self) -> Result<Option<Words>> {
        match self {
            Self::Words(words) => Ok(Some(words.clone())),
            Self::Meta(_) => Ok(None),
            Self::Later(later) => later.arrived().map(Some),
        }
    }
}

impl fmt::Debug for Payload {
    /// The length only: it may be a share.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} words)", self.words())
    }
}
