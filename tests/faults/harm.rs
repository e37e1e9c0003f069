//! What is done to a link or to a process, and when.

use std::time::Duration;

/// Members are numbered as in a roster: compute parties, then clients, and the dealer.
pub(crate) type Member = u16;
pub(crate) const DEALER: Member = u16::MAX;

/// From whom to whom.
pub(crate) type Way = (Member, Member);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Harm {
    /// `kill -9` of who sends the frame, which does not arrive.
    KillParty,
    /// The same where the dealer sends it.
    KillDealer,
    /// The link is cut in both directions.
    Drop,
    /// The frame and all behind it come later, but before anybody gives up.
    DelayShort,
    /// Nothing comes any more in this direction, and nothing closes.
    DelayLong,
    /// Half of the frame, then the end.
    Truncate,
    /// A record of TLS with a bit flipped. Not done in the clear: there nobody can notice it (SECURITY.md).
    Flip,
    /// The frame comes twice.
    Duplicate,
    /// A record of TLS comes twice.
    DuplicateTls,
    /// A record of TLS lacks its last byte, and its length says so.
    TruncateTls,
    /// This direction ends, the other one goes on.
    CloseOneWay,
    /// As without, where links may come back.
    KillGrace,
    DropGrace,
    DropGraceTls,
    SilenceGrace,
    TruncateGrace,
    CloseOneWayGrace,
    /// With a bit flipped: no accident of a network, and no grace for it.
    FlipGrace,
}

impl Harm {
    pub(crate) const ALL: [Harm; 18] = [
        Harm::KillParty,
        Harm::KillDealer,
        Harm::Drop,
        Harm::DelayShort,
        Harm::DelayLong,
        Harm::Truncate,
        Harm::TruncateTls,
        Harm::Flip,
        Harm::Duplicate,
        Harm::DuplicateTls,
        Harm::CloseOneWay,
        Harm::KillGrace,
        Harm::DropGrace,
        Harm::DropGraceTls,
        Harm::SilenceGrace,
        Harm::TruncateGrace,
        Harm::CloseOneWayGrace,
        Harm::FlipGrace,
    ];

    /// As the page says it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Harm::KillParty => "kill -9 a party",
            Harm::KillDealer => "kill -9 the dealer",
            Harm::Drop => "drop the link",
            Harm::DelayShort => "delay below the time-outs",
            Harm::DelayLong => "delay beyond the time-outs",
            Harm::Truncate => "truncate a frame",
            Harm::TruncateTls => "truncate a record (TLS)",
            Harm::Flip => "flip a bit (TLS)",
            Harm::Duplicate => "duplicate a frame",
            Harm::DuplicateTls => "duplicate a record (TLS)",
            Harm::CloseOneWay => "close one direction",
            Harm::KillGrace => "kill -9 a party, with a grace",
            Harm::DropGrace => "drop the link, with a grace",
            Harm::DropGraceTls => "drop the link (TLS), with a grace",
            Harm::SilenceGrace => "delay beyond the time-outs, with a grace",
            Harm::TruncateGrace => "truncate a frame, with a grace",
            Harm::CloseOneWayGrace => "close one direction, with a grace",
            Harm::FlipGrace => "flip a bit (TLS), with a grace",
        }
    }

    /// Whether the links are encrypted.
    pub(crate) fn tls(self) -> bool {
        use Harm::{DropGraceTls, DuplicateTls, Flip, FlipGrace, TruncateTls};
        matches!(self, Flip | DuplicateTls | TruncateTls | DropGraceTls | FlipGrace)
    }

    /// Whether links may come back.
    pub(crate) fn grace(self) -> bool {
        self >= Harm::KillGrace
    }

    /// The delay of [`Harm::DelayShort`].
    pub(crate) const DELAY: Duration = Duration::from_millis(400);
}

/// One harm, at one unit (frame or record) of one way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) harm: Harm,
    pub(crate) way: Way,
    /// The unit's number on this way. In the clear, 0 is the greeting and signs of life do not count.
    pub(crate) at: usize,
}
