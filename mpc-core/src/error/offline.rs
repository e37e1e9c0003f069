//! Why a package of correlated randomness is not made or not used.

use mpc_comm::PartyId;
use std::{fmt, panic::Location, path::PathBuf, sync::Arc};

/// What is wrong in [`Error::Offline`](super::Error::Offline).
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfflineError {
    /// There is no package.
    #[error(
        "{}: there is no package for this party. --prepare makes one: at all parties, with the dealer online",
        file.display()
    )]
    Missing {
        /// Where it should be.
        file: PathBuf,
    },
    /// Its masks have served already.
    #[error(
        "{}: this package has been used. Its masks would meet other values, and the parties would see what the two have \
         in common: --prepare makes a new one",
        file.display()
    )]
    Spent {
        /// The package, or the list of those that were used.
        file: PathBuf,
    },
    /// A package must not replace one that is good.
    #[error("{}: a package that was not used is there: use it, delete it at all parties, or take another folder", file.display())]
    Unused {
        /// The package.
        file: PathBuf,
    },
    /// The file is no package, or was cut off.
    #[error("{}: {problem}", file.display())]
    Damaged {
        /// The package.
        file: PathBuf,
        /// What is wrong.
        problem: &'static str,
    },
    /// The key is another one, or somebody changed the file: these cannot be told apart.
    #[error("{}: it was sealed under another identity (--identity), or it was changed since", file.display())]
    Sealed {
        /// The package.
        file: PathBuf,
    },
    /// It was made for something else.
    #[error("{}: its {what} is `{found}`, and here it is `{expected}`", file.display())]
    Other {
        /// The package.
        file: PathBuf,
        /// What differs.
        what: String,
        /// In the package.
        found: String,
        /// Now.
        expected: String,
    },
    /// The program asks for something else than the one that the package was made for.
    #[error(
        "the package has nothing for `{scope}`, at {near}: {}. A package serves the program, flags and shapes that it was \
         made with, and no program whose steps depend on what it revealed. It is spent; nothing was opened with it for \
         this step",
        Place(*request, *requests)
    )]
    Differs {
        /// The request that differs, from 0.
        request: u64,
        /// How many the package answers.
        requests: u64,
        /// The step that asks.
        scope: Arc<str>,
        /// The line that recorded it.
        near: &'static Location<'static>,
    },
    /// While a package is made: another party has another program.
    #[error(
        "{peer} ({name}) prepares for another program: all parties must prepare with the same program, flags and shapes"
    )]
    OtherProgram {
        /// Who.
        peer: PartyId,
        /// Its name in the roster.
        name: String,
    },
    /// The operating system.
    #[error("{}: {reason}", file.display())]
    File {
        /// The file or folder.
        file: PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl OfflineError {
    /// What the other parties may hear: nothing of this party's files.
    pub(super) fn for_others(&self) -> String {
        match self {
            Self::Differs { .. } | Self::OtherProgram { .. } => self.to_string(),
            Self::Spent { .. } => "its package of correlated randomness has been used".to_owned(),
            _ => "its package of correlated randomness cannot be made or used; its own log says why".to_owned(),
        }
    }
}

struct Place(u64, u64);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(request, requests) = *self;
        match request == requests {
            true => write!(f, "it answers {requests} requests, and this would be one more"),
            false => write!(f, "request {} of {requests} is another one there", request + 1),
        }
    }
}
