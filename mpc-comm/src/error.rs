//! What can go wrong, by whose fault.

use std::io;
use std::sync::Arc;

use crate::{Date, Fingerprint, IdentityError, Kind, PartyId, StoppedBy};

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong between parties. No message ever holds the content of a frame.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What we were told to do cannot work: a file, a key, what is expected.
    #[error(transparent)]
    Config(#[from] ConfigError),

    /// Another party closed, fell silent, or sent what it must not send.
    #[error("{peer} ({name}) {kind}")]
    Peer {
        /// Whose fault it is.
        peer: PartyId,
        /// Its name in the roster.
        name: String,
        /// What it did.
        kind: PeerError,
    },

    /// A party gave up and told everybody why.
    #[error("{by} ({name}) stopped the session: {cause}")]
    Aborted {
        /// Who gave up first.
        by: PartyId,
        /// Its name in the roster.
        name: String,
        /// Its reason, in its words.
        cause: String,
    },

    /// This party was told to stop; the others have been told.
    #[error("told to stop by {by}")]
    Stopped {
        /// Who wants it.
        by: StoppedBy,
    },

    /// We tried to send a frame that no party would accept.
    #[error(
        "this frame has a body of {bytes} bytes and the limit is {limit}; send it in parts or raise `frame_limit` at every party"
    )]
    FrameTooLarge {
        /// Bytes in the body.
        bytes: u64,
        /// Bytes allowed, from `Options::frame_limit`.
        limit: u64,
    },

    /// The program sent a frame of a kind that is the mesh's own, such as a greeting or a goodbye.
    #[error("frames of kind {kind} are sent by the mesh itself; a program sends Round, Request and Dealt")]
    Unsendable {
        /// The kind.
        kind: Kind,
    },

    /// The operating system refused.
    #[error("cannot {what}: {source}")]
    Io {
        /// What we tried, as a phrase: "listen on 127.0.0.1:7001".
        what: String,
        /// Why not.
        source: Arc<io::Error>,
    },
}

/// What another party did.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// The connection ended without a goodbye.
    #[error("closed its connection in the middle of the session; its own log says why")]
    Closed,

    /// It said goodbye, and we still wait for something of it.
    #[error("has finished, and we still wait for a frame of it; check that all parties run the same program")]
    Finished,

    /// Nothing came for too long.
    #[error("sent nothing for {seconds} s; check that it runs and that the network between us carries traffic")]
    TimedOut {
        /// How long we waited.
        seconds: f64,
    },

    /// Its link was interrupted and did not come back within the grace.
    #[error(
        "was disconnected and did not come back within {seconds} s ({reason}); check that it runs and that the network \
         between us carries traffic"
    )]
    NotBack {
        /// The grace of its link.
        seconds: f64,
        /// What came of the last attempt.
        reason: String,
    },

    /// Its link was interrupted, and its process is not the one that we had a session with.
    #[error("was started anew and knows nothing of this session; start all parties again")]
    Restarted,

    /// Its link was interrupted, and it did not wait for it any longer.
    #[error("has given up the link to us: {cause}")]
    GaveUp {
        /// What it says.
        cause: String,
    },

    /// It asks for a link to come back and does not have the secret that the link was made with.
    #[error("did not prove that it is the one that this link was made with")]
    Unproven,

    /// No connection came about.
    #[error("cannot be reached at {address}: {reason}; check that it runs and that the address in the roster is right")]
    Unreachable {
        /// Its address in the roster.
        address: String,
        /// The last failure.
        reason: String,
    },

    /// What it sent is no frame of ours.
    #[error("sent a bad frame: {0}")]
    BadFrame(#[from] FrameError),

    /// The two ends were started with different settings.
    #[error("disagrees on `{field}`: ours is `{ours}`, theirs is `{theirs}`; start all parties with the same settings")]
    Handshake {
        /// Which setting.
        field: String,
        /// Its value here.
        ours: String,
        /// Its value there.
        theirs: String,
    },

    /// It is not who it should be, or we are not to it.
    #[error(transparent)]
    Identity(#[from] IdentityError),

    /// What came is not what was sent: TLS refuses it.
    #[error(
        "sent something that was altered, repeated or reordered on the way (TLS: {reason}); somebody or something \
         between us tampers with the connection"
    )]
    Altered {
        /// What TLS says.
        reason: String,
    },

    /// The other end of TLS gave up.
    #[error("ended the encrypted connection (TLS: {reason}); its own log says why")]
    Tls {
        /// What TLS says.
        reason: String,
    },

    /// A frame of a kind that has no place here.
    #[error("sent a frame of kind {kind} where it has no place")]
    Unexpected {
        /// The kind.
        kind: Kind,
    },

    /// It does not do what a guest asks of it.
    #[error("refuses: {0}")]
    Refused(crate::gateway::Refused),

    /// There is no such party in this session, or it is ourselves.
    #[error("is no party that we have a link to")]
    Unknown,
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The first four bytes are not ours: something else is speaking.
    #[error("it does not start with our magic number; is another program at that address?")]
    BadMagic,

    /// A different version of the wire format.
    #[error("wire version {theirs}, and we speak {ours}; run the same release at all parties")]
    Version {
        /// The version we speak.
        ours: u8,
        /// The version in the frame.
        theirs: u8,
    },

    /// No kind has this number.
    #[error("unknown frame kind {kind}")]
    UnknownKind {
        /// The number in the frame.
        kind: u8,
    },

    /// The announced body is larger than allowed.
    #[error("a body of {bytes} bytes, and the limit is {limit}")]
    TooLarge {
        /// Bytes announced.
        bytes: u64,
        /// Bytes allowed for this kind.
        limit: u64,
    },

    /// The words do not make sense to the layer above.
    #[error("a body that does not parse")]
    Malformed,

    /// The reserved bytes of the header are not zero.
    #[error("reserved header bytes are set")]
    Reserved,

    /// The body is not a whole number of 64-bit words.
    #[error("a body of {bytes} bytes is not a whole number of 64-bit words")]
    Misaligned {
        /// Bytes announced.
        bytes: u64,
    },

    /// A body that should be text is not.
    #[error("its text is damaged")]
    BadText,
}

