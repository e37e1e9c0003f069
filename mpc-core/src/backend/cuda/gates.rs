//! Programs for the kernel `gates`: which products of opened bits are added for each plane of a result. bits.cuh says how
//! they are written.

use crate::backend::{
    conjunction,
    tree::{self, Node},
};

const NONE: u32 = u32::MAX;
const ONE: u32 = u32::MAX - 1;
const DEALT: u32 = 1 << 31;

/// A program in the making: the description of each plane.
#[derive(Default)]
struct Program(Vec<Vec<u32>>);

impl Program {
    /// Begins a plane, with one of the leaves or with zeros.
    fn plane(&mut self, leaf: Option<usize>) {
        self.0.push(vec![leaf.map_or(NONE, |leaf| leaf as u32), 0]);
    }

    /// Adds a product of the members of `product` to the last plane. Variable 0 has plane `opened`; of `sets` the first has
    /// plane `monomials`.
    fn product(&mut self, product: usize, sets: &[usize], opened: usize, monomials: usize) {
        let members: Vec<usize> = (0..8).filter(|variable| product >> variable & 1 == 1).collect();
        let place = |index: usize| {
            let chosen = members.iter().enumerate().filter(|(bit, _)| index >> bit & 1 == 1);
            let set = chosen.fold(0usize, |set, (_, variable)| set | 1 << variable);
            match set.count_ones() {
                0 => ONE,
                1 => opened as u32 + set.trailing_zeros(),
                _ => DEALT + (monomials + sets.iter().position(|&other| other == set).unwrap_or(0)) as u32,
            }
        };
        let Some(plane) = self.0.last_mut() else { return };
        plane[1] += 1;
        plane.push(members.len() as u32);
        plane.extend(members.iter().map(|variable| (opened + variable) as u32));
        plane.extend((0..1 << members.len()).map(place));
    }

    /// Where each plane begins, and then the planes.
    fn finish(self) -> Vec<u32> {
        let mut words = Vec::new();
        let mut at = self.0.len();
        for plane in &self.0 {
            words.push(at as u32);
            at += plane.len();
        }
        words.extend(self.0.into_iter().flatten());
        words
    }
}

/// A plane for each group of factors.
pub(super) fn conjunctions(groups: &[usize]) -> Vec<u32> {
    let (mut program, mut factor, mut monomial) = (Program::default(), 0, 0);
    for &factors in groups {
        let sets: Vec<usize> = conjunction::monomial_sets(factors).collect();
        program.plane(None);
        program.product((1 << factors) - 1, &sets, factor, monomial);
        factor += factors;
        monomial += sets.len();
    }
    program.finish()
}

/// The planes of lt of the nodes of a level, then those of eq: zeros where no eq is needed.
pub(super) fn tree_level(level: &tree::Level) -> Vec<u32> {
    let mut program = Program::default();
    let sets = |node: &Node| node.monomial_sets().into_iter().map(usize::from).collect::<Vec<_>>();
    let of_lt = |node: &Node, products: &[u8]| products.len() - usize::from(node.with_eq && node.fan_in > 1);
    let highest = |node: &Node| node.pair + node.fan_in - 1;
    for node in &level.nodes {
        let (products, sets) = (node.products(), sets(node));
        program.plane(Some(highest(node)));
        for &product in &products[..of_lt(node, &products)] {
            program.product(usize::from(product), &sets, node.opened, node.monomials);
        }
    }
    for node in &level.nodes {
        let (products, sets) = (node.products(), sets(node));
        program.plane((node.fan_in == 1).then(|| level.pairs + highest(node)));
        for &product in &products[of_lt(node, &products)..] {
            program.product(usize::from(product), &sets, node.opened, node.monomials);
        }
    }
    program.finish()
}
