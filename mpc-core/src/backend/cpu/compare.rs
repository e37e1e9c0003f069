//! Products of opened bits under mask bits, on packed planes: the nodes of the comparison tree, and conjunctions. See
//! [`tree`](crate::backend::tree).

use super::parts::{self, Vectorised};
use crate::{
    backend::{
        conjunction,
        tree::{self, Node},
    },
    level::Level,
};

/// Words of a plane that are computed at once.
const LANES: usize = 8;
/// Words of a plane that a thread makes at a time.
const PART: usize = parts::PART / 64;

type Lanes = [u64; LANES];

/// What the parties opened, and this party's shares of the masks and of the products of masks: planes of one width.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    pub(super) opened: &'a [u64],
    pub(super) masks: &'a [u64],
    pub(super) monomials: &'a [u64],
    /// Whether this is party 0.
    pub(super) first: bool,
}

/// Where a party finds its share of a product of masks: the constant one, or a plane.
#[derive(Clone, Copy)]
enum Slot {
    One,
    Mask(usize),
    Monomial(usize),
}

/// A product of up to four bits.
struct Product {
    /// The planes of its factors.
    factors: Vec<usize>,
    /// The shares of the products of their masks: bit i of the index is factor i.
    shares: Vec<Slot>,
}

impl Product {
    /// Of the members of `product`, variables of which the first has plane `opened`; `sets` are those whose monomials are
    /// dealt, the first at plane `monomials`.
    fn new(product: usize, sets: &[usize], opened: usize, monomials: usize) -> Self {
        let members: Vec<usize> = (0..8).filter(|variable| product >> variable & 1 == 1).collect();
        debug_assert!(members.len() <= conjunction::MOST, "a gate of at most four inputs");
        let slot = |index: usize| {
            let chosen = members.iter().enumerate().filter(|(bit, _)| index >> bit & 1 == 1);
            let set = chosen.fold(0usize, |set, (_, variable)| set | 1 << variable);
            match set.count_ones() {
                0 => Slot::One,
                1 => Slot::Mask(opened + set.trailing_zeros() as usize),
                _ => Slot::Monomial(monomials + sets.iter().position(|&other| other == set).unwrap_or(0)),
            }
        };
        let shares = (0..1 << members.len()).map(slot).collect();
        Self { factors: members.iter().map(|variable| opened + variable).collect(), shares }
    }

    /// This party's share of the product of the bits `opened ^ mask`, one variable at a time.
    #[inline(always)]
    fn share(&self, shared: &Shared<'_>, width: usize, word: usize) -> Lanes {
        let mut shares = [[0; LANES]; 1 << conjunction::MOST];
        for (share, slot) in shares.iter_mut().zip(&self.shares) {
            *share = match *slot {
                Slot::One => [u64::MAX * u64::from(shared.first); LANES],
                Slot::Mask(plane) => load(shared.masks, plane, width, word),
                Slot::Monomial(plane) => load(shared.monomials, plane, width, word),
            };
        }
        let mut half = self.shares.len();
        for &factor in self.factors.iter().rev() {
            half /= 2;
            let value = load(shared.opened, factor, width, word);
            for low in 0..half {
                let high = shares[low + half];
                let share = &mut shares[low];
                (0..LANES).for_each(|lane| share[lane] = high[lane] ^ share[lane] & value[lane]);
            }
        }
        shares[0]
    }
}

/// Words of a plane from `word` on; zeros beyond its end.
#[inline(always)]
fn load(planes: &[u64], plane: usize, width: usize, word: usize) -> Lanes {
    let words = &planes[plane * width + word..(plane + 1) * width];
    words.first_chunk().copied().unwrap_or_else(|| {
        let mut lanes = [0; LANES];
        lanes.iter_mut().zip(words).for_each(|(lane, &word)| *lane = word);
        lanes
    })
}

/// Those words, as far as the plane goes.
#[inline(always)]
fn store(lanes: Lanes, plane: &mut [u64], word: usize) {
    plane[word..].iter_mut().zip(lanes).for_each(|(word, lane)| *word = lane);
}

