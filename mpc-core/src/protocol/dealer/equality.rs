//! Equality of an open wire with a public t (PROTOCOLS.md section 4, the eq tree alone). With x = m - r, x is t iff the
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

/// The groups of the levels for a ring.
fn levels(ring_bits: u32) -> Vec<Vec<usize>> {
    let (mut levels, mut count) = (Vec::new(), tree::nibbles(ring_bits));
    while count > 1 {
        let level = groups(count);
        count = level.len();
        levels.push(level);
    }
    levels
}

pub(super) fn needs(at: At, ring_bits: u32, x: &Mask) -> Vec<Need> {
    let tables = Need { op: at.op, part: at.part, kind: NeedKind::Equal { mask: x.clone() } };
    let levels = levels(ring_bits).into_iter().enumerate();
    let levels = levels.map(|(number, groups)| conjunction::needs(at.step(number as u8), &groups, x.out_len()));
    std::iter::once(tables).chain(levels).collect()
}

impl<R: Ring, B: Backend> Dealer<R, B> {
    pub(super) async fn equality(&self, at: At, x: &Rc<Wire<Self>>, t: R) -> Bits<B> {
        let (backend, width) = (&self.backend, plane(x.len));
        let opened = self.opened(x);
        let words = x.len * tree::table_words(R::BITS);
        let tables = self.cx.dealt::<B, u64>(backend, at, Purpose::Tables, words);
        let leaves = backend.equal_nibbles(&backend.add_scalar(&opened.await, R::neg(t)), &tables.await);
        let plane = |number: usize| backend.planes(&leaves, number * width..(number + 1) * width);
        let mut bits: Vec<Bits<B>> = (0..tree::nibbles(R::BITS)).map(plane).collect();
        for (number, level) in levels(R::BITS).into_iter().enumerate() {
            let mut rest = &bits[..];
            let groups: Vec<&[Bits<B>]> = level
                .into_iter()
                .map(|count| {
                    let (group, after) = rest.split_at(count);
                    rest = after;
                    group
                })
                .collect();
            bits = self.conjunctions(at.step(number as u8), &groups, x.len).await;
        }
        bits.swap_remove(0)
    }
}
