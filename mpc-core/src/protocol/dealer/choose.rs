//! A shared bit becomes a number, and multiplies open wires (docs/protocol.md section 5). The bit b is opened once under a
//! mask bit, e = b ^ beta; the dealer shares beta as a number and times the masks of the wires. With x = m - l:
//!
//! ```text
//! beta x = m beta - beta l        b = e ? 1 - beta : beta        b x = e ? x - beta x : beta x
//! ```

use super::{Chosen, Dealer, Mask, Need, Wire};
use crate::{
    backend::{Backend, Bits, tree::plane},
    exec::Tag,
    preprocessing::NeedKind,
    rand::{At, Purpose},
    ring::Ring,
};
use std::rc::Rc;

pub(super) fn needs(at: At, len: usize, wires: &[Mask]) -> Need {
    Need { op: at.op, part: at.part, kind: NeedKind::Choice { len, wires: wires.to_vec() } }
}

impl<R: Ring, B: Backend> Dealer<R, B> {
    pub(super) async fn choose_share(
        &self,
        at: At,
        bit: &Bits<B>,
        len: usize,
        wires: &[Rc<Wire<Self>>],
    ) -> Chosen<Self> {
        let backend = &self.backend;
        let address = at.address(Purpose::Choice);
        let mask = self.cx.random::<B, u64>(backend, address, 0..plane(len));
        let e = self.cx.open_bits(backend, Tag { at: address, piece: 0 }, at.scope, &backend.xor(bit, &mask));
        let opened: Vec<_> = wires.iter().map(|wire| self.opened(wire)).collect();
        let beta = self.cx.dealt::<B, R>(backend, at, Purpose::ChoiceNumber, len);
        let products: Vec<_> = (0..wires.len())
            .map(|k| self.cx.dealt::<B, R>(backend, at.step(k as u8), Purpose::ChoiceProduct, len))
            .collect();
        let (e, beta) = (e.await, beta.await);
        let one = backend.fill(len, if self.cx.first() { R::ONE } else { R::ZERO });
        let number = backend.flip(&e, &one, &beta);
        let mut chosen = Chosen { number, products: Vec::with_capacity(wires.len()) };
        for ((wire, m), masks) in wires.iter().zip(opened).zip(products) {
            let hidden = backend.product_less(&m.await, &beta, &masks.await);
            chosen.products.push(backend.flip(&e, &wire.share, &hidden));
        }
        chosen
    }
}
