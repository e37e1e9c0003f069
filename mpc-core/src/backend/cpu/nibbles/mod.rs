//! Every nibble of public values, looked up in this party's shares of the dealer's tables: see
//! [`tree`](crate::backend::tree). A kernel makes one word of every plane from 64 elements; one kernel a file, chosen at
//! run time.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;
#[cfg(test)]
mod tests;

use super::{array::Operand, parts};
use crate::{
    backend::tree::{self, plane},
    level::Level,
    ring::Ring,
};
#[cfg(target_arch = "x86_64")]
use std::any::TypeId;

/// The most planes: of the ring of 128 bits.
const MOST: usize = 64;
/// Words of a plane that are gathered before they are stored: a line of the cache. The planes may lie whole pages apart,
/// and then all their lines have the same place in it.
const LINE: usize = 8;
/// Words of a plane that a thread makes at a time.
const PART: usize = parts::PART / 64;

/// Parts of the results, by planes, and the elements that they are made of, after their number.
type Job<'a, R> = (Vec<Vec<&'a mut [u64]>>, (usize, &'a [R]));

/// Looks up 64 elements.
trait Kernel<R>: Copy + Sync {
    /// Word by word of the planes. With `LESS` these are `lt`, lowest nibble first, then `eq`, and the top nibble has two
    /// tables of 8 bits; without, `eq` alone, and all tables have 16 bits.
    ///
    /// `c` has at most 64 elements, `tables` theirs, `planes` a word for each plane.
    fn block<const LESS: bool>(self, c: &[R], tables: &[u64], planes: &mut [u64]);
}

/// The planes of `lt` and of `eq` of the elements less each of some thresholds. Tables that follow from a rule are made once.
pub(super) fn less_or_equal<R: Ring>(
    level: Level,
    m: &[R],
    thresholds: &[R],
    tables: Operand<'_, u64>,
) -> Vec<Vec<u64>> {
    dispatch::<R, true>(level, m, thresholds, tables)
}

/// The planes of `eq`, for tables that are one-hot in all nibbles.
pub(super) fn equal<R: Ring>(level: Level, c: &[R], tables: Operand<'_, u64>) -> Vec<u64> {
    dispatch::<R, false>(level, c, &[R::ZERO], tables).swap_remove(0)
}

fn dispatch<R: Ring, const LESS: bool>(
    level: Level,
    m: &[R],
    thresholds: &[R],
    tables: Operand<'_, u64>,
) -> Vec<Vec<u64>> {
    // The other kernels are for words of 64 bits.
    #[cfg(target_arch = "x86_64")]
    if TypeId::of::<R>() == TypeId::of::<u64>() {
        let (m, thresholds) = (bytemuck::cast_slice(m), bytemuck::cast_slice(thresholds));
        let avx2 = || avx2::Avx2::new().map(|kernel| look_up::<u64, _, LESS>(kernel, m, thresholds, tables));
        let found = match level {
            Level::Portable | Level::Neon => None,
            Level::Avx2 => avx2(),
            Level::Avx512 | Level::Ifma | Level::Amx => match avx512::Avx512::new() {
                Some(kernel) => Some(look_up::<u64, _, LESS>(kernel, m, thresholds, tables)),
                None => avx2(),
            },
        };
        if let Some(found) = found {
            return found;
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = level;
    look_up::<R, _, LESS>(portable::Portable, m, thresholds, tables)
}

fn look_up<R: Ring, K: Kernel<R>, const LESS: bool>(
    kernel: K,
    m: &[R],
    thresholds: &[R],
    tables: Operand<'_, u64>,
) -> Vec<Vec<u64>> {
    let (count, words, width) = (tree::nibbles(R::BITS), tree::table_words(R::BITS), plane(m.len()));
    assert_eq!(tables.len(), m.len() * words, "one table an element");
    let room = || vec![0; if LESS { 2 * count } else { count } * width];
    let mut outs: Vec<Vec<u64>> = thresholds.iter().map(|_| room()).collect();
    let mut jobs: Vec<Job<'_, R>> = m.chunks(64 * PART).enumerate().map(|part| (Vec::new(), part)).collect();
    for out in &mut outs {
        jobs.iter_mut().zip(parts::planes(out, width, PART)).for_each(|((outs, _), planes)| outs.push(planes));
    }
    let job = |(mut outs, (number, m)): Job<'_, R>| {
        let (first, mut room, mut c) = (64 * PART * number, Vec::new(), [R::ZERO; 64]);
        for (line, m) in m.chunks(64 * LINE).enumerate() {
            let at = (first + 64 * LINE * line) * words;
            let tables = tables.part(at..at + m.len() * words, &mut room);
            for (planes, &threshold) in outs.iter_mut().zip(thresholds) {
                let mut found = [[0; MOST]; LINE];
                for (found, (m, tables)) in found.iter_mut().zip(m.chunks(64).zip(tables.chunks(64 * words))) {
                    let c = &mut c[..m.len()];
                    c.iter_mut().zip(m).for_each(|(c, &m)| *c = R::sub(m, threshold));
                    // The kernels of 64-bit words take whole blocks.
                    match c.len() {
                        64 => kernel.block::<LESS>(c, tables, &mut found[..planes.len()]),
                        _ => portable::Portable.block::<LESS>(c, tables, &mut found[..planes.len()]),
                    }
                }
                for (number, plane) in planes.iter_mut().enumerate() {
                    let words = plane[LINE * line..].iter_mut().take(LINE).zip(&found);
                    words.for_each(|(word, found)| *word = found[number]);
                }
            }
        }
    };
    parts::each(m.len() * thresholds.len(), jobs, job);
    outs
}
