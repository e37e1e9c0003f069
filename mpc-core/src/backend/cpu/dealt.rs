//! What a dealer makes of masks: the tables of their nibbles, and products of their bits. Pure functions of the masks.

use super::Cpu;
use crate::{
    backend::{conjunction, tree},
    ring::Ring,
};

impl Cpu {
    /// The tables of each mask: see [`tree`].
    pub fn tables<R: Ring>(&self, masks: &[R]) -> Vec<u64> {
        let (count, words) = (tree::nibbles(R::BITS), tree::table_words(R::BITS));
        let mut tables = vec![0u64; masks.len() * words];
        for (&mask, tables) in masks.iter().zip(tables.chunks_exact_mut(words)) {
            for nibble in 0..count {
                let value = R::low(R::shr(mask, 4 * nibble as u32)) & 15;
                let table = if nibble + 1 == count {
                    let (sign, value) = (value >> 3, value & 7);
                    let below = (1u64 << value) - 1; // entry i: i < value
                    1 << value | ((below ^ (0xFF * sign)) & 0xFF) << 8
                } else {
                    1 << value
                };
                tables[nibble / 4] |= table << (16 * (nibble % 4));
            }
        }
        tables
    }

    /// One-hot tables of all nibbles.
    pub fn equality_tables<R: Ring>(&self, masks: &[R]) -> Vec<u64> {
        let (count, words) = (tree::nibbles(R::BITS), tree::table_words(R::BITS));
        let mut tables = vec![0u64; masks.len() * words];
        for (&mask, tables) in masks.iter().zip(tables.chunks_exact_mut(words)) {
            for nibble in 0..count {
                let value = R::low(R::shr(mask, 4 * nibble as u32)) & 15;
                tables[nibble / 4] |= 1 << (16 * (nibble % 4) as u64 + value);
            }
        }
        tables
    }

    /// The products of the masks of groups of factors: see [`conjunction`].
    pub fn factor_products(&self, groups: &[u8], masks: &[u64], width: usize) -> Vec<u64> {
        let (mut out, mut factor) = (Vec::new(), 0);
        for &factors in groups {
            for set in conjunction::monomial_sets(usize::from(factors)) {
                for word in 0..width {
                    let members = (0..conjunction::MOST).filter(|member| set >> member & 1 == 1);
                    out.push(
                        members.fold(u64::MAX, |product, member| product & masks[(factor + member) * width + word]),
                    );
                }
            }
            factor += usize::from(factors);
        }
        out
    }

    /// The monomials of all nodes of all levels, from the masks of the opened bits.
    pub fn monomials(&self, ring_bits: u32, masks: &[u64], width: usize) -> Vec<u64> {
        let mut out = Vec::with_capacity(tree::monomial_bits(ring_bits) * width);
        let mut offset = 0;
        for level in tree::levels(tree::nibbles(ring_bits)) {
            for node in &level.nodes {
                for set in node.monomial_sets() {
                    for word in 0..width {
                        let members = (0..7).filter(|variable| set >> variable & 1 == 1);
                        let mask = |variable: usize| masks[(offset + node.opened + variable) * width + word];
                        out.push(members.fold(u64::MAX, |product, variable| product & mask(variable)));
                    }
                }
            }
            offset += level.opened;
        }
        out
    }
}
