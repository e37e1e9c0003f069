//! The exponential of an open wire (docs/protocol.md section 6): local, from the dealer's shares of the exponential of the
//! negative mask. See [`Exponential`].
//!
//! The dealer's values are functions of the mask alone, which stays hidden: only their shares are used, which are uniform in the
//! ring of 128 bits and serve one opening.

use super::{Dealer, Mask, Need, Wire};
use crate::{
    backend::{Backend, Exponential},
    preprocessing::NeedKind,
    rand::{At, Purpose},
    ring::Ring,
};
use std::rc::Rc;

pub(super) fn needs(at: At, e: &Exponential, x: &Mask) -> Need {
    let (window, from) = (e.window.log2, e.window.from);
    Need { op: at.op, part: at.part, kind: NeedKind::Decays { mask: x.clone(), window, from } }
}

impl<R: Ring, B: Backend> Dealer<R, B> {
    pub(super) async fn exponential_share(&self, at: At, e: &Exponential, x: &Rc<Wire<Self>>) -> B::Array<R> {
        let opened = self.opened(x);
        let decays = self.cx.dealt::<B, u128>(&self.backend, at, Purpose::Decays, 2 * x.len);
        let carry = Exponential::carry(self.cx.parties(), self.cx.first());
        let (m, decays) = (opened.await, decays.await);
        self.backend.exponential(e, &m, &decays, carry)
    }
}
