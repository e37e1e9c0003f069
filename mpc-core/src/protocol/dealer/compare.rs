//! Comparison of an open wire with public thresholds (docs/protocol.md section 4). With x = m - r and c = m - t public,
//! `msb(x - t) = msb(c) ^ msb(r) ^ [c mod 2^(k-1) < r mod 2^(k-1)]`; the dealer shares the one-hot tables of r's nibbles
//! once for all thresholds, since r is the same; the tree of [`tree`] joins them. Where thresholds have blocks of 16 bits in common,
//! their trees share nodes: see [`Forest`].

use super::{Dealer, Mask, Need, Wire};
use crate::{
    backend::{
        Backend, Bits,
        tree::{self, Forest, Level, plane},
    },
    exec::Tag,
    preprocessing::NeedKind,
    rand::{At, Purpose},
    ring::Ring,
};
use futures_util::future::{FutureExt, LocalBoxFuture, join_all};
use std::rc::Rc;

pub(super) fn needs<R: Ring>(at: At, x: &Mask, thresholds: &[R]) -> Need {
    let (mask, forest) = (x.clone(), Forest::of(thresholds));
    let kind = match forest.pays() {
        true => NeedKind::CompareTogether { mask, forest: forest.shape() },
        false => NeedKind::Compare { mask, thresholds: thresholds.len() as u8 },
    };
    Need { op: at.op, part: at.part, kind }
}

/// One tree, or several, from the leaves to the root: what is left of the masks and monomials of its levels.
struct Climb<'a, R: Ring, B: Backend> {
    protocol: &'a Dealer<R, B>,
    at: At,
    /// Words of a plane.
    width: usize,
    monomials: Dealt<B>,
    /// Planes of masks, planes of monomials and levels that are done.
    masked: usize,
    multiplied: usize,
    level: u32,
}

/// What comes from the dealer, and is waited for when it is first needed.
enum Dealt<B: Backend> {
    Awaited(LocalBoxFuture<'static, Bits<B>>),
    Here(Bits<B>),
}

impl<R: Ring, B: Backend> Climb<'_, R, B> {
    /// The planes that a level makes of its leaves: one round.
    async fn level(&mut self, level: &Level, leaves: Bits<B>) -> Bits<B> {
        let (backend, cx, width) = (&self.protocol.backend, &self.protocol.cx, self.width);
        let address = self.at.address(Purpose::Tree);
        let masks = cx.random::<B, u64>(backend, address, self.masked * width..(self.masked + level.opened) * width);
        let hidden = backend.xor(&variables(backend, level, &leaves, width), &masks);
        let tag = Tag { at: address, piece: self.level };
        let opened = cx.open_bits(backend, tag, self.at.scope, &hidden).await;
        if let Dealt::Awaited(awaited) = &mut self.monomials {
            self.monomials = Dealt::Here(awaited.await);
        }
        let Dealt::Here(all) = &self.monomials else { unreachable!("awaited just now") };
        let range = self.multiplied * width..(self.multiplied + level.monomials) * width;
        let joined = backend.tree_level(level, &leaves, &opened, &masks, &backend.planes(all, range), cx.first());
        self.masked += level.opened;
        self.multiplied += level.monomials;
        self.level += 1;
        joined
    }
}

impl<R: Ring, B: Backend> Dealer<R, B> {
    pub(super) async fn compare(&self, at: At, x: &Rc<Wire<Self>>, thresholds: &[R]) -> Vec<Bits<B>> {
        let forest = Forest::of(thresholds);
        let opened = self.opened(x);
        let tables = self.cx.dealt::<B, u64>(&self.backend, at, Purpose::Tables, x.len * tree::table_words(R::BITS));
        let (m, tables) = (opened.await, tables.await);
        if forest.pays() {
            return self.forest(at, &forest, &m, thresholds, &tables).await;
        }
        let below = self.backend.nibbles_below(&m, thresholds, &tables).into_iter().enumerate();
        join_all(below.map(|(k, [leaves, signs])| self.tree(at.step(k as u8), leaves, signs))).await
    }

