//! The reveal ledger: what was opened in a session, to whom, and where the program says so.

use crate::shape::Shape;
use std::{fmt, panic::Location, sync::Arc};

/// Who saw a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// All parties.
    Everybody,
    /// One party, by its name in the roster.
    Party(String),
}

/// An entry of the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// Where in the model.
    pub scope: Arc<str>,
    /// How much.
    pub shape: Shape,
    /// To whom.
    pub to: Audience,
    /// Where in the source.
    pub at: &'static Location<'static>,
}

impl fmt::Display for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, shape, to, at } = self;
        match to {
            Audience::Everybody => write!(f, "{scope} {shape} to everybody, at {at}"),
            Audience::Party(party) => write!(f, "{scope} {shape} to {party}, at {at}"),
        }
    }
}
