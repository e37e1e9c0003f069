//! Truncation without wrap failures (docs/protocol.md sections 3 and 3b): the floor or one unit more, with the probability of
//! the dropped fraction, for |z| < 2^(k-2). Never an error of another size.

use super::{Dealer, Need};
use crate::{
    backend::tree::plane,
    backend::{Backend, ByBit},
    exec::{Route, Tag},
    preprocessing::NeedKind,
    rand::{At, Purpose},
    ring::Ring,
};

pub(super) fn needs(at: At, parties: usize, len: usize, bits: u32) -> Option<Need> {
    let kind = match (bits, parties) {
        (0, _) => return None,
        (_, 2) => NeedKind::TruncateByBit { len },
        _ => NeedKind::TruncateOpened { len, bits },
    };
    Some(Need { op: at.op, part: at.part, kind })
}

impl<R: Ring, B: Backend> Dealer<R, B> {
    /// z + 2^(k-2): not negative.
    fn lifted(&self, z: &B::Array<R>) -> B::Array<R> {
        if self.cx.first() { self.backend.add_scalar(z, R::shl(R::ONE, R::BITS - 2)) } else { z.clone() }
    }

    /// Two parties: each opens the top bit of its share under a mask bit of its own.
    pub(super) async fn truncate_by_bit(&self, at: At, z: B::Array<R>, bits: u32) -> B::Array<R> {
        let (backend, len) = (&self.backend, self.backend.len(&z));
        let (z, words) = (self.lifted(&z), plane(len));
        let own = at.address(Purpose::Wrap);
        let mask = self.cx.random::<B, u64>(backend, own, 0..words);
        let payload = backend.to_wire(&backend.xor(&backend.top_bits(&z), &mask));
        let kernels = backend.clone();
        let opened = self.cx.exchange(Tag { at: own, piece: 0 }, Route::All, at.scope, payload, move |parts| {
            let part = |at: usize| kernels.xor_wire(parts.as_ref().and_then(|p| p.get(at..=at)).unwrap_or(&[]), words);
            (part(0), part(1))
        });
        let products = self.cx.dealt::<B, R>(backend, at, Purpose::WrapProduct, len);
        let (a, b) = opened.await;
        let (products, first) = (products.await, self.cx.first());
        backend.truncate_by_bit(ByBit { z: &z, opened: [&a, &b], mask: &mask, products: &products, bits, first })
    }

    /// Any number of parties: z is opened under a mask whose high part and top bit the dealer shares.
    pub(super) async fn truncate_opened(&self, at: At, z: B::Array<R>, bits: u32) -> B::Array<R> {
        let (backend, len) = (&self.backend, self.backend.len(&z));
        let address = at.address(Purpose::Shift);
        let masked = backend.add(&self.lifted(&z), &self.cx.random(backend, address, 0..len));
        let opened = self.cx.open::<B, R>(backend, Tag { at: address, piece: 0 }, Route::All, at.scope, &masked);
        let high = self.cx.dealt::<B, R>(backend, at, Purpose::ShiftHigh, len);
        let sign = self.cx.dealt::<B, R>(backend, at, Purpose::ShiftSign, len);
        let (m, high, sign) = (opened.await, high.await, sign.await);
        backend.truncate_opened(&m, &high, &sign, bits, self.cx.first())
    }
}
