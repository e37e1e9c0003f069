//! The running hash of everything recorded: parties that run different programs find out in the next round.

use std::fmt;
use xxhash_rust::xxh3::Xxh3Default;

/// A running hash, fed through `write!` or with words. It detects accidents, not adversaries.
pub(crate) struct Digest(Xxh3Default);

impl Default for Digest {
    fn default() -> Self {
        Self(Xxh3Default::new())
    }
}

impl fmt::Write for Digest {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.0.update(s.as_bytes());
        Ok(())
    }
}

impl Digest {
    /// Adds a number.
    pub(crate) fn number(&mut self, x: u64) {
        self.0.update(&x.to_le_bytes());
    }

    /// The hash so far.
    pub(crate) fn value(&self) -> u64 {
        self.0.digest()
    }
}
