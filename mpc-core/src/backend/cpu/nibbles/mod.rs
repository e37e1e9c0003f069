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
    backend::tree::{self, Block, plane},
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

/// Looks up 64 elements.
trait Kernel<R>: Copy + Sync {
    /// Word by word of the planes. With `LESS` these are `lt`, lowest nibble first, then `eq`, and the top nibble has two
    /// tables of 8 bits; without, `eq` alone, and all tables have 16 bits.
    ///
    /// `c` has at most 64 elements, `tables` theirs, `planes` a word for each plane.
    fn block<const LESS: bool>(self, c: &[R], tables: &[u64], planes: &mut [u64]);
}

/// What is looked up: for each of some rows, the elements less a public number.
struct Rows<'a, R> {
    m: &'a [R],
    rows: Vec<Row<R>>,
    /// Planes of the result.
    planes: usize,
    tables: Operand<'a, u64>,
}

/// One look-up of all nibbles of all elements.
struct Row<R> {
    less: R,
    /// Whether each block of 16 bits is subtracted by itself, without a borrow between them.
    by_block: bool,
    /// Which of the planes that are found are wanted, and where in the result.
    wanted: Vec<(usize, usize)>,
}

/// The planes of `lt` and then those of `eq` of the elements less each of some thresholds, one threshold after the other. Tables that
/// follow from a rule are made once.
pub(super) fn less_or_equal<R: Ring>(level: Level, m: &[R], thresholds: &[R], tables: Operand<'_, u64>) -> Vec<u64> {
    let planes = 2 * tree::nibbles(R::BITS);
    let row = |(k, &less): (usize, &R)| {
        let wanted = (0..planes).map(|at| (at, k * planes + at)).collect();
        Row { less, by_block: false, wanted }
    };
    let rows = thresholds.iter().enumerate().map(row).collect();
    dispatch::<R, true>(level, Rows { m, rows, planes: planes * thresholds.len(), tables })
}

/// The planes of `lt` of some blocks of the elements, then those of `eq`.
pub(super) fn of_blocks<R: Ring>(level: Level, m: &[R], blocks: &[Block], tables: Operand<'_, u64>) -> Vec<u64> {
    // Blocks at different places are looked up together.
    let mut rows: Vec<Row<R>> = Vec::new();
    let mut taken = [0; MOST];
    for (number, &Block { place, less }) in blocks.iter().enumerate() {
        if taken[place] == rows.len() {
            rows.push(Row { less: R::ZERO, by_block: true, wanted: Vec::new() });
        }
        let row = &mut rows[taken[place]];
        taken[place] += 1;
        row.less = R::add(row.less, R::shl(R::from_i128(less.into()), 16 * place as u32));
        for nibble in 0..4 {
            let (from, to) = (4 * place + nibble, 4 * number + nibble);
            row.wanted.extend([(from, to), (tree::nibbles(R::BITS) + from, 4 * blocks.len() + to)]);
        }
    }
    dispatch::<R, true>(level, Rows { m, rows, planes: 8 * blocks.len(), tables })
}

/// The planes of `eq`, for tables that are one-hot in all nibbles.
pub(super) fn equal<R: Ring>(level: Level, c: &[R], tables: Operand<'_, u64>) -> Vec<u64> {
    let planes = tree::nibbles(R::BITS);
    let wanted = (0..planes).map(|at| (at, at)).collect();
    dispatch::<R, false>(
        level,
        Rows { m: c, rows: vec![Row { less: R::ZERO, by_block: false, wanted }], planes, tables },
    )
}

fn dispatch<R: Ring, const LESS: bool>(level: Level, rows: Rows<'_, R>) -> Vec<u64> {
    // The other kernels are for words of 64 bits.
    #[cfg(target_arch = "x86_64")]
    if TypeId::of::<R>() == TypeId::of::<u64>() {
        let of_words = || {
            let word =
                |row: &Row<R>| Row { less: R::low(row.less), by_block: row.by_block, wanted: row.wanted.clone() };
            let words = rows.rows.iter().map(word).collect();
            Rows { m: bytemuck::cast_slice(rows.m), rows: words, planes: rows.planes, tables: rows.tables }
        };
        let avx2 = || avx2::Avx2::new().map(|kernel| look_up::<u64, _, LESS>(kernel, &of_words()));
        let found = match level {
            Level::Portable | Level::Neon => None,
            Level::Avx2 => avx2(),
            Level::Avx512 | Level::Ifma | Level::Amx => match avx512::Avx512::new() {
                Some(kernel) => Some(look_up::<u64, _, LESS>(kernel, &of_words())),
                None => avx2(),
            },
        };
        if let Some(found) = found {
            return found;
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = level;
    look_up::<R, _, LESS>(portable::Portable, &rows)
}

fn look_up<R: Ring, K: Kernel<R>, const LESS: bool>(kernel: K, rows: &Rows<'_, R>) -> Vec<u64> {
    let Rows { m, rows, planes, tables } = rows;
    let (count, words, width) = (tree::nibbles(R::BITS), tree::table_words(R::BITS), plane(m.len()));
    let count = if LESS { 2 * count } else { count };
    assert_eq!(tables.len(), m.len() * words, "one table an element");
    let mut out = vec![0; planes * width];
    let jobs = parts::planes(&mut out, width, PART).into_iter().zip(m.chunks(64 * PART)).enumerate().collect();
    let job = |(number, (mut planes, m)): (usize, (Vec<&mut [u64]>, &[R]))| {
        let (first, mut room, mut c) = (64 * PART * number, Vec::new(), [R::ZERO; 64]);
        for (line, m) in m.chunks(64 * LINE).enumerate() {
            let at = (first + 64 * LINE * line) * words;
            let tables = tables.part(at..at + m.len() * words, &mut room);
            for row in rows {
                let mut found = [[0; MOST]; LINE];
                for (found, (m, tables)) in found.iter_mut().zip(m.chunks(64).zip(tables.chunks(64 * words))) {
                    let c = &mut c[..m.len()];
                    match row.by_block {
                        true => c.iter_mut().zip(m).for_each(|(c, &m)| *c = less_by_block(m, row.less)),
                        false => c.iter_mut().zip(m).for_each(|(c, &m)| *c = R::sub(m, row.less)),
                    }
                    // The kernels of 64-bit words take whole blocks.
                    match c.len() {
                        64 => kernel.block::<LESS>(c, tables, &mut found[..count]),
                        _ => portable::Portable.block::<LESS>(c, tables, &mut found[..count]),
                    }
                }
                for &(from, to) in &row.wanted {
                    let words = planes[to][LINE * line..].iter_mut().take(LINE).zip(&found);
                    words.for_each(|(word, found)| *word = found[from]);
                }
            }
        }
    };
    parts::each(m.len() * rows.len(), jobs, job);
    out
}

/// `a - b`, each block of 16 bits modulo 2^16.
#[inline(always)]
fn less_by_block<R: Ring>(a: R, b: R) -> R {
    // The top bits of blocks are set in a and cleared in b, so that nothing is borrowed; and put right afterwards.
    let tops = (0..R::BITS / 16).fold(R::ZERO, |tops, place| R::add(tops, R::shl(R::ONE, 16 * place + 15)));
    let rest = R::neg(R::add(tops, R::ONE));
    let difference = R::sub(R::add(R::and(a, rest), tops), R::and(b, rest));
    R::xor(difference, R::xor(R::and(R::xor(a, b), tops), tops))
}
