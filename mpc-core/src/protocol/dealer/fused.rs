//! Truncation, sign and choice on one opening (docs/protocol.md section 5): a product z at double scale is opened once, under
//! its mask r. Its truncation y, its sign, and the sign times y all follow from that opening; y itself is never opened.
//! With m = z + 2^(k-2) + r and a choice bit under the mask bit beta:
//!
//! ```text
//! [y]      = (i==0) ((m >> f) - 2^(k-2-f))    - [r >> f]        + (1 - msb m) 2^(k-f) [msb r]
//! [y beta] =        ((m >> f) - 2^(k-2-f)) [beta] - [(r >> f) beta] + (1 - msb m) 2^(k-f) [(msb r) beta]
//! ```

use super::{Dealer, Mask, Need, Wire};
use crate::{
    backend::{Backend, Bits, tree::plane},
    exec::Tag,
    preprocessing::NeedKind,
    rand::{At, Purpose},
    ring::Ring,
};
use std::rc::Rc;

pub(super) fn needs_truncate(at: At, z: &Mask, bits: u32) -> Need {
    Need { op: at.op, part: at.part, kind: NeedKind::TruncateMasked { mask: z.clone(), bits } }
}

pub(super) fn needs_choose(at: At, z: &Mask, bits: u32) -> Need {
    Need { op: at.op, part: at.part, kind: NeedKind::ChoiceTruncated { mask: z.clone(), bits } }
}

impl<R: Ring, B: Backend> Dealer<R, B> {
    /// z + 2^(k-2) + r in the clear.
    async fn lifted_opening(&self, z: &Rc<Wire<Self>>) -> B::Array<R> {
        self.backend.add_scalar(&self.opened(z).await, R::shl(R::ONE, R::BITS - 2))
    }

    pub(super) async fn truncate_masked(&self, at: At, z: &Rc<Wire<Self>>, bits: u32) -> B::Array<R> {
        let backend = &self.backend;
        let high = self.cx.dealt::<B, R>(backend, at, Purpose::ShiftHigh, z.len);
        let sign = self.cx.dealt::<B, R>(backend, at, Purpose::ShiftSign, z.len);
        let m = self.lifted_opening(z).await;
        backend.truncate_opened(&m, &high.await, &sign.await, bits, self.cx.first())
    }

    pub(super) async fn choose_masked(
        &self,
        at: At,
        bit: &Bits<B>,
        z: &Rc<Wire<Self>>,
        y: &B::Array<R>,
        bits: u32,
    ) -> B::Array<R> {
        let (backend, len) = (&self.backend, z.len);
        let address = at.address(Purpose::Choice);
        let mask = self.cx.random::<B, u64>(backend, address, 0..plane(len));
        let e = self.cx.open_bits(backend, Tag { at: address, piece: 0 }, at.scope, &backend.xor(bit, &mask));
        let beta = self.cx.dealt::<B, R>(backend, at, Purpose::ChoiceNumber, len);
        let high = self.cx.dealt::<B, R>(backend, at, Purpose::ChoiceProduct, len);
        let sign = self.cx.dealt::<B, R>(backend, at, Purpose::ChoiceSign, len);
        let m = self.lifted_opening(z).await;
        let (beta, high, sign) = (beta.await, high.await, sign.await);
        let hidden = backend.truncated_product(&m, [&beta, &high, &sign], bits);
        backend.flip(&e.await, y, &hidden)
    }
}