/// Jobs for a part of every plane of a result: its first word, and its words of the planes.
fn over_parts(out: &mut [u64], width: usize, job: impl Fn(usize, Vec<&mut [u64]>) + Sync) {
    let jobs = parts::planes(out, width, PART).into_iter().enumerate().collect();
    parts::each(64 * width, jobs, |(number, planes)| job(number * PART, planes));
}

/// The conjunction of each group of factors.
pub(super) fn conjunctions(level: Level, groups: &[usize], shared: Shared<'_>) -> Vec<u64> {
    let width = shared.opened.len() / groups.iter().sum::<usize>().max(1);
    let (mut products, mut factor, mut monomial) = (Vec::with_capacity(groups.len()), 0, 0);
    for &factors in groups {
        let sets: Vec<usize> = conjunction::monomial_sets(factors).collect();
        products.push(Product::new((1 << factors) - 1, &sets, factor, monomial));
        factor += factors;
        monomial += sets.len();
    }
    let mut out = vec![0; groups.len() * width];
    over_parts(&mut out, width, |start, planes| {
        level.run(Conjunctions { products: &products, shared, width, start, planes });
    });
    out
}

struct Conjunctions<'a> {
    products: &'a [Product],
    shared: Shared<'a>,
    width: usize,
    start: usize,
    planes: Vec<&'a mut [u64]>,
}

impl Vectorised for Conjunctions<'_> {
    #[inline(always)]
    fn run(self) {
        for (product, plane) in self.products.iter().zip(self.planes) {
            for word in (0..plane.len()).step_by(LANES) {
                store(product.share(&self.shared, self.width, self.start + word), plane, word);
            }
        }
    }
}

/// A node with its products: those of lt, then that of eq.
struct Gate<'a> {
    node: &'a Node,
    products: Vec<Product>,
}

/// One level of the comparison tree: the planes of lt of its nodes, then those of eq.
pub(super) fn tree_level(level: Level, tree: &tree::Level, leaves: &[u64], shared: Shared<'_>) -> Vec<u64> {
    let width = leaves.len() / (2 * tree.pairs);
    let gate = |node| {
        let node: &Node = node;
        let sets: Vec<usize> = node.monomial_sets().into_iter().map(usize::from).collect();
        let product = |set| Product::new(usize::from(set), &sets, node.opened, node.monomials);
        Gate { node, products: node.products().into_iter().map(product).collect() }
    };
    let gates: Vec<_> = tree.nodes.iter().map(gate).collect();
    let mut out = vec![0; 2 * gates.len() * width];
    over_parts(&mut out, width, |start, mut planes| {
        let eqs = planes.split_off(gates.len());
        level.run(Gates { gates: &gates, pairs: tree.pairs, leaves, shared, width, start, lts: planes, eqs });
    });
    out
}

struct Gates<'a> {
    gates: &'a [Gate<'a>],
    pairs: usize,
    leaves: &'a [u64],
    shared: Shared<'a>,
    width: usize,
    start: usize,
    lts: Vec<&'a mut [u64]>,
    eqs: Vec<&'a mut [u64]>,
}

