//! Copies between the host and a GPU, by way of pinned memory: some pieces, of which one is filled or emptied while others
//! travel. What leaves while kernels run goes another way: travel.rs.

#![allow(unsafe_code, reason = "functions of the driver, and the memory that they give")]

use super::{driver::cu, gpu::Gpu};
use cust::sys;
use rayon::prelude::*;
use std::{ffi::c_void, ptr, slice};

/// Bytes of a piece, and how many there are.
const PIECE: usize = 1 << 22;
const PIECES: usize = 4;

/// Bytes that a thread copies at a time, and from how many on there are several.
const PART: usize = 1 << 18;
const PARALLEL: usize = 1 << 20;

/// Copies bytes; many of them with several threads.
pub(super) fn copy(from: &[u8], to: &mut [u8]) {
    if from.len() < PARALLEL {
        to.copy_from_slice(from);
    } else {
        to.par_chunks_mut(PART).zip(from.par_chunks(PART)).for_each(|(to, from)| to.copy_from_slice(from));
    }
}

/// Pinned memory, made when it is first needed.
#[derive(Default)]
pub(super) struct Staging {
    pieces: Vec<Piece>,
    next: usize,
}

#[derive(Clone, Copy)]
struct Piece {
    memory: *mut c_void,
    /// Recorded after the last copy from or to it.
    done: sys::CUevent,
}

impl Staging {
    /// The piece after the last one, when nothing uses it any more.
    fn piece(&mut self, gpu: &Gpu) -> Option<Piece> {
        if self.pieces.len() < PIECES {
            self.pieces.push(Piece::new(gpu)?);
            return self.pieces.last().copied();
        }
        let piece = self.pieces[self.next];
        self.next = (self.next + 1) % PIECES;
        gpu.ok(cu!(cuEventSynchronize(piece.done))).then_some(piece)
    }

    /// When nothing uses it any more.
    pub(super) fn free(&mut self) {
        for piece in self.pieces.drain(..) {
            let _ = cu!(cuEventDestroy_v2(piece.done));
            let _ = cu!(cuMemFreeHost(piece.memory));
        }
    }
}

impl Piece {
    fn new(gpu: &Gpu) -> Option<Self> {
        let mut piece = Self { memory: ptr::null_mut(), done: ptr::null_mut() };
        let timing = sys::CUevent_flags_enum::CU_EVENT_DISABLE_TIMING as u32;
        let made = gpu.ok(cu!(cuMemAllocHost_v2(&mut piece.memory, PIECE)))
            && gpu.ok(cu!(cuEventCreate(&mut piece.done, timing)));
        made.then_some(piece)
    }
}

impl Gpu {
    /// To the memory at `to`, which has room for it. Returns when `from` has been read.
    pub(super) fn copy_in(&self, from: &[u8], to: u64) {
        if from.is_empty() || !self.enter() {
            return;
        }
        let mut staging = self.staging.borrow_mut();
        for (from, to) in from.chunks(PIECE).zip((to..).step_by(PIECE)) {
            let Some(Piece { memory, done }) = staging.piece(self) else { return };
            // SAFETY: no copy uses the piece any more, and it has at least that many bytes.
            copy(from, unsafe { slice::from_raw_parts_mut(memory.cast(), from.len()) });
            let sent = self.ok(cu!(cuMemcpyHtoDAsync_v2(to, memory.cast_const(), from.len(), self.stream)));
            if !sent || !self.ok(cu!(cuEventRecord(done, self.stream))) {
                return;
            }
        }
    }

    /// From the memory at `from`, when everything before it has been done. After a failure `to` is left as it is.
    pub(super) fn copy_out(&self, from: u64, to: &mut [u8]) {
        if to.is_empty() || !self.enter() {
            return;
        }
        let mut staging = self.staging.borrow_mut();
        let mut travelling: Option<(Piece, &mut [u8])> = None;
        for (to, from) in to.chunks_mut(PIECE).zip((from..).step_by(PIECE)) {
            let Some(piece) = staging.piece(self) else { return };
            let asked = self.ok(cu!(cuMemcpyDtoHAsync_v2(piece.memory, from, to.len(), self.stream)));
            if !asked || !self.ok(cu!(cuEventRecord(piece.done, self.stream))) {
                return;
            }
            if let Some(before) = travelling.replace((piece, to)) {
                self.arrive(before);
            }
        }
        travelling.into_iter().for_each(|last| self.arrive(last));
    }

    fn arrive(&self, (piece, to): (Piece, &mut [u8])) {
        if self.ok(cu!(cuEventSynchronize(piece.done))) {
            // SAFETY: the copy that was asked for has filled so many bytes.
            copy(unsafe { slice::from_raw_parts(piece.memory.cast(), to.len()) }, to);
        }
    }

    /// From one place of this GPU to another, which do not overlap.
    pub(super) fn copy_within(&self, from: u64, to: u64, bytes: usize) {
        if bytes > 0 && self.enter() {
            self.ok(cu!(cuMemcpyDtoDAsync_v2(to, from, bytes, self.stream)));
        }
    }
}
