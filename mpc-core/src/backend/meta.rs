//! The backend of cost reports: arrays are lengths, kernels do nothing.

use super::{Backend, Bits, ByBit, Exponential, Masked, Payload, Series, tree};
use crate::{
    bilinear::{Bilinear, Linear},
    rand::{Address, Seed},
    ring::Ring,
    shape::View,
};
use std::{marker::PhantomData, ops::Range};

/// Kernels on lengths alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meta;

/// The length of an array that is not there.
#[derive(Clone, Copy, Debug)]
pub struct MetaArray<R>(usize, PhantomData<R>);

fn meta<R>(len: usize) -> MetaArray<R> {
    MetaArray(len, PhantomData)
}

impl Backend for Meta {
    type Array<R: Ring> = MetaArray<R>;

    fn upload<R: Ring>(&self, data: Vec<R>) -> MetaArray<R> {
        meta(data.len())
    }
    fn download<R: Ring>(&self, a: &MetaArray<R>) -> Vec<R> {
        vec![R::ZERO; a.0]
    }
    fn len<R: Ring>(&self, a: &MetaArray<R>) -> usize {
        a.0
    }
    fn fill<R: Ring>(&self, len: usize, _: R) -> MetaArray<R> {
        meta(len)
    }
    fn random<R: Ring>(&self, _: &Seed, _: Address, range: Range<usize>) -> MetaArray<R> {
        meta(range.len())
    }
    fn to_wire<R: Ring>(&self, a: &MetaArray<R>) -> Payload {
        Payload::Meta(R::words(a.0))
    }
    fn sum_wire<R: Ring>(&self, _: &[Payload], len: usize) -> MetaArray<R> {
        meta(len)
    }
    fn xor_wire(&self, _: &[Payload], words: usize) -> MetaArray<u64> {
        meta(words)
    }
    fn add<R: Ring>(&self, a: &MetaArray<R>, _: &MetaArray<R>) -> MetaArray<R> {
        *a
    }
    fn sub<R: Ring>(&self, a: &MetaArray<R>, _: &MetaArray<R>) -> MetaArray<R> {
        *a
    }
    fn add_scalar<R: Ring>(&self, a: &MetaArray<R>, _: R) -> MetaArray<R> {
        *a
    }
    fn linear<R: Ring>(&self, map: &Linear, a: &MetaArray<R>) -> MetaArray<R> {
        meta(map.len(a.0))
    }
    fn concat<R: Ring>(&self, _: &[&MetaArray<R>], runs: &[usize], outer: usize) -> MetaArray<R> {
        meta(outer * runs.iter().sum::<usize>())
    }
    fn bilinear<R: Ring>(&self, map: &Bilinear, _: &MetaArray<R>, _: &MetaArray<R>) -> MetaArray<R> {
        meta(map.out_len())
    }
    fn masked_bilinear<R: Ring>(&self, map: &Bilinear, _: Masked<'_, Self, R>) -> MetaArray<R> {
        meta(map.out_len())
    }
    fn round_shift<R: Ring>(&self, a: &MetaArray<R>, _: u32) -> MetaArray<R> {
        *a
    }
    fn map<R: Ring>(&self, a: &MetaArray<R>, _: &dyn Fn(R) -> R) -> MetaArray<R> {
        *a
    }
    fn top_bits<R: Ring>(&self, a: &MetaArray<R>) -> Bits<Self> {
        meta(tree::plane(a.0))
    }
    fn and(&self, a: &Bits<Self>, _: &Bits<Self>) -> Bits<Self> {
        *a
    }
    fn equal_nibbles<R: Ring>(&self, c: &MetaArray<R>, _: &Bits<Self>) -> Bits<Self> {
        meta(tree::nibbles(R::BITS) * tree::plane(c.0))
    }
    fn conjunctions(
        &self,
        groups: &[usize],
        opened: &Bits<Self>,
        _: &Bits<Self>,
        _: &Bits<Self>,
        _: bool,
    ) -> Bits<Self> {
        meta(opened.0 / groups.iter().sum::<usize>().max(1) * groups.len())
    }
    fn view_bits(&self, view: &View, _: &Bits<Self>, _: usize) -> Bits<Self> {
        meta(tree::plane(view.len()))
    }
    fn pack<R: Ring>(&self, a: &MetaArray<R>) -> Bits<Self> {
        meta(tree::plane(a.0))
    }
    fn xor(&self, a: &Bits<Self>, _: &Bits<Self>) -> Bits<Self> {
        *a
    }
    fn not(&self, a: &Bits<Self>) -> Bits<Self> {
        *a
    }
    fn planes(&self, _: &Bits<Self>, range: Range<usize>) -> Bits<Self> {
        meta(range.len())
    }
    fn stack(&self, parts: &[&Bits<Self>]) -> Bits<Self> {
        meta(parts.iter().map(|part| part.0).sum())
    }
    fn bits_to_ring<R: Ring>(&self, _: &Bits<Self>, len: usize) -> MetaArray<R> {
        meta(len)
    }
    fn choose<R: Ring>(&self, _: &Bits<Self>, a: &MetaArray<R>, _: &MetaArray<R>) -> MetaArray<R> {
        *a
    }
    fn truncate_by_bit<R: Ring>(&self, step: ByBit<'_, Self, R>) -> MetaArray<R> {
        *step.z
    }
    fn truncate_opened<R: Ring>(
        &self,
        m: &MetaArray<R>,
        _: &MetaArray<R>,
        _: &MetaArray<R>,
        _: u32,
        _: bool,
    ) -> MetaArray<R> {
        *m
    }
    fn nibbles<R: Ring>(&self, c: &MetaArray<R>, _: &Bits<Self>) -> Bits<Self> {
        meta(2 * tree::nibbles(R::BITS) * tree::plane(c.0))
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
        meta(2 * level.nodes.len() * (leaves.0 / (2 * level.pairs)))
    }
    fn series<R: Ring>(&self, _: &Series, _: u32, m: &MetaArray<R>, _: &MetaArray<R>, _: bool) -> MetaArray<R> {
        *m
    }
    fn exponential<R: Ring>(&self, _: &Exponential, m: &MetaArray<R>, _: &MetaArray<u128>, _: u128) -> MetaArray<R> {
        *m
    }
}
