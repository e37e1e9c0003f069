//! Parties, frames, transports and the mesh between parties: bytes, not shares.
//!
//! A party's program runs on its own ordinary thread and talks to the others through the blocking methods of
//! [`Mesh`]: [`Mesh::send`] queues a [`Frame`], [`Mesh::recv`] waits for the next one of a given party. How the
//! frames travel is decided when the mesh is made: [`connect`] (TCP, one process per party), [`DealerListener`]
//! (the dealer's side of it) or [`in_memory`] (all parties in one process: tests and the simulator).
//!
//! This crate knows nothing of secret sharing. A frame's body is a list of `u64` words that somebody above
//! understands. It never prints, logs or puts into an error what a body holds.
//!
//! ```
//! use mpc_comm::{Frame, InMemory, Kind, PartyId};
//!
//! let (mut parties, _) = InMemory { compute: 2, ..InMemory::default() }.build();
//! let mut lab = parties.pop().unwrap();
//! let hospital = parties.pop().unwrap();
//! hospital.send(PartyId(1), Frame::new(Kind::Round, 0, 7, vec![vec![1, 2, 3].into()]))?;
//! let frame = lab.recv(PartyId(0))?;
//! assert_eq!((frame.digest, frame.into_body().take(3).unwrap().to_vec()), (7, vec![1, 2, 3]));
//! # Ok::<(), mpc_comm::Error>(())
//! ```

// The wire is little-endian and bodies go out as the memory of `u64` slices, without a pass over them. A big-endian
// host would need to swap every word on the way; refuse to build rather than send numbers that mean something else.
#[cfg(target_endian = "big")]
compile_error!("mpc-comm sends u64 words as they lie in memory: it needs a little-endian host");

mod arrival;
mod body;
mod connect;
mod date;
mod dealer;
mod engine;
mod error;
mod fingerprint;
mod frame;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod gateway;
mod handshake;
mod head;
mod hex;
mod identity;
mod identity_error;
mod link;
mod memory;
mod mesh;
mod monitor;
mod names;
mod options;
mod party;
mod postbox;
mod resume;
mod roster;
mod shape;
mod signals;
mod stats;
mod stop;
mod stream;
mod tls;
mod transcript;
mod wire;
mod words;

pub use body::{Assembly, Body};
pub use connect::connect;
pub use date::Date;
pub use dealer::DealerListener;
pub use error::{ConfigError, ConfigProblem, Error, FrameError, PeerError, Result};
pub use fingerprint::{Fingerprint, NoFingerprint};
pub use frame::{Frame, Kind};
pub use handshake::Agreement;
pub use head::{HEAD_BYTES, Head, MAGIC, TEXT_LIMIT, VERSION, decode_head, encode_head};
pub use identity::{Certificate, Identity};
pub use identity_error::IdentityError;
pub use memory::{Fault, FaultKind, InMemory, Seeds, in_memory};
pub use mesh::Mesh;
pub use monitor::{Monitor, Status};
pub use options::{Attendance, Options};
pub use party::PartyId;
pub use postbox::Postbox;
pub use roster::{Member, Roster};
pub use shape::LinkSpeed;
pub use stats::{Count, Traffic};
pub use stop::{Stop, StoppedBy};
pub use transcript::{Entry, Shape, Transcript};
pub use words::Words;

/// The target of all spans. What they say follows from the program, from the network and from time: docs/watching.md.
pub const SPANS: &str = "mpc::span";
