//! What a dealer makes of masks: the tables of their nibbles, and products of their bits. Pure functions of the masks.

use super::{
    Cpu, CpuArray, elementwise,
    parts::{self, Vectorised},
};
use crate::{
    backend::{Set, tree},
    ring::Ring,
};

/// Words of a plane that a thread makes at a time.
const PART: usize = parts::PART / 64;

impl Cpu {
    /// The tables of each mask (see [`tree`]), less `others`, by exclusive or.
    pub fn tables<R: Ring>(&self, masks: &CpuArray<R>, others: &CpuArray<u64>) -> CpuArray<u64> {
        self.one_hot(masks, others, true)
    }

    /// One-hot tables of all nibbles, less `others`.
    pub fn equality_tables<R: Ring>(&self, masks: &CpuArray<R>, others: &CpuArray<u64>) -> CpuArray<u64> {
        self.one_hot(masks, others, false)
    }

    /// Every element shifted down by `bits`, as an unsigned number.
    pub(crate) fn shifted<R: Ring>(&self, a: &CpuArray<R>, bits: u32) -> CpuArray<R> {
        elementwise::map(self.level, a, move |x| R::shr(x, bits)).into()
    }

    fn one_hot<R: Ring>(&self, masks: &CpuArray<R>, others: &CpuArray<u64>, less: bool) -> CpuArray<u64> {
        let (words, masks, others) = (tree::table_words(R::BITS), masks.operand(), others.operand());
        assert_eq!(others.len(), masks.len() * words, "one table an element");
        let tables = parts::build(masks.len() * words, || {
            let (mut room, mut other_room) = (Vec::new(), Vec::new());
            move |from, tables: &mut [u64]| {
                let others = others.part(from..from + tables.len(), &mut other_room);
                let masks = masks.part(from / words..(from + tables.len()) / words, &mut room);
                self.level.run(Tables { masks, less, tables: &mut *tables });
                tables.iter_mut().zip(others).for_each(|(table, other)| *table ^= other);
            }
        });
        tables.into()
    }

    /// The products of the masks of groups of factors: see [`conjunction`](crate::backend::conjunction).
    pub fn factor_products(&self, groups: &[u8], masks: &[u64], width: usize) -> Vec<u64> {
        self.products(&Set::of_groups(groups), masks, width)
    }

    /// The monomials of all nodes of all levels of a comparison, from the masks of the opened bits.
    pub fn monomials(&self, ring_bits: u32, masks: &[u64], width: usize) -> Vec<u64> {
        self.products(&Set::of_tree(ring_bits), masks, width)
    }

    /// A plane for each set of planes: their conjunction.
    pub(crate) fn products(&self, sets: &[Set], masks: &[u64], width: usize) -> Vec<u64> {
        let mut out = vec![0; sets.len() * width];
        let jobs = parts::planes(&mut out, width, PART).into_iter().enumerate().collect();
        parts::each(64 * width, jobs, |(number, planes)| {
            self.level.run(Products { sets, masks, width, start: number * PART, planes });
        });
        out
    }
}

struct Products<'a> {
    sets: &'a [Set],
    masks: &'a [u64],
    width: usize,
    start: usize,
    planes: Vec<&'a mut [u64]>,
}

impl Vectorised for Products<'_> {
    #[inline(always)]
    fn run(self) {
        for (set, product) in self.sets.iter().zip(self.planes) {
            product.fill(u64::MAX);
            for member in (0..8).filter(|member| set.set >> member & 1 == 1) {
                let mask = &self.masks[(set.first + member) * self.width + self.start..];
                product.iter_mut().zip(mask).for_each(|(product, mask)| *product &= mask);
            }
        }
    }
}

struct Tables<'a, R> {
    masks: &'a [R],
    /// Whether the top nibble has two tables of 8 bits.
    less: bool,
    tables: &'a mut [u64],
}

