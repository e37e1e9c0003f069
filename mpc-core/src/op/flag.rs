//! Flags that are set for a while.

use std::cell::Cell;

/// A flag that is set for a while.
pub(super) struct Restore<'a> {
    flag: &'a Cell<bool>,
    before: bool,
}

impl<'a> Restore<'a> {
    /// Sets it until this is dropped.
    pub(super) fn after(flag: &'a Cell<bool>, to: bool) -> Self {
        Self { flag, before: flag.replace(to) }
    }
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        self.flag.set(self.before);
    }
}
