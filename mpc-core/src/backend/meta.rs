//! The backend of cost reports: arrays are lengths, kernels do nothing.

use super::{Backend, Bits, ByBit, Exponential, Masked, Payload, Series, tree};
use crate::{
    bilinear::{Bilinear, Linear},
    rand::{Address, Seed},
    ring::Ring,
    shape::View,
};
use std::{
    marker::PhantomData,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Kernels on lengths alone. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Meta(Arc<Live>);

/// Bytes of arrays, if they were there.
#[derive(Debug, Default)]
struct Live {
    now: AtomicU64,
    most: AtomicU64,
}

/// The length of an array that is not there.
#[derive(Clone, Debug)]
pub struct MetaArray<R> {
    len: usize,
    /// Clones of an array are one array.
    _held: Arc<Held>,
    _of: PhantomData<R>,
}

#[derive(Debug)]
struct Held {
    bytes: u64,
    live: Arc<Live>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.live.now.fetch_sub(self.bytes, Relaxed);
    }
}

impl Meta {
    /// The most bytes that all arrays had at the same time.
    pub fn most_bytes(&self) -> u64 {
        self.0.most.load(Relaxed)
    }

    fn array<R>(&self, len: usize) -> MetaArray<R> {
        let bytes = len as u64 * size_of::<R>() as u64;
        let now = self.0.now.fetch_add(bytes, Relaxed) + bytes;
        self.0.most.fetch_max(now, Relaxed);
        MetaArray { len, _held: Arc::new(Held { bytes, live: Arc::clone(&self.0) }), _of: PhantomData }
    }
}

impl Backend for Meta {
    type Array<R: Ring> = MetaArray<R>;

