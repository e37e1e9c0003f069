//! What a dealer computes on a GPU. Masks of other rings than that of 64 bits go to the processor.

use super::{
    Cuda, CudaArray,
    kernels::{self as k, how},
    of, same,
};
use crate::{
    backend::{Add, Bits, Deals, Set, exponential::Window, tree},
    rand::{Address, Seed},
    ring::Ring,
};
use std::{ops::Range, sync::Arc};

impl Deals for Cuda {
    fn total<R: Ring>(&self, seeds: &Arc<[Seed]>, at: Address, range: Range<usize>, add: Add) -> CudaArray<R> {
        let how = match (add, R::BITS) {
            (_, ..64) => return self.back(self.0.cpu.total(seeds, at, range, add)),
            (Add::Xor, _) => how::XOR,
            (Add::Sum, 64) => how::ADD,
            (Add::Sum, _) => how::ADD_WIDE,
        };
        self.added_up(seeds, at, range, how)
    }

    fn shifted<R: Ring>(&self, a: &CudaArray<R>, bits: u32) -> CudaArray<R> {
        match same(a) {
            Some(a) => of(self.each(a, how::SHIFTED, u64::from(bits))),
            None => self.back(self.0.cpu.shifted(&self.host(a), bits)),
        }
    }

    fn tables<R: Ring>(&self, masks: &CudaArray<R>, others: &Bits<Self>, less: bool) -> Bits<Self> {
        let Some(words) = same::<R, u64>(masks) else {
            return self.back(Deals::tables(&self.0.cpu, &self.host(masks), &self.host(others), less));
        };
        assert_eq!(others.len(), masks.len() * tree::table_words(64), "one table an element");
        let out = self.room(others.len());
        let (threads, masks, others, less) = (out.len() as u64, words.at(), others.at(), u64::from(less));
        self.gpu().each(threads, &k::Tables { threads, masks, others, out: out.at(), less });
        out
    }

    fn all_of(&self, sets: &[Set], masks: &Bits<Self>, width: usize) -> Bits<Self> {
        let out = self.room(sets.len() * width);
        if out.len() > 0 {
            let inside = |set: &Set| {
                let planes = usize::BITS - set.set.leading_zeros();
                (set.first + planes as usize) * width <= masks.len()
            };
            assert!(sets.iter().all(inside), "planes that are there");
            let sets = self.constant(sets.iter().flat_map(|set| [set.first as u32, set.set as u32]).collect());
            let (threads, masks, sets, width) = (out.len() as u64, masks.at(), sets.at(), width as u64);
            self.gpu().each(threads, &k::AllOf { threads, masks, out: out.at(), sets, width });
        }
        out
    }

    fn waves<R: Ring>(
        &self,
        code: (u32, u32),
        harmonics: usize,
        masks: &CudaArray<R>,
        others: &CudaArray<R>,
    ) -> CudaArray<R> {
        let bits = code.0 + code.1;
        let (Some(words), Some(less), ..=64) = (same::<R, u64>(masks), same::<R, u64>(others), bits) else {
            return self.back(Deals::waves(&self.0.cpu, code, harmonics, &self.host(masks), &self.host(others)));
        };
        assert_eq!(others.len(), 2 * harmonics * masks.len(), "all waves of each element");
        let out = self.room::<u64>(others.len());
        let (threads, count) = (if harmonics > 0 { masks.len() as u64 } else { 0 }, harmonics as u64);
        let (masks, others, to, bits) = (words.at(), less.at(), out.at(), u64::from(bits));
        self.gpu().each(threads, &k::Waves { threads, masks, others, out: to, count, bits });
        of(out)
    }

    fn decays<R: Ring>(&self, window: Window, masks: &CudaArray<R>, others: &CudaArray<u128>) -> CudaArray<u128> {
        let Some(words) = same::<R, u64>(masks) else {
            return self.back(Deals::decays(&self.0.cpu, window, &self.host(masks), &self.host(others)));
        };
        assert_eq!(others.len(), 2 * masks.len(), "two for each mask");
        let out = self.room(others.len());
        let (threads, masks, others, to) = (words.len() as u64, words.at(), others.at(), out.at());
        let (unit, log2) = (-window.units(1), u64::from(window.log2));
        self.gpu().each(threads, &k::Decays { threads, masks, others, out: to, unit, log2 });
        out
    }
}
