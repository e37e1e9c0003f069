//! Equality of an open wire with a public t (docs/protocol.md section 4, the eq tree alone). With x = m - r, x is t iff the
//! public m - t equals the dealer's r: nibble by nibble by one-hot tables, joined by conjunctions of four.

use super::{Dealer, Mask, Need, Wire, conjunction};
use crate::{
    backend::{
        Backend, Bits,
        conjunction::groups,
        tree::{self, plane},
    },
    preprocessing::NeedKind,
    rand::{At, Purpose},
    ring::Ring,
};
use std::rc::Rc;

/// The groups of the levels that join `count` bits.
fn levels(mut count: usize) -> Vec<Vec<usize>> {
    let mut levels = Vec::new();
    while count > 1 {
        let level = groups(count);
        count = level.len();
        levels.push(level);
    }
    levels
}

/// What [`Dealer::all_of`] needs.
pub(super) fn needs_all(at: At, count: usize, len: usize) -> impl Iterator<Item = Need> {
    let levels = levels(count).into_iter().enumerate();
    levels.map(move |(number, groups)| conjunction::needs(at.step(number as u8), &groups, len))
}

pub(super) fn needs(at: At, ring_bits: u32, x: &Mask) -> Vec<Need> {
    let tables = Need { op: at.op, part: at.part, kind: NeedKind::Equal { mask: x.clone() } };
    std::iter::once(tables).chain(needs_all(at, tree::nibbles(ring_bits), x.out_len())).collect()
}

impl<R: Ring, B: Backend> Dealer<R, B> {
    pub(super) async fn equality(&self, at: At, x: &Rc<Wire<Self>>, t: R) -> Bits<B> {
        let (backend, width) = (&self.backend, plane(x.len));
        let opened = self.opened(x);
        let words = x.len * tree::table_words(R::BITS);
        let tables = self.cx.dealt::<B, u64>(backend, at, Purpose::Tables, words);
        let leaves = backend.equal_nibbles(&backend.add_scalar(&opened.await, R::neg(t)), &tables.await);
        let plane = |number: usize| backend.planes(&leaves, number * width..(number + 1) * width);
        self.all_of(at, (0..tree::nibbles(R::BITS)).map(plane).collect(), x.len).await
    }

    /// The conjunction of some bits, at least one: a round and a part for each level of four.
    pub(super) async fn all_of(&self, at: At, mut bits: Vec<Bits<B>>, len: usize) -> Bits<B> {
        for (number, level) in levels(bits.len()).into_iter().enumerate() {
            let mut rest = &bits[..];
            let groups: Vec<&[Bits<B>]> = level
                .into_iter()
                .map(|count| {
                    let (group, after) = rest.split_at(count);
                    rest = after;
                    group
                })
                .collect();
            bits = self.conjunctions(at.step(number as u8), &groups, len).await;
        }
        bits.swap_remove(0)
    }
}