impl<R: Ring> Vectorised for Tables<'_, R> {
    #[inline(always)]
    fn run(self) {
        let words = tree::table_words(R::BITS);
        for (&mask, tables) in self.masks.iter().zip(self.tables.chunks_exact_mut(words)) {
            for (number, table) in tables.iter_mut().enumerate() {
                let four = R::low(R::shr(mask, 16 * number as u32));
                let nibble = |nibble: u64| four >> (4 * nibble) & 15;
                *table = (0..4).fold(0, |table, at| table | 1 << (16 * at + nibble(at)));
            }
            if self.less {
                let (sign, value) = (R::msb(mask), R::low(R::shr(mask, R::BITS - 4)) & 7);
                let below = (1u64 << value) - 1; // entry i: i < value
                let top = 1 << value | ((below ^ (0xFF * sign)) & 0xFF) << 8;
                tables[words - 1] = tables[words - 1] & ((1 << 48) - 1) | top << 48;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Backend, Level};

    fn numbers(len: usize) -> Vec<u64> {
        (0..len as u64).map(|i| (i + 5).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(i as u32)).collect()
    }

    fn levels() -> impl Iterator<Item = Cpu> {
        Level::ALL.into_iter().filter(|level| level.supported()).map(Cpu::new)
    }

    /// Looked up in the whole tables, every nibble of c compares with that of r as it should, and the top one has r's sign.
    #[test]
    fn tables_compare_nibbles() {
        let masks = numbers((1 << 16) + 131);
        let c: Vec<u64> = numbers(masks.len()).into_iter().rev().collect();
        let others = numbers(4 * masks.len());
        for cpu in levels() {
            let (r, other) = (cpu.upload(masks.clone()), cpu.upload(others.clone()));
            let nibbles = |tables| cpu.nibbles(&cpu.upload(c.clone()), &tables);
            let planes = nibbles(cpu.xor(&cpu.tables(&r, &other), &other));
            let equal = cpu.equality_tables(&r, &cpu.fill(4 * masks.len(), 0));
            let equal = cpu.equal_nibbles(&cpu.upload(c.clone()), &equal);
            let width = tree::plane(c.len());
            for (i, (&c, &r)) in c.iter().zip(&masks).enumerate() {
                let bit = |planes: &[u64], plane: usize| planes[plane * width + i / 64] >> (i % 64) & 1 == 1;
                for nibble in 0..16 {
                    let of = |x: u64| x >> (4 * nibble) & if nibble == 15 { 7 } else { 15 };
                    let (sign, at) = (nibble == 15 && r >> 63 == 1, nibble as usize);
                    assert_eq!(bit(&planes, at), (of(c) < of(r)) != sign, "{} {i} {nibble}", cpu.level());
                    assert_eq!(bit(&planes, 16 + at), of(c) == of(r), "{} {i} {nibble}", cpu.level());
                    let whole = (c >> (4 * nibble)) & 15 == r >> (4 * nibble) & 15;
                    assert_eq!(bit(&equal, at), whole, "{} {i} {nibble}", cpu.level());
                }
            }
        }
    }

    #[test]
    fn products_are_those_of_their_members() {
        for width in [0, 1, 19, 1100] {
            let masks = numbers(tree::opened_bits(64) * width);
            for cpu in levels() {
                let found = cpu.factor_products(&[3, 1, 2], &masks[..6 * width], width);
                let of = |plane: usize, word: usize| masks[plane * width + word];
                let expected: Vec<u64> = [vec![0, 1], vec![0, 2], vec![1, 2], vec![0, 1, 2], vec![4, 5]]
                    .iter()
                    .flat_map(|set| {
                        (0..width).map(move |word| set.iter().fold(u64::MAX, |all, &at| all & of(at, word)))
                    })
                    .collect();
                assert!(found == expected, "{}: {width} words", cpu.level());
                let all = cpu.monomials(64, &masks, width);
                assert_eq!(all.len(), 96 * width);
                // The first and the last two factors of the second level: its node has six.
                let last: Vec<u64> = (0..width).map(|word| of(27, word) & of(30, word)).collect();
                let sets = tree::levels(16)[1].nodes[0].monomial_sets();
                let at = 81 + sets.iter().position(|&set| set == 0b1001).unwrap_or(0);
                assert!(sets.contains(&0b1001) && all[at * width..(at + 1) * width] == last, "{}", cpu.level());
            }
        }
    }
}
