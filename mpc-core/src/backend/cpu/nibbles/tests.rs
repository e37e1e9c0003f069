//! Every kernel against the definition, and so against its portable twin.

use super::*;
use crate::backend::{Cpu, blocks};

/// Numbers of all sizes; all the same for the seeds 0 and 1.
fn numbers<R: Ring>(seed: u64, len: usize) -> Vec<R> {
    let mix = |i: u64| (i + 31 * seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(i as u32 ^ seed as u32);
    let one = |i: u64| match seed {
        0 => R::ZERO,
        1 => R::neg(R::ONE),
        _ => R::from_i128(i128::from(mix(i)) * i128::from(mix(i + 1) >> 1)),
    };
    (0..len as u64).map(one).collect()
}

/// Both planes, entry by entry.
fn defined<R: Ring>(c: &[R], tables: &[u64], less: bool) -> Vec<u64> {
    let (count, words, width) = (tree::nibbles(R::BITS), tree::table_words(R::BITS), plane(c.len()));
    let mut planes = vec![0u64; if less { 2 * count } else { count } * width];
    for (i, &c) in c.iter().enumerate() {
        for nibble in 0..count {
            let entry = |at: u64| tables[i * words + nibble / 4] >> (16 * (nibble % 4) as u64 + at) & 1;
            let value = R::low(R::shr(c, 4 * nibble as u32)) & 15;
            let (lt, eq) = match less && nibble + 1 == count {
                true => (entry(8 + value % 8), entry(value % 8)),
                false => ((value + 1..16).fold(0, |lt, above| lt ^ entry(above)), entry(value)),
            };
            let eqs = if less { count } else { 0 };
            planes[(eqs + nibble) * width + i / 64] |= eq << (i % 64);
            if less {
                planes[nibble * width + i / 64] |= lt << (i % 64);
            }
        }
    }
    planes
}

fn check<R: Ring>(seed: u64, table_seed: u64, len: usize) {
    let c = numbers::<R>(seed, len);
    let tables = numbers::<u64>(table_seed, len * tree::table_words(R::BITS));
    let (less, equals) = (defined(&c, &tables, true), defined(&c, &tables, false));
    for level in Level::ALL.into_iter().filter(|level| level.supported()) {
        let name = R::NAME;
        let thresholds = [R::ZERO, R::from_i128(0x0123_4567_89AB), R::neg(R::ONE)];
        let found = less_or_equal(level, &c, &thresholds, tables[..].into());
        let found: Vec<&[u64]> = (0..3).map(|k| &found[k * less.len()..(k + 1) * less.len()]).collect();
        let below = thresholds.map(|t| c.iter().map(|&c| R::sub(c, t)).collect::<Vec<_>>());
        assert!(found[0] == less, "{level}, {name}: {len} of {seed}, {table_seed}");
        for (found, c) in found.iter().zip(&below).skip(1) {
            assert!(**found == defined(c, &tables, true), "{level}, {name}: {len} of {seed}, {table_seed}");
        }
        assert!(equal(level, &c, tables[..].into()) == equals, "{level}, {name}: eq of {len} of {seed}, {table_seed}");
    }
}

#[test]
fn odd_lengths() {
    for len in [0, 1, 2, 63, 64, 65, 127, 128, 511, 512, 513, 1000] {
        check::<u64>(2, 3, len);
    }
}

#[test]
fn all_zeros_and_all_ones() {
    for (seed, tables) in [(0, 0), (0, 1), (1, 0), (1, 1), (0, 5), (1, 5), (6, 0), (6, 1)] {
        check::<u64>(seed, tables, 130);
    }
}

/// Each value of a nibble meets each entry of its table.
#[test]
fn every_value_and_every_entry() {
    let values: Vec<u64> = (0..256).map(|i| (i % 16) * 0x1111_1111_1111_1111).collect();
    let tables: Vec<u64> = (0..256).flat_map(|i| [0x0001_0001_0001_0001u64 << (i / 16); 4]).collect();
    for level in Level::ALL.into_iter().filter(|level| level.supported()) {
        assert!(less_or_equal(level, &values, &[0], tables[..].into()) == defined(&values, &tables, true), "{level}");
        assert!(equal(level, &values, tables[..].into()) == defined(&values, &tables, false), "{level}");
    }
}

/// Blocks of 16 bits against what backends do without a kernel for them: at every place, some of them several times, with numbers that
/// borrow and numbers that do not.
fn check_blocks<R: Ring>(len: usize) {
    let (m, places) = (numbers::<R>(2, len), tree::nibbles(R::BITS) / 4);
    let tables = numbers::<u64>(3, len * tree::table_words(R::BITS));
    let all = [0, 1, 0x8000, 0x7FFF, 0xFFFF, 0x1234].map(|less| (0..places).map(move |place| Block { place, less }));
    let all: Vec<Block> = all.into_iter().flatten().skip(1).collect();
    for blocks in [&all[..], &all[places..places + 1], &[]] {
        let expected = blocks::nibbles(&Cpu::new(Level::Portable), &m.clone().into(), blocks, &tables.clone().into());
        for level in Level::ALL.into_iter().filter(|level| level.supported()) {
            let found = of_blocks(level, &m, blocks, tables[..].into());
            assert!(found == *expected, "{level}, {}: {len} elements, {} blocks", R::NAME, blocks.len());
        }
    }
}

#[test]
fn blocks_are_looked_up_by_themselves() {
    for len in [0, 1, 63, 64, 65, 513, 1000] {
        check_blocks::<u64>(len);
    }
    check_blocks::<u64>((1 << 16) + 131);
    check_blocks::<u32>(131);
    check_blocks::<u128>(131);
}

/// Over threads, with a last part that is not full.
#[test]
fn many_parts() {
    check::<u64>(7, 8, (1 << 16) + 131);
}

#[test]
fn other_rings() {
    for len in [1, 64, 131] {
        check::<u32>(2, 3, len);
        check::<u128>(4, 5, len);
    }
}
