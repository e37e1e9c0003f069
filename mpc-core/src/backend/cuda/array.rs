//! Arrays in the memory of a GPU. What follows from a rule (a constant, random values) is written when a kernel first reads it.

#![allow(unsafe_code, reason = "functions of the driver")]

use super::{
    driver::{OUT_OF_MEMORY, cu},
    gpu::Gpu,
    kernels::{Fill, OVER},
};
use crate::{error::DeviceError, ring::Ring};
use std::{cell::OnceCell, fmt, marker::PhantomData, ops::Range, rc::Rc};

/// Memory of a GPU. It is freed in the order of the stream: what was asked of it before is still done.
struct Memory {
    gpu: Rc<Gpu>,
    /// No other memory of this GPU has it, before or after.
    number: u64,
    at: u64,
    bytes: u64,
}

impl Memory {
    fn new(gpu: &Rc<Gpu>, bytes: u64) -> Option<Self> {
        if !gpu.enter() {
            return None;
        }
        // What is kept to save work makes room for what is needed.
        while bytes > gpu.limit.saturating_sub(gpu.used.get()) && gpu.packs.release() {}
        let too_much = || DeviceError::Memory {
            wanted: bytes,
            used: gpu.used.get(),
            limit: (gpu.limit != u64::MAX).then_some(gpu.limit),
        };
        if bytes > gpu.limit.saturating_sub(gpu.used.get()) {
            gpu.fail(too_much());
            return None;
        }
        let mut at = 0;
        let mut take = || cu!(cuMemAllocAsync(&mut at, bytes as usize, gpu.stream));
        let mut call = take();
        if call.1 == OUT_OF_MEMORY {
            gpu.trim();
            call = take();
        }
        if call.1 == OUT_OF_MEMORY && gpu.packs.release() {
            while gpu.packs.release() {}
            gpu.trim();
            call = take();
        }
        if call.1 == OUT_OF_MEMORY {
            gpu.fail(too_much());
            return None;
        }
        if !gpu.ok(call) {
            return None;
        }
        gpu.used.set(gpu.used.get() + bytes);
        Some(Self { gpu: gpu.clone(), number: gpu.next_number(), at, bytes })
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.gpu.packs.forget(self.number);
        self.gpu.used.set(self.gpu.used.get() - self.bytes);
        self.gpu.free(self.at);
    }
}

/// What an array has where it is not in memory yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    /// The same everywhere.
    Constant(u64),
    /// Words of 32 bits of a stream, from `first` on, under a key of [`Gpu::key`].
    Random { key: usize, stream: u64, first: u64 },
}

/// An array that follows from a rule.
struct Ruled {
    gpu: Rc<Gpu>,
    rule: Rule,
    bytes: u64,
    /// Written when a kernel first reads it; nothing after a failure.
    memory: OnceCell<Option<Rc<Memory>>>,
}

impl Ruled {
    fn memory(&self) -> Option<&Rc<Memory>> {
        self.memory.get_or_init(|| self.write()).as_ref()
    }

    fn write(&self) -> Option<Rc<Memory>> {
        let memory = Memory::new(&self.gpu, self.bytes)?;
        let out = memory.at;
        match self.rule {
            Rule::Constant(value) => {
                let threads = self.bytes / 8;
                self.gpu.each(threads, &Fill { threads, out, value });
            }
            Rule::Random { key, stream, first } => {
                self.gpu.expand(key, stream, first, out, self.bytes as usize, OVER);
            }
        }
        Some(Rc::new(memory))
    }
}

/// What an array is, for whoever keeps something that was made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    /// So many bytes of this memory, from `start` on.
    Stored { memory: u64, start: u64, bytes: u64 },
    /// So many bytes that follow from a rule.
    Ruled { rule: Rule, bytes: u64 },
}

#[derive(Clone)]
enum Source {
    /// No elements, or the GPU has failed.
    None,
    Stored(Rc<Memory>),
    Ruled(Rc<Ruled>),
}

/// A shared, immutable array in the memory of a GPU.
#[derive(Clone)]
pub struct CudaArray<R> {
    source: Source,
    /// Where it begins there, in bytes.
    start: u64,
    len: usize,
    ring: PhantomData<R>,
}

impl<R> fmt::Debug for CudaArray<R> {
    /// The length only: an array may be a share.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CudaArray({})", self.len)
    }
}

impl<R: Ring> CudaArray<R> {
    /// Room for so many elements, which are not written yet.
    pub(super) fn room(gpu: &Rc<Gpu>, len: usize) -> Self {
        let bytes = len * size_of::<R>();
        let memory = (bytes > 0).then(|| Memory::new(gpu, bytes as u64)).flatten();
        let source = memory.map_or(Source::None, |memory| Source::Stored(Rc::new(memory)));
        Self { source, start: 0, len, ring: PhantomData }
    }

    /// What follows from a rule. Constants are of 64 bits.
    pub(super) fn ruled(gpu: &Rc<Gpu>, len: usize, rule: Rule) -> Self {
        let bytes = (len * size_of::<R>()) as u64;
        let ruled = Ruled { gpu: gpu.clone(), rule, bytes, memory: OnceCell::new() };
        let source = if bytes == 0 { Source::None } else { Source::Ruled(Rc::new(ruled)) };
        Self { source, start: 0, len, ring: PhantomData }
    }

    /// Zeros, of 64 bits.
    pub(super) fn zeros(gpu: &Rc<Gpu>, len: usize) -> Self {
        Self::ruled(gpu, len, Rule::Constant(0))
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn bytes(&self) -> usize {
        self.len * size_of::<R>()
    }

    /// Its address; 0 where there is no memory, which no kernel is given: it has no elements, or the GPU has failed. What
    /// follows from a rule is in memory from now on.
    pub(super) fn at(&self) -> u64 {
        let memory = match &self.source {
            Source::None => None,
            Source::Stored(memory) => Some(memory),
            Source::Ruled(ruled) => ruled.memory(),
        };
        memory.map_or(0, |memory| memory.at + self.start)
    }

    /// A part of it, in the same memory if it is in memory.
    pub(super) fn part(&self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.len, "a part of the array");
        if let (Source::Ruled(ruled), false) = (&self.source, range.len() == self.len) {
            let rule = match ruled.rule {
                Rule::Random { key, stream, first } => {
                    Rule::Random { key, stream, first: first + (range.start * size_of::<R>() / 4) as u64 }
                }
                constant @ Rule::Constant(_) => constant,
            };
            if ruled.memory.get().is_none() || matches!(rule, Rule::Constant(_)) {
                return Self::ruled(&ruled.gpu, range.len(), rule);
            }
        }
        let source = match &self.source {
            Source::Ruled(ruled) if range.len() < self.len => {
                ruled.memory().map_or(Source::None, |memory| Source::Stored(memory.clone()))
            }
            source => source.clone(),
        };
        let start = self.start + (range.start * size_of::<R>()) as u64;
        Self { source, start, len: range.len(), ring: PhantomData }
    }

    /// What it is; nothing if it has no elements.
    pub(super) fn identity(&self) -> Option<Identity> {
        let bytes = self.bytes() as u64;
        match &self.source {
            Source::None => None,
            Source::Stored(memory) => Some(Identity::Stored { memory: memory.number, start: self.start, bytes }),
            Source::Ruled(ruled) => Some(Identity::Ruled { rule: ruled.rule, bytes }),
        }
    }

    /// Whether it is known to be zero everywhere, without looking.
    pub(super) fn is_zero(&self) -> bool {
        matches!(&self.source, Source::Ruled(ruled) if ruled.rule == Rule::Constant(0))
    }
}
