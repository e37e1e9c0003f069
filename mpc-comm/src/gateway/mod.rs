//! Guests: people who come to servers that are in a session, ask for something, get their answer and leave.
//!
//! A guest is no party: it has no link of the mesh, and nothing that it does ends a session. Each server has a [`Gateway`],
//! a listener beside its mesh, which hears guests and puts what they ask on a [`Desk`]. The server's program takes
//! requests from the desk and puts answers there. A guest's end is a [`Visit`] to all servers at once. Who may come, and
//! where to, stands in the roster's file: [`Service`].
//!
//! This module knows requests by number, sender, receiver, shape and words. It does not know what the words mean.

mod desk;
#[cfg(feature = "fuzzing")]
mod fuzz;
mod limits;
mod listen;
mod message;
mod refused;
mod service;
mod visit;
mod visiting;

pub use desk::Desk;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use fuzz::{fuzz, seeds as fuzz_seeds};
pub use limits::{Held, Limits, Taken};
pub use listen::{Gateway, GuestList};
pub use message::{Ask, Offer, Part, Reply, RequestId};
pub use refused::Refused;
pub use service::{Guest, Service};
pub use visit::{Visit, VisitOptions};
