//! The shape of the comparison tree (docs/protocol.md section 4): pure index arithmetic, shared by the parties' kernel, the
//! dealer and the cost report.
//!
//! A comparison `[c < r]` of a public c with the dealer's r starts from one pair (lt, eq) a nibble. A node joins up to
//! four neighbouring pairs, highest first:
//!
//! ```text
//! lt = lt3 ^ eq3 lt2 ^ eq3 eq2 lt1 ^ eq3 eq2 eq1 lt0          eq = eq3 eq2 eq1 eq0
//! ```
//!
//! Every factor of these products is opened once under a mask bit, whatever the fan-in; the dealer shares the products
//! ("monomials") of the masks, and the products of the bits follow locally (multi-fan-in AND, ABY2.0, section 3.1.5).
//! The highest lt needs no opening, eq is not computed for the lowest node of a level.
//!
//! Top nibble: its three bits (the ring's top bit is the sign, not part of the comparison) index two 8-bit tables: the
//! one-hot `eq`, and `lt xor sign of r`, so that the tree's root already includes the sign of r.
//!
//! Comparisons of one opening with several thresholds share nodes: see [`Forest`].

use crate::ring::Ring;
use serde::{Deserialize, Serialize};

/// Nibbles of a ring element.
pub fn nibbles(ring_bits: u32) -> usize {
    (ring_bits / 4) as usize
}

/// Words of an element's tables: 16 bits a nibble.
pub fn table_words(ring_bits: u32) -> usize {
    nibbles(ring_bits) / 4
}

/// Words of a plane of `len` bits.
pub fn plane(len: usize) -> usize {
    len.div_ceil(64)
}

/// A node: which pairs it joins and which bits it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// How many pairs, 1 to 4.
    pub fan_in: usize,
    /// Whether its eq is needed above.
    pub with_eq: bool,
    /// The plane of its first (lowest) pair, among the level's pairs.
    pub pair: usize,
    /// Where its opened bits start, among the level's opened planes.
    pub opened: usize,
    /// Where its monomials start, among the level's monomial planes.
    pub monomials: usize,
}

/// One level of the tree: its planes are ordered lt of all pairs, then eq of all pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// How many pairs come in.
    pub pairs: usize,
    /// The nodes, lowest first; each gives one pair.
    pub nodes: Vec<Node>,
    /// How many planes are opened.
    pub opened: usize,
    /// How many planes of monomials the dealer shares.
    pub monomials: usize,
}

impl Node {
    /// The bits that are opened: as planes of the level's input.
    pub fn variables(&self, pairs: usize) -> impl Iterator<Item = usize> + '_ {
        let top = self.fan_in.saturating_sub(1);
        let lts = (0..top).map(|k| self.pair + k);
        let eqs = (usize::from(!self.with_eq)..self.fan_in).map(move |k| pairs + self.pair + k);
        lts.chain(eqs).filter(move |_| self.fan_in > 1)
    }

    /// The products, as sets of this node's variables (bit i is variable i). Those of lt first; that of eq is last.
    pub fn products(&self) -> Vec<u8> {
        if self.fan_in < 2 {
            return Vec::new();
        }
        let (top, lowest_eq) = (self.fan_in - 1, usize::from(!self.with_eq));
        let eq = |k: usize| 1u8 << (top + k - lowest_eq);
        let mut products: Vec<_> =
            (0..top).map(|k| (k + 1..self.fan_in).fold(1 << k, |product, above| product | eq(above))).collect();
        if self.with_eq {
            products.push((0..self.fan_in).fold(0, |product, k| product | eq(k)));
        }
        products
    }

    /// The sets whose monomials the dealer shares: all subsets of the products with at least two members, in order.
    pub fn monomial_sets(&self) -> Vec<u8> {
        let products = self.products();
        (1..=127u8)
            .filter(|set| set.count_ones() >= 2 && products.iter().any(|product| set & product == *set))
            .collect()
    }
}

impl Level {
    /// Of nodes that join so many neighbouring pairs each, with their eq or without.
    fn of(nodes: impl Iterator<Item = (usize, bool)>) -> Self {
        let mut level = Self { pairs: 0, nodes: Vec::new(), opened: 0, monomials: 0 };
        for (fan_in, with_eq) in nodes {
            let node = Node { fan_in, with_eq, pair: level.pairs, opened: level.opened, monomials: level.monomials };
            // Which planes are opened depends on how many pairs there are in all, how many does not.
            level.opened += node.variables(0).count();
            level.monomials += node.monomial_sets().len();
            level.pairs += fan_in;
            level.nodes.push(node);
        }
        level
    }
}

