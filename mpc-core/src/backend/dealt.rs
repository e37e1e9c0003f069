//! What a dealer computes, beyond what parties do: on the processor or on a GPU, with the same bits.

use super::{Add, Backend, Bits, Cpu, CpuArray, conjunction, exponential::Window, tree};
use crate::{
    rand::{Address, Seed},
    ring::Ring,
};
use std::{ops::Range, sync::Arc};

/// The kernels of a dealer.
pub trait Deals: Backend {
    /// Elements `range` of the random values at an address under some seeds, added up.
    fn total<R: Ring>(&self, seeds: &Arc<[Seed]>, at: Address, range: Range<usize>, how: Add) -> Self::Array<R>;
    /// Makes sure that an array is in memory, if it follows from a rule: it will be read several times. A backend that writes it when
    /// it is first read has nothing to do.
    fn keep<R: Ring>(&self, _: &Self::Array<R>) {}
    /// Every element shifted down by `bits`, as an unsigned number.
    fn shifted<R: Ring>(&self, a: &Self::Array<R>, bits: u32) -> Self::Array<R>;
    /// The tables of the nibbles of each mask, less `others` by exclusive or: those of [`tree`] with `less`, or else one-hot
    /// tables of all nibbles.
    fn tables<R: Ring>(&self, masks: &Self::Array<R>, others: &Bits<Self>, less: bool) -> Bits<Self>;
    /// A plane for each set of planes of `width` words: their conjunction.
    fn all_of(&self, sets: &[Set], masks: &Bits<Self>, width: usize) -> Bits<Self>;
    /// The waves of masks (see [`Series`](super::Series)), `2 * harmonics` for each, less `others`. `code` is log2 of the period
    /// in units of the value, and the fractional bits of values.
    fn waves<R: Ring>(
        &self,
        code: (u32, u32),
        harmonics: usize,
        masks: &Self::Array<R>,
        others: &Self::Array<R>,
    ) -> Self::Array<R>;
    /// The decays of masks (see [`exponential`](super::exponential)), two for each, less `others`.
    fn decays<R: Ring>(&self, window: Window, masks: &Self::Array<R>, others: &Self::Array<u128>) -> Self::Array<u128>;
}

/// Planes: bit i of `set` is plane `first + i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set {
    /// The first plane that may be in it.
    pub first: usize,
    /// Which are.
    pub set: usize,
}

impl Set {
    /// The sets of factors of each group whose products are dealt: see [`conjunction`].
    pub fn of_groups(groups: &[u8]) -> Vec<Self> {
        let (mut sets, mut first) = (Vec::new(), 0);
        for &factors in groups {
            sets.extend(conjunction::monomial_sets(usize::from(factors)).map(|set| Self { first, set }));
            first += usize::from(factors);
        }
        sets
    }

    /// The monomials of all nodes of all levels of a comparison, as sets of the opened bits.
    pub fn of_tree(ring_bits: u32) -> Vec<Self> {
        Self::of_levels(&tree::levels(tree::nibbles(ring_bits)))
    }

    /// The same for any levels.
    pub fn of_levels(levels: &[tree::Level]) -> Vec<Self> {
        let (mut sets, mut offset) = (Vec::with_capacity(tree::bits_of(levels).1), 0);
        for level in levels {
            for node in &level.nodes {
                let first = offset + node.opened;
                sets.extend(node.monomial_sets().into_iter().map(|set| Self { first, set: usize::from(set) }));
            }
            offset += level.opened;
        }
        sets
    }
}

impl Deals for Cpu {
    fn total<R: Ring>(&self, seeds: &Arc<[Seed]>, at: Address, range: Range<usize>, how: Add) -> CpuArray<R> {
        CpuArray::total(self.level(), seeds.clone(), at, range, how)
    }
    fn keep<R: Ring>(&self, a: &CpuArray<R>) {
        let _: &[R] = a;
    }
    fn shifted<R: Ring>(&self, a: &CpuArray<R>, bits: u32) -> CpuArray<R> {
        Self::shifted(self, a, bits)
    }
    fn tables<R: Ring>(&self, masks: &CpuArray<R>, others: &CpuArray<u64>, less: bool) -> CpuArray<u64> {
        if less { Self::tables(self, masks, others) } else { self.equality_tables(masks, others) }
    }
    fn all_of(&self, sets: &[Set], masks: &CpuArray<u64>, width: usize) -> CpuArray<u64> {
        self.products(sets, masks, width).into()
    }
    fn waves<R: Ring>(
        &self,
        code: (u32, u32),
        harmonics: usize,
        masks: &CpuArray<R>,
        others: &CpuArray<R>,
    ) -> CpuArray<R> {
        Self::waves(self, code, harmonics, masks, others)
    }
    fn decays<R: Ring>(&self, window: Window, masks: &CpuArray<R>, others: &CpuArray<u128>) -> CpuArray<u128> {
        Self::decays(self, window, masks, others)
    }
}
