//! Why a guest does not get what it asks for.

use serde::{Deserialize, Serialize};

/// Why a server does not do what a guest asks. Says nothing about other guests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refused", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Refused {
    /// The input has another shape than the model takes.
    #[error(
        "the input has shape {found:?}, and the model takes up to {rows} rows of shape {expected:?}: [rows, {expected:?}]"
    )]
    Shape {
        /// What was announced.
        found: Vec<u64>,
        /// One input's shape.
        expected: Vec<u64>,
        /// The most rows in one request.
        rows: u64,
    },

    /// There are not as many words as the shape says.
    #[error("the request holds {found} words, and its shape says {expected}")]
    Length {
        /// Words that came.
        found: u64,
        /// Words that belong to the shape.
        expected: u64,
    },

    /// The guest has too much at this server already.
    #[error("this guest has {limit} requests here already; wait for their answers, or let them be fetched")]
    TooMany {
        /// How many it may have.
        limit: u64,
    },

    /// Everybody together has too much at this server.
    #[error("too many requests are waiting here; come again later")]
    Busy,

    /// A request with this number is here.
    #[error("a request with this number is here already; every request needs a fresh one")]
    Duplicate,

    /// The servers were told different things under this number.
    #[error("the servers hold different requests under this number (sender, receiver or rows); ask all of them alike")]
    Mismatch,

    /// The time is over.
    #[error("not all servers held this request within {seconds} s; check that all of them were reached")]
    Expired {
        /// How long it waited.
        seconds: u64,
    },

    /// The roster names no such receiver.
    #[error("the answer is for `{receiver}`, and this server's roster names no such guest")]
    Receiver {
        /// The name that was given.
        receiver: String,
    },

    /// There is nothing to fetch under this number for this guest.
    #[error(
        "no answer with this number is here for this guest: was it fetched, has it been dropped, is the number right?"
    )]
    NotHere,

    /// Another one fetches it at this moment.
    #[error("somebody waits for this answer already")]
    Awaited,

    /// The guest said something that is no request.
    #[error("what was sent is no request; run the same release as the servers")]
    Malformed,

    /// The guest was too slow.
    #[error("the request took longer than {seconds} s to arrive")]
    Slow {
        /// How long it may take.
        seconds: u64,
    },

    /// Nobody of this name, or with this certificate, may come.
    #[error("this server's roster names no guest `{name}`")]
    Guest {
        /// The name that was given.
        name: String,
    },

    /// An element of the input is larger than the servers allow.
    #[error("an element of the input is not below {limit} in magnitude, which the servers checked without seeing it")]
    Range {
        /// What magnitudes must be below, as the servers write it.
        limit: String,
    },

    /// The servers stop.
    #[error("the servers have stopped serving")]
    Stopped,
}
