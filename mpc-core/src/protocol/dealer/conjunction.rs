//! Conjunctions of shared bits, up to four in one round (multi-fan-in AND: ABY2.0, ePrint 2020/1225). Every factor is
//! opened under a mask bit; the dealer shares the products of the masks. See
//! [`conjunction`](crate::backend::conjunction).

use super::{Dealer, Need};
use crate::{
    backend::{Backend, Bits, conjunction::monomials, tree::plane},
    exec::Tag,
    preprocessing::NeedKind,
    rand::{At, Purpose},
    ring::Ring,
};

pub(super) fn needs(at: At, groups: &[usize], len: usize) -> Need {
    let groups = groups.iter().map(|&factors| factors as u8).collect();
    Need { op: at.op, part: at.part, kind: NeedKind::Conjunction { len, groups } }
}

impl<R: Ring, B: Backend> Dealer<R, B> {
    pub(super) async fn conjunctions(&self, at: At, groups: &[&[Bits<B>]], len: usize) -> Vec<Bits<B>> {
        let (backend, width) = (&self.backend, plane(len));
        let counts: Vec<usize> = groups.iter().map(|group| group.len()).collect();
        let factors = backend.stack(&groups.iter().copied().flatten().collect::<Vec<_>>());
        let address = at.address(Purpose::Factors);
        let masks = self.cx.random::<B, u64>(backend, address, 0..backend.len(&factors));
        let tag = Tag { at: address, piece: 0 };
        let opened = self.cx.open_bits(backend, tag, at.scope, &backend.xor(&factors, &masks));
        let products = self.cx.dealt::<B, u64>(backend, at, Purpose::FactorProducts, monomials(&counts) * width);
        let (opened, products) = (opened.await, products.await);
        let all = backend.conjunctions(&counts, &opened, &masks, &products, self.cx.first());
        (0..groups.len()).map(|group| backend.planes(&all, group * width..(group + 1) * width)).collect()
    }
}
