//! A whole number below a public count as a one-hot row of bits. With x = m - r open, x is the class t iff the public
//! m - t equals the dealer's r; since |x - t| is below the count, the nibbles that can differ decide: two for up to 256
//! classes, at 16 fractional bits. The tables of r serve every class.

use super::{Dealer, Mask, Need, Wire, equality};
use crate::{
    backend::{
        Backend, Bits,
        arrange::{differences, repeat_rows},
        tree::{self, plane},
    },
    preprocessing::NeedKind,
    rand::{At, Purpose},
    ring::Ring,
};
use std::{ops::Range, rc::Rc};

/// The nibbles in which whole numbers below `classes` differ, at a scale of `bits` bits.
fn nibbles(ring_bits: u32, bits: u32, classes: usize) -> Range<usize> {
    let width = usize::BITS - classes.saturating_sub(1).leading_zeros();
    let (first, last) = ((bits / 4) as usize, (bits + width).div_ceil(4) as usize);
    first..last.clamp(first + 1, tree::nibbles(ring_bits))
}

pub(super) fn needs(at: At, ring_bits: u32, bits: u32, x: &Mask, classes: usize) -> Vec<Need> {
    let tables = Need { op: at.op, part: at.part, kind: NeedKind::Equal { mask: x.clone() } };
    let count = nibbles(ring_bits, bits, classes).len();
    std::iter::once(tables).chain(equality::needs_all(at, count, x.out_len() * classes)).collect()
}

impl<R: Ring, B: Backend> Dealer<R, B> {
    pub(super) async fn one_hot_bits(&self, at: At, x: &Rc<Wire<Self>>, classes: usize) -> Bits<B> {
        let (backend, len) = (&self.backend, x.len * classes);
        let words = tree::table_words(R::BITS);
        let opened = self.opened(x);
        let tables = self.cx.dealt::<B, u64>(backend, at, Purpose::Tables, x.len * words);
        let c = differences(backend, &opened.await, classes, self.fixed.bits());
        let leaves = backend.equal_nibbles(&c, &repeat_rows(backend, &tables.await, words, classes));
        let plane = |number: usize| backend.planes(&leaves, number * plane(len)..(number + 1) * plane(len));
        let bits = nibbles(R::BITS, self.fixed.bits(), classes).map(plane).collect();
        self.all_of(at, bits, len).await
    }
}

#[cfg(test)]
mod tests {
    use super::nibbles;

    #[test]
    fn few_classes_need_few_nibbles() {
        let of = |bits, classes| nibbles(64, bits, classes);
        assert_eq!((of(16, 1), of(16, 16), of(16, 17), of(16, 256), of(16, 65536)), (4..5, 4..5, 4..6, 4..6, 4..8));
        assert_eq!((of(10, 4), of(10, 5), of(24, 1000)), (2..3, 2..4, 6..9));
    }
}
