//! Limbs that are kept: of operands that come again, such as the opened weights of a model that is served and this party's
//! share of their mask. They lie beside an array and go with it, and before that when memory is short.

use super::{
    array::{CudaArray, Identity},
    kernels::{Kind, Shape},
};
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

/// What was written as limbs, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// The minuend and the subtrahend, where they are there.
    pub(super) data: Option<Identity>,
    pub(super) less: Option<Identity>,
    pub(super) kind: Kind,
    pub(super) strides: [u64; 3],
    pub(super) shape: Shape,
    /// The first batch, lane and depth, how many of each, and how many lanes and depths there are.
    pub(super) range: [usize; 8],
}

#[derive(Debug)]
struct Entry {
    key: Key,
    /// When it was last asked for.
    last: u64,
    limbs: Option<CudaArray<u64>>,
}

/// What is kept on a GPU, by the number of the memory that it lies beside.
#[derive(Default)]
pub(super) struct Packs {
    entries: RefCell<HashMap<u64, Vec<Entry>>>,
    clock: Cell<u64>,
    reused: Cell<u64>,
}

impl Packs {
    /// The limbs of an operand that lies beside memory `beside`: those that are kept, or what `write` gives. That is kept from
    /// the second time on: most operands come once.
    pub(super) fn limbs(&self, beside: u64, key: Key, write: impl FnOnce() -> CudaArray<u64>) -> CudaArray<u64> {
        let now = self.clock.get() + 1;
        self.clock.set(now);
        let mut again = false;
        if let Some(entry) = self.entries.borrow_mut().entry(beside).or_default().iter_mut().find(|at| at.key == key) {
            (entry.last, again) = (now, true);
            if let Some(limbs) = &entry.limbs {
                self.reused.set(self.reused.get() + 1);
                return limbs.clone();
            }
        }
        // Memory for these may come from others that are kept: nothing is borrowed here.
        let limbs = write();
        let mut entries = self.entries.borrow_mut();
        let entries = entries.entry(beside).or_default();
        match entries.iter_mut().find(|entry| entry.key == key) {
            Some(entry) if again => entry.limbs = Some(limbs.clone()),
            Some(_) => {}
            None => entries.push(Entry { key, last: now, limbs: None }),
        }
        limbs
    }

    /// Drops the limbs that have not been used for the longest time. False if none are kept.
    pub(super) fn release(&self) -> bool {
        let mut entries = self.entries.borrow_mut();
        let kept = entries.values_mut().flatten().filter(|entry| entry.limbs.is_some());
        let limbs = kept.min_by_key(|entry| entry.last).and_then(|entry| entry.limbs.take());
        // Memory that is dropped asks what lies beside it.
        drop(entries);
        limbs.is_some()
    }

    /// Forgets what lies beside memory that is no more.
    pub(super) fn forget(&self, memory: u64) {
        let gone = self.entries.borrow_mut().remove(&memory);
        drop(gone);
    }

    /// Bytes that are kept, and how often limbs were used again.
    pub(super) fn kept(&self) -> (u64, u64) {
        let entries = self.entries.borrow();
        let limbs = entries.values().flatten().filter_map(|entry| entry.limbs.as_ref());
        (limbs.map(|limbs| limbs.bytes() as u64).sum(), self.reused.get())
    }
}
