//! Blocks of opened numbers (see [`Forest`](super::tree::Forest)) by the other methods of a backend: for those that have no kernels
//! for them, and to compare kernels with.

use super::{
    Backend, Bits,
    tree::{self, Block},
};
use crate::{bilinear::Linear, ring::Ring};

/// See [`Backend::nibbles_of_blocks`].
pub(super) fn nibbles<R: Ring, B: Backend>(
    backend: &B,
    m: &B::Array<R>,
    blocks: &[Block],
    tables: &Bits<B>,
) -> Bits<B> {
    let (width, count) = (tree::plane(backend.len(m)), tree::nibbles(R::BITS));
    let look_up = |block: &Block| {
        // Nothing is borrowed from below the block, since nothing is subtracted there.
        let less = R::shl(R::from_i128(block.less.into()), 16 * block.place as u32);
        backend.nibbles(&backend.add_scalar(m, R::neg(less)), tables)
    };
    let found: Vec<_> = blocks.iter().map(look_up).collect();
    let planes = |first: usize| {
        found.iter().zip(blocks).map(move |(planes, block)| {
            let from = first + 4 * block.place;
            backend.planes(planes, from * width..(from + 4) * width)
        })
    };
    backend.stack(&planes(0).chain(planes(count)).collect::<Vec<_>>().iter().collect::<Vec<_>>())
}

/// See [`Backend::borrows`].
pub(super) fn borrows<R: Ring, B: Backend>(backend: &B, m: &B::Array<R>, cuts: &[(u32, R)]) -> Bits<B> {
    let borrow = |&(bits, t): &(u32, R)| {
        let up = R::BITS - bits;
        if up >= 63 {
            let mask = R::sub(R::shl(R::ONE, bits), R::ONE);
            let t = R::and(t, mask);
            return backend.top_bits(&backend.map(m, &|m| R::sub(R::and(m, mask), t)));
        }
        // At the top of the ring, where the top bits of both and of their difference tell.
        let (m, t) = (backend.linear(&Linear::Times(1 << up), m), R::shl(t, up));
        let (top, difference) = (backend.top_bits(&m), backend.top_bits(&backend.add_scalar(&m, R::neg(t))));
        match R::msb(t) {
            0 => backend.and(&backend.not(&top), &difference),
            _ => backend.not(&backend.and(&top, &backend.not(&difference))),
        }
    };
    backend.stack(&cuts.iter().map(borrow).collect::<Vec<_>>().iter().collect::<Vec<_>>())
}
