//! What `mpc dealer` counts, and the limits of a session.

use clap::Args;
use mpc_core::{Error, protocol::dealer::Served};
use prometheus_client::metrics::{counter::Counter, gauge::Gauge};

use crate::metrics::Figures;

/// How much one session gets.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Allowance {
    /// The most requests that one session may make; it then ends with an error that says so
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    session_requests: Option<u64>,

    /// The most that one session may be sent, to all its parties together
    ///
    /// Looked at after every request, so the last one may exceed it. `--explain` of a program says how much it takes.
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..))]
    session_megabytes: Option<u64>,
}

/// The dealer's figures. Clones count together.
#[derive(Clone, Default)]
pub(crate) struct Counts {
    pub(crate) active: Gauge,
    pub(crate) finished: Counter,
    pub(crate) failed: Counter,
    pub(crate) refused: Counter,
    requests: Counter,
    bytes: Counter,
}

impl Counts {
    /// Lets them be read.
    pub(crate) fn show(&self, figures: &mut Figures) {
        figures.add("sessions", "Sessions that are being served", &self.active);
        figures.add("sessions_finished", "Sessions that have ended well", &self.finished);
        figures.add("sessions_failed", "Sessions that have ended with an error, or did not come about", &self.failed);
        figures.add("sessions_refused", "Sessions that were turned away because there were too many", &self.refused);
        figures.add("requests", "Requests that were answered", &self.requests);
        figures.add("sent_bytes", "Bytes of corrections that were sent", &self.bytes);
    }

    /// Counts one session's requests as they come, and ends it at its limits.
    pub(crate) fn watch(&self, allowance: Allowance) -> impl FnMut(&Served) -> mpc_core::Result<()> {
        let (requests, bytes, mut before) = (self.requests.clone(), self.bytes.clone(), Served::default());
        move |now| {
            requests.inc_by(now.requests - before.requests);
            bytes.inc_by(now.bytes - before.bytes);
            before = *now;
            allowance.check(now)
        }
    }
}

impl Allowance {
    fn check(self, served: &Served) -> mpc_core::Result<()> {
        let over = |limit: Option<u64>, found: u64| limit.filter(|limit| found > *limit);
        if let Some(limit) = over(self.session_requests, served.requests) {
            let problem = format!("this dealer answers at most {limit} requests of a session (--session-requests)");
            return Err(Error::Preprocessing(problem));
        }
        let bytes = self.session_megabytes.map(|megabytes| megabytes.saturating_mul(1_000_000));
        if over(bytes, served.bytes).is_some() {
            let limit = self.session_megabytes.unwrap_or_default();
            let problem = format!("this dealer sends at most {limit} MB to a session (--session-megabytes)");
            return Err(Error::Preprocessing(problem));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_beyond_its_limits() {
        let allowance = Allowance { session_requests: Some(3), session_megabytes: Some(1) };
        let check = |requests, bytes| {
            allowance.check(&Served { requests, bytes, ..Served::default() }).map_err(|error| error.to_string())
        };
        assert_eq!(check(3, 1_000_000), Ok(()));
        assert!(check(4, 0).unwrap_err().contains("at most 3 requests"));
        assert!(check(0, 1_000_001).unwrap_err().contains("at most 1 MB"));
        let none = Allowance { session_requests: None, session_megabytes: None };
        assert!(none.check(&Served { requests: u64::MAX, bytes: u64::MAX, ..Served::default() }).is_ok());
    }

    #[test]
    fn what_sessions_do_is_counted_together() {
        let counts = Counts::default();
        let none = Allowance { session_requests: None, session_megabytes: None };
        let (mut first, mut second) = (counts.watch(none), counts.watch(none));
        for (requests, bytes) in [(1, 10), (2, 30)] {
            first(&Served { requests, bytes, ..Served::default() }).unwrap();
            second(&Served { requests, bytes, ..Served::default() }).unwrap();
        }
        assert_eq!((counts.requests.get(), counts.bytes.get()), (4, 60));
    }
}