    fn climb(&self, at: At, width: usize, levels: &[Level]) -> Climb<'_, R, B> {
        let monomials = self.cx.dealt::<B, u64>(&self.backend, at, Purpose::Monomials, tree::bits_of(levels).1 * width);
        let monomials = Dealt::Awaited(monomials.boxed_local());
        Climb { protocol: self, at, width, monomials, masked: 0, multiplied: 0, level: 0 }
    }

    /// The levels of one tree.
    async fn tree(&self, at: At, mut leaves: Bits<B>, signs: Bits<B>) -> Bits<B> {
        let (width, levels) = (self.backend.len(&signs), tree::levels(tree::nibbles(R::BITS)));
        let mut climb = self.climb(at, width, &levels);
        for level in &levels {
            leaves = climb.level(level, leaves).await;
        }
        let root = self.backend.planes(&leaves, 0..width);
        if self.cx.first() { self.backend.xor(&root, &signs) } else { root }
    }

    /// The levels of trees that share nodes.
    async fn forest(
        &self,
        at: At,
        forest: &Forest,
        m: &B::Array<R>,
        thresholds: &[R],
        tables: &Bits<B>,
    ) -> Vec<Bits<B>> {
        let (backend, width) = (&self.backend, plane(self.backend.len(m)));
        let levels = forest.shape().levels(R::BITS);
        let mut climb = self.climb(at, width, &levels);
        let mut planes = backend.nibbles_of_blocks(m, &forest.nodes, tables);
        for (number, level) in levels.iter().enumerate() {
            planes = climb.level(level, planes).await;
            if number == 0 {
                planes = self.pairs_of_thresholds(forest, m, thresholds, &planes);
            }
        }
        let root = |k: usize| backend.planes(&planes, k * width..(k + 1) * width);
        if !self.cx.first() {
            return (0..thresholds.len()).map(root).collect();
        }
        // msb(m - t): that of m, that of t, and the borrow from below it.
        let top = [backend.top_bits(m), backend.not(&backend.top_bits(m))];
        let borrows = backend.borrows(m, &thresholds.iter().map(|&t| (R::BITS - 1, t)).collect::<Vec<_>>());
        let borrow = |k: usize| backend.planes(&borrows, k * width..(k + 1) * width);
        let sign = |(k, &t): (usize, &R)| backend.xor(&top[R::msb(t) as usize], &borrow(k));
        thresholds.iter().enumerate().map(|at| backend.xor(&root(at.0), &sign(at))).collect()
    }

    /// What the nodes of the first level of a forest found, for each threshold and block: from one node or from another, as what is
    /// below the block borrows or not. That is public.
    fn pairs_of_thresholds(&self, forest: &Forest, m: &B::Array<R>, thresholds: &[R], nodes: &Bits<B>) -> Bits<B> {
        let (backend, width) = (&self.backend, plane(self.backend.len(m)));
        let plane = |of: &Bits<B>, at: usize| backend.planes(of, at * width..(at + 1) * width);
        let sources = || {
            let all = forest.sources.iter().zip(thresholds);
            all.flat_map(|(sources, &t)| sources.iter().enumerate().map(move |(place, source)| (place, source, t)))
        };
        let cut =
            |(place, [usual, other], t): (usize, &[usize; 2], R)| (usual != other).then_some((16 * place as u32, t));
        let borrows = backend.borrows(m, &sources().filter_map(cut).collect::<Vec<_>>());
        let (mut lt, mut eq, mut borrow) = (Vec::new(), Vec::new(), 0);
        for (_, &[usual, other], _) in sources() {
            let bits = (usual != other).then(|| plane(&borrows, borrow));
            borrow += usize::from(bits.is_some());
            for (first, found) in [(0, &mut lt), (forest.nodes.len(), &mut eq)] {
                let from = plane(nodes, first + usual);
                found.push(match &bits {
                    None => from,
                    Some(bits) => {
                        let change = backend.xor(&from, &plane(nodes, first + other));
                        backend.xor(&from, &backend.and(bits, &change))
                    }
                });
            }
        }
        backend.stack(&lt.iter().chain(&eq).collect::<Vec<_>>())
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
