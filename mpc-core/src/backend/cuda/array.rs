//! Arrays in the memory of a GPU.

#![allow(unsafe_code, reason = "functions of the driver")]

use super::{
    driver::{OUT_OF_MEMORY, cu},
    gpu::Gpu,
};
use crate::{error::DeviceError, ring::Ring};
use std::{fmt, marker::PhantomData, ops::Range, rc::Rc};

/// Memory of a GPU. It is freed in the order of the stream: what was asked of it before is still done.
struct Memory {
    gpu: Rc<Gpu>,
    at: u64,
    bytes: u64,
}

impl Memory {
    fn new(gpu: &Rc<Gpu>, bytes: u64) -> Option<Self> {
        let used = gpu.used.get();
        let too_much =
            || DeviceError::Memory { wanted: bytes, used, limit: (gpu.limit != u64::MAX).then_some(gpu.limit) };
        if !gpu.enter() {
            return None;
        }
        if bytes > gpu.limit.saturating_sub(used) {
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
        if call.1 == OUT_OF_MEMORY {
            gpu.fail(too_much());
            return None;
        }
        if !gpu.ok(call) {
            return None;
        }
        gpu.used.set(used + bytes);
        Some(Self { gpu: gpu.clone(), at, bytes })
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.gpu.used.set(self.gpu.used.get() - self.bytes);
        self.gpu.free(self.at);
    }
}

/// A shared, immutable array in the memory of a GPU.
#[derive(Clone)]
pub struct CudaArray<R> {
    /// None for no elements, and after a failure.
    memory: Option<Rc<Memory>>,
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
        let memory = (bytes > 0).then(|| Memory::new(gpu, bytes as u64).map(Rc::new)).flatten();
        Self { memory, start: 0, len, ring: PhantomData }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn bytes(&self) -> usize {
        self.len * size_of::<R>()
    }

    /// Its address; 0 where there is no memory, which no kernel is given: it has no elements, or the GPU has failed.
    pub(super) fn at(&self) -> u64 {
        self.memory.as_ref().map_or(0, |memory| memory.at + self.start)
    }

    /// A part of it, in the same memory.
    pub(super) fn part(&self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.len, "a part of the array");
        let start = self.start + (range.start * size_of::<R>()) as u64;
        Self { memory: self.memory.clone(), start, len: range.len(), ring: PhantomData }
    }
}
