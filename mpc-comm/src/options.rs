//! How a session is carried: times, sizes, its label.

use std::net::SocketAddr;
use std::time::Duration;

use crate::{Identity, LinkSpeed, Monitor, Stop};

/// Which members of the roster take part in a session. All its parties take the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Attendance {
    /// Everybody.
    #[default]
    All,
    /// Everybody but the clients: nobody waits for them.
    WithoutClients,
    /// Everybody but the dealer: nobody calls it.
    WithoutDealer,
}

/// How a session is carried. The defaults suit most; change single fields with `..Options::default()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How long to wait until all parties are connected. Default 60 s.
    pub connect_timeout: Duration,
    /// How long one `recv` waits before the awaited party counts as timed out. Default 600 s.
    pub round_timeout: Duration,
    /// An idle link carries a sign of life this often. Default 2 s.
    pub heartbeat: Duration,
    /// A link on which nothing arrives for this long, not even a sign of life, is dead. Default 15 s.
    pub silence: Duration,
    /// How long a link that was interrupted (closed, reset, silent) may take to come back before that ends the session.
    /// While it lasts nobody is told that a peer has died. A link has the smaller one of its two ends; its listener stays
    /// open for the whole session. Memory: up to 64 MiB a link, and one frame, for what the other end has not acknowledged.
    /// Default 0: an interruption ends the session.
    pub grace: Duration,
    /// At most so many bytes of one peer's frames wait unread; beyond it we stop reading its link. Default 256 MiB.
    pub inbox_bytes: u64,
    /// The largest frame body, in bytes, that is sent or accepted. Default 4 GiB. Keep it equal at all parties.
    pub frame_limit: u64,
    /// A label that all parties of one session share; a dealer sorts its callers by it. Default `default`.
    pub session: String,
    /// Which members of the roster take part. Default all.
    pub attendance: Attendance,
    /// Our certificate and key. With it every link is mutual TLS 1.3, and each party must show the certificate that the
    /// roster pins for it. Default none, which suits loopback addresses only.
    pub identity: Option<Identity>,
    /// Without an identity, let the session cross a network without encryption. Default false.
    pub allow_plaintext: bool,
    /// Listen here instead of at our address in the roster (behind address translation). Default none.
    pub bind: Option<SocketAddr>,
    /// Make this party's sending as slow as a network, to measure on one machine what a program costs elsewhere; set it
    /// at all parties. TCP only. Default none.
    pub slow: Option<LinkSpeed>,
    /// The order by which other threads of this process end the session. Default none.
    pub stop: Option<Stop>,
    /// Where other threads of this process see what the session is doing. Default none.
    pub monitor: Option<Monitor>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            connect_timeout: Duration::from_secs(60),
            round_timeout: Duration::from_secs(600),
            heartbeat: Duration::from_secs(2),
            silence: Duration::from_secs(15),
            grace: Duration::ZERO,
            inbox_bytes: 256 << 20,
            frame_limit: 4 << 30,
            session: "default".to_owned(),
            attendance: Attendance::All,
            identity: None,
            allow_plaintext: false,
            bind: None,
            slow: None,
            stop: None,
            monitor: None,
        }
    }
}
