//! Private prediction for people who come and go: servers in a session that lasts, and guests who ask and leave.
//!
//! [`serve`] is the servers' end: it takes requests from a [`Desk`], which a [`Gateway`] fills
//! with what guests ask, agrees with the other servers on a batch, runs the model on it, and gives each guest its shares
//! of its own rows. [`Client`] is a guest's end: it splits its input into shares, one for each server, and adds up the
//! shares of the result.
//!
//! The weights are values of the session, shared once. Their openings under their masks are made by the first request and
//! serve all later ones. docs/serving.md says what servers and guests learn; docs/adr/0013 says why it is like this.

mod agree;
mod client;
mod outcome;
mod shares;
mod work;

pub use agree::announce;
pub use client::{Client, NotPredicted};
pub use outcome::{softmax, top};
pub use work::{Served, Serving, serve};

pub use mpc_comm::gateway::{Desk, Gateway, Limits, Offer, Refused, RequestId, Service, VisitOptions};
