//! Every kernel against the definition, and so against its portable twin.

use super::*;

/// Words of all sizes; every one `u64::MAX` for the seed 0.
fn words(seed: u64, len: usize) -> Vec<u64> {
    let one = |i: u64| (i + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(i as u32 ^ seed as u32);
    (0..len as u64).map(|i| if seed == 0 { u64::MAX } else { one(i) }).collect()
}

fn levels() -> impl Iterator<Item = Level> {
    Level::ALL.into_iter().filter(|level| level.supported())
}

fn defined(term: &Term<'_, u64>) -> Vec<u64> {
    let [m, k, n] = term.sizes;
    let sum = |i, j| {
        let each = (0..k).map(|l| term.left.at(i, l).wrapping_mul(term.right.at(j, l)));
        each.fold(0u64, u64::wrapping_add)
    };
    (0..m * n).map(|at| sum(at / n, at % n)).collect()
}

/// Each level, each way to store the factors, added and subtracted.
fn check([m, k, n]: [usize; 3], seed: u64) {
    let (a, b, start) = (words(seed, m * k), words(2 * seed, k * n), words(3, m * n));
    for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
        let (left, right) = (Operand::left(&a, m, k, ta), Operand::right(&b, k, n, tb));
        let term = Term { sizes: [m, k, n], left, right, negative: false };
        let product = defined(&term);
        for level in levels() {
            let mut out = start.clone();
            term.add_to(level, &mut out);
            let sums: Vec<u64> = start.iter().zip(&product).map(|(s, p)| s.wrapping_add(*p)).collect();
            assert!(out == sums, "{level}: {m} x {k} x {n}, seed {seed}, transposed: {ta} {tb}");
            Term { negative: true, ..term }.add_to(level, &mut out);
            assert!(out == start, "{level}: {m} x {k} x {n}, seed {seed}, transposed: {ta} {tb}, subtracted");
            if packs(term.sizes) {
                let of = |side, lanes, transposed| Matrix { side, lanes, depths: k, transposed, groups: 1 };
                let panels = [pack(level, of(Side::Left, m, ta), &a), pack(level, of(Side::Right, n, !tb), &b)];
                let [packed_left, packed_right] = [0, 1].map(|at| Operand::packed(&panels[at]));
                for (left, right) in [(packed_left, right), (left, packed_right), (packed_left, packed_right)] {
                    let mut out = start.clone();
                    Term { left, right, ..term }.add_to(level, &mut out);
                    assert!(out == sums, "{level}: {m} x {k} x {n}, seed {seed}, transposed: {ta} {tb}, packed before");
                }
            }
        }
        // What surrounds the instructions of AMX, where there are none.
        let mut out = vec![0; m * n];
        term.with(amx::Amx(amx::twin::Twin), &mut out);
        assert!(out == product, "AMX's twin: {m} x {k} x {n}, seed {seed}, transposed: {ta} {tb}");
    }
}

#[test]
fn odd_and_tiny_sizes() {
    let sizes = [[1, 1, 1], [1, 70, 1], [70, 1, 1], [1, 1, 70], [4, 0, 3], [0, 4, 3], [2, 300, 60], [60, 33, 3]];
    for sizes in sizes.into_iter().chain([[4, 65, 4], [5, 64, 7], [17, 19, 23], [50, 9, 130], [131, 20, 50]]) {
        for seed in [0, 1, 2] {
            check(sizes, seed);
        }
    }
}

/// Panels that are full, that are one too deep, and many of them: sums of `u64::MAX` wrap in every part of a word.
#[test]
fn depths_around_a_panel() {
    for depth in [127, 128, 129, 255, 256, 257, 1030] {
        check([13, depth, 17], 0);
        check([9, depth, 11], 7);
    }
}

