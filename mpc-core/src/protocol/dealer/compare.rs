//! Comparison of an open wire with public thresholds (docs/protocol.md section 4). With x = m - r and c = m - t public,
//! `msb(x - t) = msb(c) ^ msb(r) ^ [c mod 2^(k-1) < r mod 2^(k-1)]`; the dealer shares the one-hot tables of r's nibbles
//! once for all thresholds, since r is the same; the tree of [`tree`] joins them.

use super::{Dealer, Mask, Need, Wire};
use crate::{
    backend::{
        Backend, Bits,
        tree::{self, Level, plane},
    },
    exec::Tag,
    preprocessing::NeedKind,
    rand::{At, Purpose},
    ring::Ring,
};
use futures_util::future::join_all;
use std::rc::Rc;

pub(super) fn needs(at: At, x: &Mask, thresholds: usize) -> Need {
    Need { op: at.op, part: at.part, kind: NeedKind::Compare { mask: x.clone(), thresholds: thresholds as u8 } }
}

impl<R: Ring, B: Backend> Dealer<R, B> {
    pub(super) async fn compare(&self, at: At, x: &Rc<Wire<Self>>, thresholds: &[R]) -> Vec<Bits<B>> {
        let opened = self.opened(x);
        let tables = self.cx.dealt::<B, u64>(&self.backend, at, Purpose::Tables, x.len * tree::table_words(R::BITS));
        let (m, tables) = (opened.await, tables.await);
        let below = self.backend.nibbles_below(&m, thresholds, &tables).into_iter().enumerate();
        join_all(below.map(|(k, [leaves, signs])| self.tree(at.step(k as u8), leaves, signs))).await
    }

    /// The levels of the tree: one round each.
    async fn tree(&self, at: At, mut leaves: Bits<B>, signs: Bits<B>) -> Bits<B> {
        let (backend, width) = (&self.backend, self.backend.len(&signs));
        let levels = tree::levels(tree::nibbles(R::BITS));
        let total: usize = levels.iter().map(|level| level.monomials).sum();
        let monomials = self.cx.dealt::<B, u64>(backend, at, Purpose::Monomials, total * width);
        let (mut monomials, mut offset) = (Err(monomials), 0);
        let mut dealt = 0;
        for (number, level) in levels.iter().enumerate() {
            let address = at.address(Purpose::Tree);
            let range = offset * width..(offset + level.opened) * width;
            let masks = self.cx.random::<B, u64>(backend, address, range);
            let hidden = backend.xor(&variables(backend, level, &leaves, width), &masks);
            let tag = Tag { at: address, piece: number as u32 };
            let opened = self.cx.open_bits(backend, tag, at.scope, &hidden).await;
            let all = match monomials {
                Ok(all) => all,
                Err(awaited) => awaited.await,
            };
            let own = backend.planes(&all, dealt * width..(dealt + level.monomials) * width);
            monomials = Ok(all);
            leaves = backend.tree_level(level, &leaves, &opened, &masks, &own, self.cx.first());
            offset += level.opened;
            dealt += level.monomials;
        }
        let root = backend.planes(&leaves, 0..width);
        if self.cx.first() { backend.xor(&root, &signs) } else { root }
    }
}

/// The planes that a level opens.
fn variables<B: Backend>(backend: &B, level: &Level, leaves: &Bits<B>, width: usize) -> Bits<B> {
    let plane = |at: usize| backend.planes(leaves, at * width..(at + 1) * width);
    let planes: Vec<_> = level.nodes.iter().flat_map(|node| node.variables(level.pairs)).map(plane).collect();
    backend.stack(&planes.iter().collect::<Vec<_>>())
}

/// Words of the tree's masks for `len` elements.
pub(super) fn mask_words(ring_bits: u32, len: usize) -> usize {
    tree::opened_bits(ring_bits) * plane(len)
}