    fn upload<R: Ring>(&self, data: Vec<R>) -> MetaArray<R> {
        self.array(data.len())
    }
    fn download<R: Ring>(&self, a: &MetaArray<R>) -> Vec<R> {
        vec![R::ZERO; a.len]
    }
    fn len<R: Ring>(&self, a: &MetaArray<R>) -> usize {
        a.len
    }
    fn fill<R: Ring>(&self, len: usize, _: R) -> MetaArray<R> {
        self.array(len)
    }
    fn random<R: Ring>(&self, _: &Seed, _: Address, range: Range<usize>) -> MetaArray<R> {
        self.array(range.len())
    }
    fn to_wire<R: Ring>(&self, a: &MetaArray<R>) -> Payload {
        Payload::Meta(R::words(a.len))
    }
    fn sum_wire<R: Ring>(&self, _: &[Payload], len: usize) -> MetaArray<R> {
        self.array(len)
    }
    fn xor_wire(&self, _: &[Payload], words: usize) -> MetaArray<u64> {
        self.array(words)
    }
    fn add<R: Ring>(&self, a: &MetaArray<R>, _: &MetaArray<R>) -> MetaArray<R> {
        self.array(a.len)
    }
    fn sub<R: Ring>(&self, a: &MetaArray<R>, _: &MetaArray<R>) -> MetaArray<R> {
        self.array(a.len)
    }
    fn add_scalar<R: Ring>(&self, a: &MetaArray<R>, _: R) -> MetaArray<R> {
        self.array(a.len)
    }
    fn linear<R: Ring>(&self, map: &Linear, a: &MetaArray<R>) -> MetaArray<R> {
        self.array(map.len(a.len))
    }
    fn concat<R: Ring>(&self, _: &[&MetaArray<R>], runs: &[usize], outer: usize) -> MetaArray<R> {
        self.array(outer * runs.iter().sum::<usize>())
    }
    fn bilinear<R: Ring>(&self, map: &Bilinear, _: &MetaArray<R>, _: &MetaArray<R>) -> MetaArray<R> {
        self.array(map.out_len())
    }
    fn masked_bilinear<R: Ring>(&self, map: &Bilinear, _: Masked<'_, Self, R>) -> MetaArray<R> {
        self.array(map.out_len())
    }
    fn round_shift<R: Ring>(&self, a: &MetaArray<R>, _: u32) -> MetaArray<R> {
        self.array(a.len)
    }
    fn map<R: Ring>(&self, a: &MetaArray<R>, _: &dyn Fn(R) -> R) -> MetaArray<R> {
        self.array(a.len)
    }
    fn top_bits<R: Ring>(&self, a: &MetaArray<R>) -> Bits<Self> {
        self.array(tree::plane(a.len))
    }
    fn and(&self, a: &Bits<Self>, _: &Bits<Self>) -> Bits<Self> {
        self.array(a.len)
    }
    fn equal_nibbles<R: Ring>(&self, c: &MetaArray<R>, _: &Bits<Self>) -> Bits<Self> {
        self.array(tree::nibbles(R::BITS) * tree::plane(c.len))
    }
    fn conjunctions(
        &self,
        groups: &[usize],
        opened: &Bits<Self>,
        _: &Bits<Self>,
        _: &Bits<Self>,
        _: bool,
    ) -> Bits<Self> {
        self.array(opened.len / groups.iter().sum::<usize>().max(1) * groups.len())
    }
    fn view_bits(&self, view: &View, _: &Bits<Self>, _: usize) -> Bits<Self> {
        self.array(tree::plane(view.len()))
    }
    fn pack<R: Ring>(&self, a: &MetaArray<R>) -> Bits<Self> {
        self.array(tree::plane(a.len))
    }
    fn xor(&self, a: &Bits<Self>, _: &Bits<Self>) -> Bits<Self> {
        self.array(a.len)
    }
    fn not(&self, a: &Bits<Self>) -> Bits<Self> {
        self.array(a.len)
    }
    fn planes(&self, _: &Bits<Self>, range: Range<usize>) -> Bits<Self> {
        self.array(range.len())
    }
    fn stack(&self, parts: &[&Bits<Self>]) -> Bits<Self> {
        self.array(parts.iter().map(|part| part.len).sum())
    }
    fn bits_to_ring<R: Ring>(&self, _: &Bits<Self>, len: usize) -> MetaArray<R> {
        self.array(len)
    }
    fn choose<R: Ring>(&self, _: &Bits<Self>, a: &MetaArray<R>, _: &MetaArray<R>) -> MetaArray<R> {
        self.array(a.len)
    }
    fn truncate_by_bit<R: Ring>(&self, step: ByBit<'_, Self, R>) -> MetaArray<R> {
        self.array(step.z.len)
    }
    fn truncate_opened<R: Ring>(
        &self,
        m: &MetaArray<R>,
        _: &MetaArray<R>,
        _: &MetaArray<R>,
        _: u32,
        _: bool,
    ) -> MetaArray<R> {
        self.array(m.len)
    }
    fn nibbles<R: Ring>(&self, c: &MetaArray<R>, _: &Bits<Self>) -> Bits<Self> {
        self.array(2 * tree::nibbles(R::BITS) * tree::plane(c.len))
    }
    fn nibbles_of_blocks<R: Ring>(&self, m: &MetaArray<R>, blocks: &[tree::Block], _: &Bits<Self>) -> Bits<Self> {
        self.array(8 * blocks.len() * tree::plane(m.len))
    }
    fn borrows<R: Ring>(&self, m: &MetaArray<R>, cuts: &[(u32, R)]) -> Bits<Self> {
        self.array(cuts.len() * tree::plane(m.len))
    }
    fn tree_level(
        &self,
        level: &tree::Level,
        leaves: &Bits<Self>,
        _: &Bits<Self>,
        _: &Bits<Self>,
        _: &Bits<Self>,
        _: bool,
    ) -> Bits<Self> {
        self.array(2 * level.nodes.len() * (leaves.len / (2 * level.pairs)))
    }
    fn series<R: Ring>(&self, _: &Series, _: u32, m: &MetaArray<R>, _: &MetaArray<R>, _: bool) -> MetaArray<R> {
        self.array(m.len)
    }
    fn exponential<R: Ring>(&self, _: &Exponential, m: &MetaArray<R>, _: &MetaArray<u128>, _: u128) -> MetaArray<R> {
        self.array(m.len)
    }
}