/// As deep as sums of 24-bit products in 40 bits would bear, and deeper.
#[test]
fn very_deep_products() {
    for depth in [1 << 16, (1 << 16) + 1, 70_001] {
        let (a, b) = (vec![u64::MAX; 5 * depth], vec![0xFFF0_0000_0000_0FFF; 5 * depth]);
        let (left, right) = (Operand::left(&a, 5, depth, false), Operand::right(&b, depth, 5, true));
        let expected = a[0].wrapping_mul(b[0]).wrapping_mul(depth as u64);
        for level in levels() {
            let mut out = vec![0; 25];
            Term { sizes: [5, depth, 5], left, right, negative: false }.add_to(level, &mut out);
            assert_eq!(out, vec![expected; 25], "{level}, depth {depth}");
        }
    }
}

/// Larger than what is packed at a time, over threads.
#[test]
fn many_blocks() {
    for sizes in [[101, 130, 99], [33, 300, 150], [150, 270, 49]] {
        check(sizes, 5);
    }
}

/// A tile takes the extreme words of every part of the arithmetic.
#[test]
fn extreme_words() {
    let extremes = [0, 1, 0xFFF, 0x1000, 0xFFFF_FFFF, 1 << 32, (1 << 52) - 1, 1 << 52, 0xFFF << 52, 1 << 63, u64::MAX];
    let n = extremes.len();
    let (left, right) = (Operand::left(&extremes, n, 1, false), Operand::right(&extremes, 1, n, false));
    // Repeated in depth, so that the product is packed.
    let (a, b): (Vec<_>, Vec<_>) = (0..64).flat_map(|_| extremes.map(|x| (x, x.rotate_left(9)))).unzip();
    let deep = [Operand::left(&a, n, 64, true), Operand::right(&b, 64, n, false)];
    for (k, [left, right]) in [(1, [left, right]), (64, deep)] {
        let term = Term { sizes: [n, k, n], left, right, negative: false };
        for level in levels() {
            let mut out = vec![0; n * n];
            term.add_to(level, &mut out);
            assert_eq!(out, defined(&term), "{level}");
        }
    }
}

#[test]
fn lanes_and_depths_from_tables() {
    let data = words(4, 400);
    let (lanes, depths): (Vec<usize>, Vec<usize>) =
        ((0..40).map(|i| i * 37 % 101).collect(), (0..60).map(|i| i * 53 % 211).collect());
    let table = Operand::at_offsets(&data, Offsets::Table(&lanes), Offsets::Table(&depths));
    let rows = Operand { lanes: Offsets::Steps(1), ..table };
    for (m, n) in [(40, 40), (2, 40), (40, 2), (7, 33)] {
        for (left, right) in [(table, table), (rows, table), (table, rows)] {
            let term = Term { sizes: [m, 60, n], left, right, negative: false };
            for level in levels() {
                let mut out = vec![0; m * n];
                term.add_to(level, &mut out);
                assert_eq!(out, defined(&term), "{level}, {m} x {n}");
            }
        }
    }
}

/// The other rings take the portable kernel at every level.
#[test]
fn other_rings() {
    let (m, k, n) = (19, 40, 21);
    let (a, b) = (words(8, m * k), words(9, k * n));
    let (wide_a, wide_b): (Vec<u128>, Vec<u128>) =
        (a.iter().map(|&x| u128::from(x) << 3).collect(), b.iter().map(|&x| u128::from(x) << 5).collect());
    let term = Term {
        sizes: [m, k, n],
        left: Operand::left(&wide_a, m, k, false),
        right: Operand::right(&wide_b, k, n, false),
        negative: false,
    };
    for level in levels() {
        let mut out = vec![0u128; m * n];
        term.add_to(level, &mut out);
        let at = |i: usize, j: usize| {
            (0..k).fold(0u128, |s, l| s.wrapping_add(wide_a[i * k + l].wrapping_mul(wide_b[l * n + j])))
        };
        assert!(out.iter().enumerate().all(|(i, &x)| x == at(i / n, i % n)), "{level}");
    }
}
