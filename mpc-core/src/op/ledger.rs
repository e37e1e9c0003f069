//! The reveal ledger: what was opened in a session, to whom, and where the program says so.
//!
//! The first [`LISTED`] openings are listed as they came; after that, equal ones are counted. So the ledger of a session that
//! serves for months is as long as its program is, times the shapes and people it serves.

use crate::shape::Shape;
use std::{collections::HashMap, fmt, panic::Location, sync::Arc};

/// So many openings are listed one by one.
const LISTED: usize = 1 << 12;

/// Who saw a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Audience {
    /// All parties.
    Everybody,
    /// One party, by its name in the roster.
    Party(String),
    /// Somebody outside of the session who got a share from each party: see [`serve`](crate::serve).
    Guest(String),
}

/// An entry of the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// Where in the model.
    pub scope: Arc<str>,
    /// How much.
    pub shape: Shape,
    /// To whom.
    pub to: Audience,
    /// Where in the source.
    pub at: &'static Location<'static>,
    /// How often: more than once only in a session that opens so much that equal openings are counted.
    pub times: u64,
}

impl fmt::Display for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, shape, to, at, times } = self;
        match to {
            Audience::Everybody => write!(f, "{scope} {shape} to everybody, at {at}")?,
            Audience::Party(party) => write!(f, "{scope} {shape} to {party}, at {at}")?,
            Audience::Guest(guest) => write!(f, "{scope} {shape} to guest {guest}, at {at}")?,
        }
        if *times > 1 { write!(f, ", {times} times") } else { Ok(()) }
    }
}

/// All but how often.
type Key = (Arc<str>, Shape, Audience, &'static Location<'static>);

/// What was opened so far.
#[derive(Default)]
pub(super) struct Ledger {
    entries: Vec<Opened>,
    /// Where an opening stands, once equal ones are counted.
    places: HashMap<Key, usize>,
}

impl Ledger {
    pub(super) fn entries(&self) -> &[Opened] {
        &self.entries
    }

    pub(super) fn enter(&mut self, opened: Opened) {
        if self.entries.len() < LISTED {
            self.entries.push(opened);
            return;
        }
        let key = |opened: &Opened| (opened.scope.clone(), opened.shape.clone(), opened.to.clone(), opened.at);
        if self.places.is_empty() {
            self.places = self.entries.iter().enumerate().map(|(at, opened)| (key(opened), at)).collect();
        }
        match self.places.get(&key(&opened)) {
            Some(&at) => self.entries[at].times += 1,
            None => {
                self.places.insert(key(&opened), self.entries.len());
                self.entries.push(opened);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_ledger_counts_equal_openings() {
        let (mut ledger, at) = (Ledger::default(), Location::caller());
        let entry = |rows: usize| {
            let to = Audience::Guest("doctor".to_owned());
            Opened { scope: "serve".into(), shape: [rows].into(), to, at, times: 1 }
        };
        (0..LISTED).for_each(|_| ledger.enter(entry(1)));
        assert_eq!((ledger.entries().len(), ledger.entries()[0].times), (LISTED, 1));
        (0..10_000).for_each(|i| ledger.enter(entry(1 + i % 3)));
        assert_eq!(ledger.entries().len(), LISTED + 2);
        assert_eq!(ledger.entries().iter().map(|opened| opened.times).sum::<u64>(), LISTED as u64 + 10_000);
        let text = ledger.entries()[LISTED].to_string();
        assert!(text.contains("serve [2] to guest doctor") && text.ends_with(", 3333 times"), "{text}");
    }
}