/// A setting that cannot work: which file, which key, what is expected there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {problem}", Key(key))]
pub struct ConfigError {
    /// The file, or what stands for one ("options").
    pub file: String,
    /// The key in it: `compute[1].address`; [`WHOLE`](Self::WHOLE) if the file itself is at fault.
    pub key: String,
    /// What is wrong and what is expected.
    pub problem: ConfigProblem,
}

impl ConfigError {
    /// The key of a mistake that no key is at fault for.
    pub const WHOLE: &str = "(file)";
}

struct Key<'a>(&'a str);

impl std::fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 == ConfigError::WHOLE { Ok(()) } else { write!(f, ": `{}`", self.0) }
    }
}

/// What is wrong with a setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigProblem {
    /// The file cannot be read.
    #[error("cannot be read: {reason}")]
    Unreadable {
        /// The system's reason.
        reason: String,
    },
    /// The file cannot be written.
    #[error("cannot be written: {reason}")]
    Unwritable {
        /// The system's reason.
        reason: String,
    },
    /// The file is not TOML.
    #[error("is not valid TOML: {reason}")]
    Syntax {
        /// The parser's reason, with line and column.
        reason: String,
    },
    /// A key that means nothing here.
    #[error("is not a known key; expected one of: {known}")]
    UnknownKey {
        /// The keys there are.
        known: &'static str,
    },
    /// A key is absent.
    #[error("is missing; expected {expected}")]
    Missing {
        /// What belongs there.
        expected: &'static str,
    },
    /// A value does not do.
    #[error("is {found}; expected {expected}")]
    Bad {
        /// What is there.
        found: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// A value stands twice where it must be unique.
    #[error("`{value}` is also at `{first}`; expected each to be different")]
    Duplicate {
        /// The value.
        value: String,
        /// The key where it stands first.
        first: String,
    },
    /// The session would go over a network unencrypted.
    #[error(
        "`{address}` is not on this machine and the roster pins no certificates, so everything would cross the network \
         in the clear; expected a `fingerprint` for each party (`mpc cert new` makes a certificate) and `--identity`, \
         or `--insecure-no-tls` (`allow_plaintext`), which sends everything in the clear for whoever listens"
    )]
    Plaintext {
        /// The first address that is not loopback.
        address: String,
    },
    /// The roster pins certificates and we have none.
    #[error(
        "is missing, and the roster pins certificates; expected our own certificate and key (`--identity FOLDER`), or \
         `--insecure-no-tls` (`allow_plaintext`), which sends everything in the clear for whoever listens"
    )]
    NoIdentity,
    /// Our certificate is not the one that the roster pins for us.
    #[error(
        "is {ours} (made for `{name}`), and the roster pins {pinned} for {party}; expected the certificate that the \
         roster pins: give the right `--identity`, or correct the roster at all parties"
    )]
    OtherCertificate {
        /// Our certificate's fingerprint.
        ours: Fingerprint,
        /// The name in it.
        name: String,
        /// What the roster pins.
        pinned: Fingerprint,
        /// Our name in the roster.
        party: String,
    },
    /// Our certificate does not hold today.
    #[error(
        "holds from {not_before} to {not_after}, and now it is {now}; expected one that holds: check this machine's \
         clock, or `mpc cert renew` and give all parties the new fingerprint"
    )]
    OutOfDate {
        /// It does not hold before this.
        not_before: Date,
        /// It does not hold after this.
        not_after: Date,
        /// What our clock says.
        now: Date,
    },
}