impl Vectorised for Gates<'_> {
    #[inline(always)]
    fn run(self) {
        let Self { gates, pairs, leaves, shared, width, start, lts, eqs } = self;
        for (Gate { node, products }, (lts, eqs)) in gates.iter().zip(lts.into_iter().zip(eqs)) {
            let highest = node.pair + node.fan_in - 1;
            let of_lt = products.len() - usize::from(node.with_eq && node.fan_in > 1);
            for word in (0..lts.len()).step_by(LANES) {
                let mut lt = load(leaves, highest, width, start + word);
                for product in &products[..of_lt] {
                    let share = product.share(&shared, width, start + word);
                    (0..LANES).for_each(|lane| lt[lane] ^= share[lane]);
                }
                store(lt, lts, word);
                match products.get(of_lt) {
                    Some(eq) => store(eq.share(&shared, width, start + word), eqs, word),
                    None if node.fan_in == 1 => store(load(leaves, pairs + highest, width, start + word), eqs, word),
                    None => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(seed: u64, len: usize) -> Vec<u64> {
        let one = |i: u64| (i + 77 * seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(i as u32 ^ seed as u32);
        (0..len as u64).map(|i| one(one(i))).collect()
    }

    /// The exclusive or of what two parties compute, from shares of the masks and of their products.
    fn both(sets: &[(usize, usize)], values: &[u64], width: usize, run: impl Fn(Shared<'_>) -> Vec<u64>) -> Vec<u64> {
        let masks = words(1, values.len());
        let opened: Vec<u64> = values.iter().zip(&masks).map(|(v, m)| v ^ m).collect();
        let product = |&(first, set): &(usize, usize), word: usize| {
            let members = (0..8).filter(move |variable| set >> variable & 1 == 1);
            members.fold(u64::MAX, |product, variable| product & masks[(first + variable) * width + word])
        };
        let monomials: Vec<u64> = sets.iter().flat_map(|set| (0..width).map(move |word| product(set, word))).collect();
        let split = |all: &[u64], seed| {
            let one = words(seed, all.len());
            [all.iter().zip(&one).map(|(a, b)| a ^ b).collect(), one]
        };
        let (masks, monomials) = (split(&masks, 2), split(&monomials, 3));
        let share = |party: usize| {
            let (masks, monomials) = (&masks[party], &monomials[party]);
            run(Shared { opened: &opened, masks, monomials, first: party == 0 })
        };
        share(0).iter().zip(share(1)).map(|(a, b)| a ^ b).collect()
    }

    fn levels() -> impl Iterator<Item = Level> {
        Level::ALL.into_iter().filter(|level| level.supported())
    }

    #[test]
    fn conjunctions_are_right_at_every_level() {
        for (groups, width) in [(vec![4, 4], 19), (vec![1, 2, 3], 8), (vec![3], 1), (vec![2, 4], 1100), (vec![4], 0)] {
            let (mut sets, mut first) = (Vec::new(), 0);
            for &factors in &groups {
                sets.extend(conjunction::monomial_sets(factors).map(|set| (first, set)));
                first += factors;
            }
            let values = words(4, first * width);
            let (mut expected, mut first) = (Vec::new(), 0);
            for &factors in &groups {
                let all = |word| (first..first + factors).fold(u64::MAX, |all, at| all & values[at * width + word]);
                expected.extend((0..width).map(all));
                first += factors;
            }
            for level in levels() {
                let found = both(&sets, &values, width, |shared| conjunctions(level, &groups, shared));
                assert!(found == expected, "{level}: {groups:?}, {width} words");
            }
        }
    }

    #[test]
    fn levels_of_the_tree_are_right_at_every_level_of_instructions() {
        for (pairs, width) in [(16, 19), (4, 8), (5, 3), (2, 1), (9, 1100)] {
            let tree = &tree::levels(pairs)[0];
            let leaves = words(5, 2 * pairs * width);
            let (mut sets, mut opened) = (Vec::new(), Vec::new());
            for node in &tree.nodes {
                sets.extend(node.monomial_sets().into_iter().map(|set| (node.opened, usize::from(set))));
                node.variables(pairs).for_each(|at| opened.extend_from_slice(&leaves[at * width..(at + 1) * width]));
            }
            for level in levels() {
                // Party 1 has no share of the leaves, and no plane of the other's is counted twice.
                let none = vec![0; leaves.len()];
                let found = both(&sets, &opened, width, |shared| {
                    tree_level(level, tree, if shared.first { &leaves } else { &none }, shared)
                });
                for (at, node) in tree.nodes.iter().enumerate() {
                    for word in 0..width {
                        let of = |plane: usize| leaves[plane * width + word];
                        let pairs_of = node.pair..node.pair + node.fan_in;
                        let (lt, eq) = pairs_of.fold((0, u64::MAX), |(lt, eq), pair| {
                            // Not exclusive for random leaves, and the formula is of exclusive ors.
                            (of(pair) ^ of(pairs + pair) & lt, eq & of(pairs + pair))
                        });
                        assert!(found[at * width + word] == lt, "{level}: lt of node {at}");
                        let kept = node.with_eq || node.fan_in == 1;
                        let eq = if kept { eq } else { 0 };
                        assert!(found[(tree.nodes.len() + at) * width + word] == eq, "{level}: eq of node {at}");
                    }
                }
            }
        }
    }
}
