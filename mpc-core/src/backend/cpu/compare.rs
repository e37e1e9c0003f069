//! The comparison of a public value with the dealer's mask, on packed bits. See [`tree`](crate::backend::tree).

use crate::{
    backend::{
        conjunction,
        tree::{self, Level, Node, plane},
    },
    ring::Ring,
};

pub(super) fn nibbles<R: Ring>(c: &[R], tables: &[u64]) -> Vec<u64> {
    let (count, width, words) = (tree::nibbles(R::BITS), plane(c.len()), tree::table_words(R::BITS));
    assert_eq!(tables.len(), c.len() * words, "one table an element");
    let mut planes = vec![0u64; 2 * count * width];
    // A word of every plane is finished before it is stored: where the distance of planes is a multiple of a page, all
    // their words have the same place in the cache.
    for (word, (c, tables)) in c.chunks(64).zip(tables.chunks(64 * words)).enumerate() {
        let mut bits = [[0u64; 2]; 32];
        for (bit, (&c, tables)) in c.iter().zip(tables.chunks_exact(words)).enumerate() {
            for (nibble, bits) in bits.iter_mut().enumerate().take(count) {
                let table = tables[nibble / 4] >> (16 * (nibble % 4)) & 0xFFFF;
                let value = R::low(R::shr(c, 4 * nibble as u32)) & 15;
                let (lt, eq) = if nibble + 1 == count {
                    (table >> (8 + (value & 7)) & 1, table >> (value & 7) & 1)
                } else {
                    (u64::from((table >> value >> 1).count_ones() & 1), table >> value & 1)
                };
                bits[0] |= lt << bit;
                bits[1] |= eq << bit;
            }
        }
        for (nibble, [lt, eq]) in bits.into_iter().enumerate().take(count) {
            planes[nibble * width + word] = lt;
            planes[(count + nibble) * width + word] = eq;
        }
    }
    planes
}

pub(super) fn equal_nibbles<R: Ring>(c: &[R], tables: &[u64]) -> Vec<u64> {
    let (count, width, words) = (tree::nibbles(R::BITS), plane(c.len()), tree::table_words(R::BITS));
    assert_eq!(tables.len(), c.len() * words, "one table an element");
    let mut planes = vec![0u64; count * width];
    for (i, (&c, tables)) in c.iter().zip(tables.chunks_exact(words)).enumerate() {
        for nibble in 0..count {
            let value = R::low(R::shr(c, 4 * nibble as u32)) & 15;
            let eq = tables[nibble / 4] >> (16 * (nibble % 4) as u64 + value) & 1;
            planes[nibble * width + i / 64] |= eq << (i % 64);
        }
    }
    planes
}

pub(super) fn conjunctions(
    groups: &[usize],
    opened: &[u64],
    masks: &[u64],
    monomials: &[u64],
    first: bool,
) -> Vec<u64> {
    let width = opened.len() / groups.iter().sum::<usize>().max(1);
    let mut out = Vec::with_capacity(groups.len() * width);
    let (mut factor, mut monomial) = (0, 0);
    for &factors in groups {
        let sets: Vec<usize> = conjunction::monomial_sets(factors).collect();
        for word in 0..width {
            let share = |set: usize| match set.count_ones() {
                0 => u64::MAX * u64::from(first),
                1 => masks[(factor + set.trailing_zeros() as usize) * width + word],
                _ => monomials[(monomial + sets.partition_point(|&other| other < set)) * width + word],
            };
            out.push(conjunction::product(factors, |i| opened[(factor + i) * width + word], share));
        }
        factor += factors;
        monomial += sets.len();
    }
    out
}

pub(super) fn tree_level(
    level: &Level,
    leaves: &[u64],
    opened: &[u64],
    masks: &[u64],
    monomials: &[u64],
    first: bool,
) -> Vec<u64> {
    let width = leaves.len() / (2 * level.pairs);
    let nodes = level.nodes.len();
    let mut out = vec![0u64; 2 * nodes * width];
    let (lts, eqs) = out.split_at_mut(nodes * width);
    let of = |planes: &[u64], at: usize, word: usize| planes[at * width + word];
    for (at, node) in level.nodes.iter().enumerate() {
        let (sets, products) = (node.monomial_sets(), node.products());
        let slots: Vec<[Slot; 16]> = products.iter().map(|&product| slots(node, product, &sets)).collect();
        let highest = node.pair + node.fan_in - 1;
        for word in 0..width {
            let mut lt = of(leaves, highest, word);
            if node.fan_in == 1 {
                eqs[at * width + word] = of(leaves, level.pairs + highest, word);
            }
            for (k, (&product, slots)) in products.iter().zip(&slots).enumerate() {
                let mut share = [0u64; 16];
                let members = 1usize << product.count_ones();
                for (share, slot) in share.iter_mut().zip(&slots[..members]) {
                    *share = match *slot {
                        Slot::One => u64::MAX * u64::from(first),
                        Slot::Mask(variable) => of(masks, node.opened + variable, word),
                        Slot::Monomial(set) => of(monomials, node.monomials + set, word),
                    };
                }
                // The product of (E ^ mask) over its variables, one variable at a time.
                let mut half = members / 2;
                let mut rest = product;
                while rest != 0 {
                    let variable = 7 - rest.leading_zeros() as usize;
                    rest &= !(1 << variable);
                    let value = of(opened, node.opened + variable, word);
                    for low in 0..half {
                        share[low] = share[low + half] ^ share[low] & value;
                    }
                    half /= 2;
                }
                if node.with_eq && k + 1 == products.len() {
                    eqs[at * width + word] = share[0];
                } else {
                    lt ^= share[0];
                }
            }
            lts[at * width + word] = lt;
        }
    }
    out
}

/// Where a party finds its share of a product of masks.
#[derive(Clone, Copy)]
enum Slot {
    One,
    Mask(usize),
    Monomial(usize),
}

/// The shares of all subsets of a product of up to four variables: bit i of the index is the i-th lowest member.
fn slots(node: &Node, product: u8, sets: &[u8]) -> [Slot; 16] {
    debug_assert!(product.count_ones() <= 4 && node.fan_in <= 4);
    let members: Vec<usize> = (0..7).filter(|variable| product >> variable & 1 == 1).collect();
    std::array::from_fn(|index| {
        let chosen = members.iter().enumerate().filter(|(bit, _)| index >> bit & 1 == 1);
        let set = chosen.fold(0u8, |set, (_, &variable)| set | 1 << variable);
        match set.count_ones() {
            0 => Slot::One,
            1 => Slot::Mask(set.trailing_zeros() as usize),
            _ => Slot::Monomial(sets.iter().position(|&other| other == set).unwrap_or(0)),
        }
    })
}
