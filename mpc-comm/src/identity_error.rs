//! Why a party is not who it should be.

use crate::{Date, Fingerprint};

/// Why somebody at the other end of a connection is not the party it should be, or why we are not to it. The text
/// goes on after the party's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Its certificate is not the one that the roster pins for it, and nobody else's.
    #[error(
        "shows the certificate {shown}, and the roster pins {pinned}; compare both with what its operator reads from \
         `mpc cert show`, and correct the roster at all parties"
    )]
    Unpinned {
        /// The fingerprint of what it shows.
        shown: Fingerprint,
        /// The fingerprint that the roster pins for it.
        pinned: Fingerprint,
    },

    /// A caller's certificate is nobody's.
    #[error("shows the certificate {shown}, which the roster pins for nobody")]
    Stranger {
        /// The fingerprint of what it shows.
        shown: Fingerprint,
    },

    /// Its certificate is that of another party.
    #[error(
        "shows the certificate of {owner}; check that {owner} was started with its own name and that the addresses in the \
         roster are right"
    )]
    OtherRole {
        /// Whose certificate it is.
        owner: String,
    },

    /// It proved to be itself, and says that it is another.
    #[error("shows its own certificate and says that it is {claimed}; start it with its own name")]
    Claims {
        /// Who it says it is.
        claimed: String,
    },

    /// Its certificate does not hold any more.
    #[error(
        "shows a certificate that expired on {not_after}, and now it is {now}; let it run `mpc cert renew` and give all \
         parties the new fingerprint, or check our clock"
    )]
    Expired {
        /// The certificate's end.
        not_after: Date,
        /// What our clock says.
        now: Date,
    },

    /// Its certificate does not hold yet.
    #[error(
        "shows a certificate that holds from {not_before} on, and now it is {now}; check the clocks of both machines"
    )]
    NotYetValid {
        /// The certificate's begin.
        not_before: Date,
        /// What our clock says.
        now: Date,
    },

    /// Its certificate is pinned and damaged.
    #[error(
        "shows a certificate that cannot be read, although the roster pins it; let it make one with `mpc cert new`"
    )]
    Unreadable,

    /// It does not accept our certificate.
    #[error(
        "does not accept our certificate: its roster pins another one, or another role, for us; compare `mpc roster \
         check` at both"
    )]
    RefusesOurs,

    /// It says that our certificate does not hold today.
    #[error("says that our certificate does not hold today; compare the clocks of both machines with `mpc cert show`")]
    RefusesOurDates,

    /// It does not speak TLS, and we do.
    #[error(
        "does not speak TLS, and we do; start both with `--identity`, and check that no other program listens at that \
         address"
    )]
    NoTls,

    /// It speaks TLS, and we do not.
    #[error("speaks TLS, and we do not; start both with `--identity` and a roster that pins certificates")]
    OnlyTls,
}