/// The nodes of a level of one tree: how many pairs each joins, and whether its eq is needed.
fn joined(pairs: usize) -> impl Iterator<Item = (usize, bool)> + Clone {
    (0..pairs).step_by(4).map(move |pair| ((pairs - pair).min(4), pair > 0))
}

/// The levels of a comparison of `pairs` nibbles, leaves first. The last level has one node.
pub fn levels(mut pairs: usize) -> Vec<Level> {
    let mut levels = Vec::new();
    while pairs > 1 {
        let level = Level::of(joined(pairs));
        pairs = level.nodes.len();
        levels.push(level);
    }
    levels
}

/// Four neighbouring nibbles of an opened number, less a public number modulo 2^16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Which nibbles: from `4 * place` on.
    pub place: usize,
    /// The public number.
    pub less: u16,
}

/// Comparisons of one opened m with several thresholds, whose trees share the nodes of the first level. Such a node compares 16
/// bits of `m - t` with those of r. These depend on 16 bits of t and on whether what is below borrows, which is public; so
/// thresholds that have the same 16 bits there, or bits that are less by one, have a node in common. From
/// the second level on each threshold has nodes of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forest {
    /// The nodes of the first level, those of the lowest bits first.
    pub nodes: Vec<Block>,
    /// For each threshold and each 16 bits: its node, and its node where what is below borrows.
    pub sources: Vec<Vec<[usize; 2]>>,
}

/// How many nodes a [`Forest`] has: what a dealer must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForestShape {
    /// Nodes of the first level, of the lowest 16 bits.
    pub lowest: u16,
    /// The other nodes of the first level.
    pub others: u16,
    /// Thresholds.
    pub roots: u8,
}

impl Forest {
    /// The comparisons with these thresholds.
    pub fn of<R: Ring>(thresholds: &[R]) -> Self {
        let (mut nodes, places) = (Vec::<Block>::new(), nibbles(R::BITS) / 4);
        let mut sources = vec![Vec::with_capacity(places); thresholds.len()];
        for place in 0..places {
            let bits = 16 * place as u32;
            for (&t, sources) in thresholds.iter().zip(&mut sources) {
                let mut node = |less| {
                    let block = Block { place, less };
                    nodes.iter().position(|&other| other == block).unwrap_or_else(|| {
                        nodes.push(block);
                        nodes.len() - 1
                    })
                };
                let less = R::low(R::shr(t, bits)) as u16;
                let usual = node(less);
                let borrows = R::shl(t, R::BITS - bits) != R::ZERO;
                sources.push([usual, if borrows { node(less.wrapping_add(1)) } else { usual }]);
            }
        }
        Self { nodes, sources }
    }

    /// Whether it has fewer nodes than a tree for each threshold.
    pub fn pays(&self) -> bool {
        self.nodes.len() < self.sources.iter().map(Vec::len).sum()
    }

    /// How many nodes it has.
    pub fn shape(&self) -> ForestShape {
        let lowest = self.nodes.iter().filter(|block| block.place == 0).count();
        let others = self.nodes.len() - lowest;
        ForestShape { lowest: lowest as u16, others: others as u16, roots: self.sources.len() as u8 }
    }
}

impl ForestShape {
    /// The most thresholds.
    pub const MOST: u8 = 64;

    /// Whether there are no more nodes than thresholds can have: two for each and each 16 bits, of up to 128.
    pub fn is_sound(self) -> bool {
        self.roots <= Self::MOST && self.lowest <= u16::from(Self::MOST) && self.others <= 14 * u16::from(Self::MOST)
    }

    /// Its levels. What the first gives has to be brought to the pairs of the second as [`Forest::sources`] says.
    pub fn levels(self, ring_bits: u32) -> Vec<Level> {
        let (lowest, all) = (usize::from(self.lowest), usize::from(self.lowest) + usize::from(self.others));
        let mut levels = vec![Level::of((0..all).map(|node| (4, node >= lowest)))];
        let mut pairs = nibbles(ring_bits) / 4;
        while pairs > 1 {
            levels.push(Level::of((0..self.roots).flat_map(|_| joined(pairs))));
            pairs = pairs.div_ceil(4);
        }
        levels
    }
}

