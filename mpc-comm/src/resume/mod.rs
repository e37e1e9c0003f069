//! Links that outlive their connections.
//!
//! A connection that ends without a goodbye (closed, reset, silent) suspends its link for [`Options::grace`]. Whoever
//! called calls again; both ends prove that they know the secret that the link was made with, say how many frames they
//! have, and what the other one lacks is sent again. The program above notices nothing but the time.
//!
//! What ends a link at once, with or without a grace: a frame that does not decode or has no place, what TLS refuses, an
//! abort. Those are no accidents of a network.
//!
//! - [`account`]: frames sent and not acknowledged, frames received. Acknowledgements ride on signs of life.
//! - [`proof`]: the four messages by which a link comes back.
//! - [`lines`]: at whoever is called, the links that may come back.
//! - [`back`]: how a new connection is had, by calling or by waiting.
//! - [`link`]: the task that carries a link over one connection after another.
//!
//! [`Options::grace`]: crate::Options::grace

mod account;
mod back;
mod lines;
mod link;
mod proof;

pub(crate) use back::{Grace, Way};
pub(crate) use lines::{Comeback, Found, Lines, Place, Returns};
pub(crate) use link::spawn;
pub(crate) use proof::{Key, Presented, Reply, read_presented, refuse};
