//! Long arrays over threads, and the same loop compiled for every level of instructions.

#![allow(
    unsafe_code,
    reason = "calls of functions for instructions that were found on the processor just before, and results that are \
              not cleared before they are written"
)]

use crate::level::Level;
use bytemuck::Pod;
use rayon::prelude::*;
use std::mem::MaybeUninit;

/// From so many elements on, work on each of them is split over threads.
const PARALLEL: usize = 1 << 16;
/// Elements that a thread gets at a time: a multiple of 64, so that parts of packed bits are whole words.
pub(super) const PART: usize = 1 << 14;

/// Elements of a piece of a result: it is made in the first cache. A multiple of 64 that divides [`PART`].
pub(super) const PIECE: usize = 1 << 11;

/// Whether work on so many elements is split. A thread that is itself at such work does all of it: it may hold what
/// others wait for.
pub(super) fn parallel(len: usize) -> bool {
    len >= PARALLEL && rayon::current_thread_index().is_none() && rayon::current_num_threads() > 1
}

/// A result of `len` elements, made piece by piece in the first cache and written to memory once. `task` gives what makes
/// the pieces of one task for one thread: it gets the place of a piece's first element, and the piece, and must write all
/// of it, since there may be something else in it.
pub(super) fn build<T: Pod + Send, F: FnMut(usize, &mut [T])>(len: usize, task: impl Fn() -> F + Sync) -> Vec<T> {
    rows(len, 1, task)
}

/// The same for `count` rows of `width` elements: a piece has whole rows.
pub(super) fn rows<T: Pod + Send, F: FnMut(usize, &mut [T])>(
    count: usize,
    width: usize,
    task: impl Fn() -> F + Sync,
) -> Vec<T> {
    let whole_rows = |elements: usize| (elements / width.max(1)).max(1) * width.max(1);
    let (len, piece, share) = (count * width, whole_rows(PIECE), whole_rows(PART));
    if len <= piece {
        let mut out = vec![T::zeroed(); len];
        task()(0, &mut out);
        return out;
    }
    let mut out = Vec::with_capacity(len);
    let part = |(number, part): (usize, &mut [MaybeUninit<T>])| {
        let (mut make, mut made) = (task(), vec![T::zeroed(); piece]);
        for (at, room) in part.chunks_mut(piece).enumerate() {
            let made = &mut made[..room.len()];
            make(number * share + at * piece, made);
            room.write_copy_of_slice(made);
        }
    };
    let room = &mut out.spare_capacity_mut()[..len];
    if parallel(len) {
        room.par_chunks_mut(share).enumerate().for_each(part);
    } else {
        room.chunks_mut(share).enumerate().for_each(part);
    }
    // SAFETY: the chunks of `room` are its `len` elements, and `part` has written all of each.
    unsafe { out.set_len(len) };
    out
}

/// Parts of `part` words of planes of `width` words: each part with its words of all planes.
pub(super) fn planes(out: &mut [u64], width: usize, part: usize) -> Vec<Vec<&mut [u64]>> {
    let mut parts: Vec<_> = (0..width.div_ceil(part)).map(|_| Vec::new()).collect();
    for plane in out.chunks_mut(width.max(1)) {
        parts.iter_mut().zip(plane.chunks_mut(part)).for_each(|(part, words)| part.push(words));
    }
    parts
}

/// Does jobs on `len` elements together.
pub(super) fn each<T: Send>(len: usize, jobs: Vec<T>, job: impl Fn(T) + Sync) {
    if parallel(len) {
        jobs.into_par_iter().for_each(&job);
    } else {
        jobs.into_iter().for_each(job);
    }
}

/// A loop that the compiler vectorises for each level: `run` must be `#[inline(always)]`.
pub(super) trait Vectorised {
    fn run(self);
}

impl Level {
    /// Runs a loop with the instructions of this level, where the processor has them.
    pub(super) fn run(self, work: impl Vectorised) {
        #[cfg(target_arch = "x86_64")]
        {
            if self >= Self::Avx512 && is_x86_feature_detected!("avx512bw") && Self::Avx512.supported() {
                // SAFETY: the processor has AVX-512 F, BW and DQ.
                return unsafe { with_avx512(work) };
            }
            if self >= Self::Avx2 && Self::Avx2.supported() {
                // SAFETY: the processor has AVX2.
                return unsafe { with_avx2(work) };
            }
        }
        work.run();
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq")]
fn with_avx512(work: impl Vectorised) {
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2(work: impl Vectorised) {
    work.run();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_built_once_at_its_place() {
        for len in [0, 1, PIECE - 1, PIECE, PIECE + 1, PART, PART + 77, PARALLEL - 1, PARALLEL + 3 * PIECE + 5] {
            let numbers = || {
                |from: usize, piece: &mut [u64]| {
                    piece.iter_mut().enumerate().for_each(|(i, x)| *x = (from + i) as u64);
                }
            };
            assert!(build(len, numbers).into_iter().eq(0..len as u64), "{len}");
        }
    }

    #[test]
    fn rows_stay_whole() {
        for (count, width) in [(0, 5), (5, 0), (3, 7), (9000, 24), (5, PIECE + 1), (PARALLEL, 3)] {
            let numbers = || {
                move |from: usize, piece: &mut [u64]| {
                    assert!(width == 0 || from.is_multiple_of(width) && piece.len().is_multiple_of(width));
                    piece.iter_mut().enumerate().for_each(|(i, x)| *x = (from + i) as u64);
                }
            };
            assert!(rows(count, width, numbers).into_iter().eq(0..(count * width) as u64), "{count} {width}");
        }
    }
}
