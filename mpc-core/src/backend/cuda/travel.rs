//! What leaves a GPU while it goes on computing: a second stream copies it to pinned memory when the kernels that make it are
//! done, and nobody waits before it is sent.

#![allow(unsafe_code, reason = "functions of the driver, and the memory that they give")]

use super::{
    array::CudaArray,
    driver::{OUT_OF_MEMORY, cu},
    gpu::Gpu,
    staging,
};
use crate::{backend::Travelling, error::Result, ring::Ring};
use cust::sys;
use mpc_comm::Words;
use std::{
    any::Any,
    cell::{OnceCell, RefCell},
    ffi::c_void,
    ptr,
    rc::Rc,
    slice,
};

/// Pinned memory for what travels, in all: what goes beyond it is waited for where it is asked.
const MOST_PINNED: usize = 1 << 28;
/// The smallest piece.
const LEAST: usize = 1 << 12;

/// Pinned memory, and the events of the copies that use it.
struct Pinned {
    memory: *mut c_void,
    bytes: usize,
    /// Recorded when what is copied has been made.
    made: sys::CUevent,
    /// Recorded after the copy.
    copied: sys::CUevent,
}

/// Pinned memory that nothing uses, or that a copy of which nobody waits for the result still uses.
#[derive(Default)]
pub(super) struct Bags {
    free: Vec<Pinned>,
    taken: usize,
}

impl Bags {
    /// The smallest piece of at least so many bytes, of sizes that are powers of two; nothing if there would be too much.
    fn take(&mut self, gpu: &Gpu, bytes: usize) -> Option<Pinned> {
        let bytes = bytes.next_power_of_two().max(LEAST);
        let fits = |pinned: &Pinned| pinned.bytes == bytes;
        if let Some(at) = self.free.iter().position(fits) {
            let pinned = self.free.swap_remove(at);
            return gpu.ok(cu!(cuEventSynchronize(pinned.copied))).then_some(pinned);
        }
        if bytes > MOST_PINNED {
            return None;
        }
        while self.taken + bytes > MOST_PINNED {
            self.taken -= self.free.pop().map(Pinned::free)?;
        }
        let mut pinned = Pinned { memory: ptr::null_mut(), bytes, made: ptr::null_mut(), copied: ptr::null_mut() };
        let timing = sys::CUevent_flags_enum::CU_EVENT_DISABLE_TIMING as u32;
        let call = cu!(cuMemAllocHost_v2(&mut pinned.memory, bytes));
        if call.1 == OUT_OF_MEMORY {
            return None;
        }
        let made = gpu.ok(call)
            && gpu.ok(cu!(cuEventCreate(&mut pinned.made, timing)))
            && gpu.ok(cu!(cuEventCreate(&mut pinned.copied, timing)));
        self.taken += bytes;
        made.then_some(pinned)
    }

    /// When nothing uses any of it.
    pub(super) fn free(&mut self) {
        for pinned in self.free.drain(..) {
            pinned.free();
        }
    }
}

impl Pinned {
    /// How large it was.
    fn free(self) -> usize {
        let _ = cu!(cuEventSynchronize(self.copied));
        let _ = cu!(cuEventDestroy_v2(self.made));
        let _ = cu!(cuEventDestroy_v2(self.copied));
        let _ = cu!(cuMemFreeHost(self.memory));
        self.bytes
    }
}

/// An array on its way.
pub(super) struct Traveller<R: Ring> {
    gpu: Rc<Gpu>,
    array: CudaArray<R>,
    /// Until it is here.
    pinned: RefCell<Option<Pinned>>,
    words: OnceCell<Result<Words>>,
}

impl<R: Ring> Traveller<R> {
    /// Nothing if too much travels already, or the GPU has failed.
    pub(super) fn send(gpu: &Rc<Gpu>, array: &CudaArray<R>) -> Option<Self> {
        let (from, bytes) = (array.at(), array.bytes());
        if from == 0 || !gpu.enter() {
            return None;
        }
        let pinned = gpu.bags.borrow_mut().take(gpu, bytes)?;
        let Pinned { memory, made, copied, .. } = pinned;
        let sent = gpu.ok(cu!(cuEventRecord(made, gpu.stream)))
            && gpu.ok(cu!(cuStreamWaitEvent(gpu.copies, made, 0)))
            && gpu.ok(cu!(cuMemcpyDtoHAsync_v2(memory, from, bytes, gpu.copies)))
            && gpu.ok(cu!(cuEventRecord(copied, gpu.copies)));
        let (gpu, array) = (gpu.clone(), array.clone());
        let traveller = Self { gpu, array, pinned: RefCell::new(Some(pinned)), words: OnceCell::new() };
        sent.then_some(traveller)
    }

    fn arrive(&self) -> Result<Words> {
        let mut words = vec![0u64; R::words(self.array.len())];
        if let Some(pinned) = self.pinned.take() {
            // Also after a failure: the copy still uses both ends.
            let _ = cu!(cuCtxSetCurrent(self.gpu.context()));
            if self.gpu.ok(cu!(cuEventSynchronize(pinned.copied))) {
                let to = &mut bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..self.array.bytes()];
                // SAFETY: the copy is done, and has filled so many bytes.
                staging::copy(unsafe { slice::from_raw_parts(pinned.memory.cast(), to.len()) }, to);
            }
            self.gpu.bags.borrow_mut().free.push(pinned);
        }
        self.gpu.check().map(|()| words.into())
    }
}

impl<R: Ring> Travelling for Traveller<R> {
    fn words(&self) -> usize {
        R::words(self.array.len())
    }
    fn arrived(&self) -> Result<Words> {
        self.words.get_or_init(|| self.arrive()).clone()
    }
    fn source(&self) -> &dyn Any {
        &self.array
    }
}

impl<R: Ring> Drop for Traveller<R> {
    /// What nobody has waited for may still be read by the copy: its memory is freed in the order of the other stream.
    fn drop(&mut self) {
        if let Some(pinned) = self.pinned.take() {
            let _ = cu!(cuCtxSetCurrent(self.gpu.context()));
            let _ = cu!(cuStreamWaitEvent(self.gpu.stream, pinned.copied, 0));
            self.gpu.bags.borrow_mut().free.push(pinned);
        }
    }
}
