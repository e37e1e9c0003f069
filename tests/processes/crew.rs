//! All processes of a session, each started by hand.

use tempfile::NamedTempFile;

use super::process::{Ended, Process};

/// Everybody, in the order of the roster, the dealer last.
pub(crate) const NAMES: [&str; 4] = ["Hospital", "Lab", "Registry", "dealer"];

/// Nobody waits longer than this for somebody who does not come, in seconds.
const CONNECT_TIMEOUT: &str = "10";

pub(crate) struct Crew(Vec<Process>);

impl Crew {
    /// Everybody with the same flags.
    pub(crate) fn start(roster: &NamedTempFile, flags: &[&str]) -> Self {
        Self::start_each(roster, |_| flags.to_vec())
    }

    /// Everybody with flags of their own.
    pub(crate) fn start_each<'a>(roster: &NamedTempFile, flags: impl Fn(&str) -> Vec<&'a str>) -> Self {
        Self(NAMES.iter().map(|name| party(name, roster, &flags(name))).collect())
    }

    /// Everybody, one of them with another roster.
    pub(crate) fn start_apart(roster: &NamedTempFile, apart: &str, other: &NamedTempFile) -> Self {
        Self(NAMES.iter().map(|name| party(name, if *name == apart { other } else { roster }, &[])).collect())
    }

    pub(crate) fn get(&mut self, name: &str) -> &mut Process {
        self.0.iter_mut().find(|process| process.name() == name).unwrap()
    }

    /// Takes one out: it runs on until it is dropped, and the crew ends without it.
    #[must_use]
    pub(crate) fn take(&mut self, name: &str) -> Process {
        let at = self.0.iter().position(|process| process.name() == name).unwrap();
        self.0.remove(at)
    }

    /// Waits for the end of everybody, who must not say a secret.
    pub(crate) fn end(self) -> Vec<Ended> {
        self.0.into_iter().map(Process::end).collect()
    }

    /// The same for programs that reveal their inputs.
    pub(crate) fn end_without_search(self) -> Vec<Ended> {
        self.0.into_iter().map(Process::end_without_search).collect()
    }
}

fn party(name: &str, roster: &NamedTempFile, flags: &[&str]) -> Process {
    let flags: Vec<&str> = ["--connect-timeout", CONNECT_TIMEOUT].iter().chain(flags).copied().collect();
    Process::party(name, roster.path(), &flags)
}
