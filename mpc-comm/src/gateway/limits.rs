//! What a desk takes on, and what it tells of a request.

use std::time::Duration;

use super::Part;

/// What a server takes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The shape of one input.
    pub shape: Vec<usize>,
    /// The most inputs in one request.
    pub rows: usize,
    /// The most requests that one guest may have here: waiting, running, or kept for a receiver. Also the most connections
    /// that it may have. Default 8.
    pub per_guest: usize,
    /// The most requests of all guests together. Default 1024.
    pub requests: usize,
    /// The most bytes of shares that wait and of answers that are kept. Default 1 GiB.
    pub bytes: usize,
    /// How long a request may take to arrive, may wait for the other servers to hold it too, and an answer may take to
    /// leave. Default 60 s.
    pub timeout: Duration,
    /// How long an answer is kept for its receiver, and how long a guest may stay without asking anything. Default 10 minutes.
    pub keep: Duration,
}

impl Limits {
    /// The usual limits for a model that takes inputs of this shape, one in a request.
    pub fn of(shape: impl Into<Vec<usize>>) -> Limits {
        Limits {
            shape: shape.into(),
            rows: 1,
            per_guest: 8,
            requests: 1024,
            bytes: 1 << 30,
            timeout: Duration::from_secs(60),
            keep: Duration::from_secs(600),
        }
    }

    /// Elements of one input.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// What a server tells the others about a request that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Who sent it.
    pub guest: String,
    /// Who gets the answer; nobody here means the sender.
    pub receiver: Option<String>,
    /// How many inputs.
    pub rows: usize,
}

/// A request that runs: this server's share of its inputs.
#[derive(Debug)]
pub struct Taken {
    /// How many inputs.
    pub rows: usize,
    /// The share.
    pub part: Part,
}
