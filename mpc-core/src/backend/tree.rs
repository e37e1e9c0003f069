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

/// The levels of a comparison of `pairs` nibbles, leaves first. The last level has one node.
pub fn levels(mut pairs: usize) -> Vec<Level> {
    let mut levels = Vec::new();
    while pairs > 1 {
        let mut level = Level { pairs, nodes: Vec::new(), opened: 0, monomials: 0 };
        let mut pair = 0;
        while pair < pairs {
            let (fan_in, with_eq) = ((pairs - pair).min(4), pair > 0);
            let node = Node { fan_in, with_eq, pair, opened: level.opened, monomials: level.monomials };
            level.opened += node.variables(pairs).count();
            level.monomials += node.monomial_sets().len();
            pair += fan_in;
            level.nodes.push(node);
        }
        pairs = level.nodes.len();
        levels.push(level);
    }
    levels
}

/// Opened bits per comparison, over all levels.
pub fn opened_bits(ring_bits: u32) -> usize {
    levels(nibbles(ring_bits)).iter().map(|level| level.opened).sum()
}

/// Dealt monomial bits per comparison, over all levels.
pub fn monomial_bits(ring_bits: u32) -> usize {
    levels(nibbles(ring_bits)).iter().map(|level| level.monomials).sum()
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

    #[test]
    fn products_name_their_variables() {
        let node = Node { fan_in: 2, with_eq: true, pair: 4, opened: 0, monomials: 0 };
        assert_eq!(node.variables(8).collect::<Vec<_>>(), [4, 12, 13]); // lt0, eq0, eq1
        assert_eq!(node.products(), [0b101, 0b110]); // lt0 eq1, eq0 eq1
    }
}