/// Opened bits of some levels, and dealt monomials.
pub fn bits_of(levels: &[Level]) -> (usize, usize) {
    levels.iter().fold((0, 0), |(opened, dealt), level| (opened + level.opened, dealt + level.monomials))
}

/// Opened bits per comparison, over all levels.
pub fn opened_bits(ring_bits: u32) -> usize {
    bits_of(&levels(nibbles(ring_bits))).0
}

/// Dealt monomial bits per comparison, over all levels.
pub fn monomial_bits(ring_bits: u32) -> usize {
    bits_of(&levels(nibbles(ring_bits))).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_of_64_bits_has_the_documented_size() {
        let levels = levels(nibbles(64));
        assert_eq!(levels.len(), 2);
        assert_eq!((levels[0].opened, levels[0].monomials), (6 + 3 * 7, 15 + 3 * 22));
        assert_eq!((levels[1].opened, levels[1].monomials), (6, 15));
        assert_eq!((opened_bits(64), monomial_bits(64)), (33, 96));
    }

    #[test]
    fn other_rings_have_trees_too() {
        assert_eq!(levels(nibbles(32)).iter().map(|l| l.nodes.len()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(levels(nibbles(128)).iter().map(|l| l.nodes.len()).collect::<Vec<_>>(), [8, 2, 1]);
    }

    /// Thresholds 16^k and -16^k: the blocks are -16^i, 0 and 16^i, and where something below may borrow, -1, 0 and 1.
    #[test]
    fn thresholds_share_the_nodes_that_they_can() {
        let thresholds: Vec<u64> = (0..=8).flat_map(|k| [1 << (4 * k), (1u64 << (4 * k)).wrapping_neg()]).collect();
        let forest = Forest::of(&thresholds);
        assert_eq!(forest.shape(), ForestShape { lowest: 9, others: 9 + 3 + 3, roots: 18 });
        assert!(forest.pays());
        let levels = forest.shape().levels(64);
        assert_eq!((levels.len(), levels[0].pairs, levels[1].pairs), (2, 4 * 24, 4 * 18));
        assert_eq!(bits_of(&levels), (9 * 6 + 15 * 7 + 18 * 6, 9 * 15 + 15 * 22 + 18 * 15));
        // The nodes of a threshold are the blocks of m - t, whatever m is.
        for m in [0, 1, 0xFFFF, 0x1_0000, 0xFFFF_FFFF, 1 << 32, 0x1234_5678_9ABC_DEF0, u64::MAX] {
            for (&t, sources) in thresholds.iter().zip(&forest.sources) {
                for (place, &[usual, other]) in sources.iter().enumerate() {
                    let low = (1u64 << (16 * place)) - 1;
                    let node = forest.nodes[if m & low < t & low { other } else { usual }];
                    let block = ((m >> (16 * place)) as u16).wrapping_sub(node.less);
                    assert_eq!((node.place, block), (place, (m.wrapping_sub(t) >> (16 * place)) as u16), "{m:x} {t:x}");
                }
            }
        }
    }

    #[test]
    fn one_threshold_shares_nothing_and_other_rings_have_forests() {
        for t in [0u64, 1, 0x1_0000, u64::MAX, 1 << 63] {
            assert!(!Forest::of(&[t]).pays(), "{t:x}");
        }
        assert!(!Forest::of(&[786_432u64.wrapping_neg(), 786_432]).pays());
        let shape = Forest::of(&[1u128, 16, 256]).shape();
        assert_eq!(shape, ForestShape { lowest: 3, others: 14, roots: 3 });
        let nodes = |bits: u32, shape: ForestShape| -> Vec<usize> {
            shape.levels(bits).iter().map(|level| level.nodes.len()).collect()
        };
        assert_eq!(nodes(128, shape), [17, 6, 3]);
        assert_eq!(nodes(32, Forest::of(&[1u32, 16]).shape()), [4, 2]);
    }

    #[test]
    fn products_name_their_variables() {
        let node = Node { fan_in: 2, with_eq: true, pair: 4, opened: 0, monomials: 0 };
        assert_eq!(node.variables(8).collect::<Vec<_>>(), [4, 12, 13]); // lt0, eq0, eq1
        assert_eq!(node.products(), [0b101, 0b110]); // lt0 eq1, eq0 eq1
    }
}
