//! Long arrays over threads, and the same loop compiled for every level of instructions.

#![allow(unsafe_code, reason = "calls of functions for instructions that were found on the processor just before")]

use crate::level::Level;
use rayon::prelude::*;

/// From so many elements on, work on each of them is split over threads.
const PARALLEL: usize = 1 << 16;
/// Elements that a thread gets at a time: a multiple of 64, so that parts of packed bits are whole words.
pub(super) const PART: usize = 1 << 14;

/// Whether work on so many elements is split.
pub(super) fn parallel(len: usize) -> bool {
    len >= PARALLEL && rayon::current_num_threads() > 1
}

/// Fills a result part by part: `fill` gets the place of a part's first element, and the part.
pub(super) fn fill<T: Send>(out: &mut [T], fill: impl Fn(usize, &mut [T]) + Sync) {
    if parallel(out.len()) {
        out.par_chunks_mut(PART).enumerate().for_each(|(number, part)| fill(number * PART, part));
    } else {
        out.chunks_mut(PART).enumerate().for_each(|(number, part)| fill(number * PART, part));
    }
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
