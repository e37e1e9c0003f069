//! Bilinear maps of masked wires (docs/protocol.md section 2). With x = m_x - l_x:
//!
//! ```text
//! [B(x, y)]_i = B(m_x, (i==0) m_y - [l_y]_i) - B([l_x]_i, m_y) + [B(l_x, l_y)]_i
//! ```
//!
//! Two local maps a party, both added to one buffer, and one correction of the result's size from the dealer.

use super::{Dealer, Fresh, Mask, Need, Wire};
use crate::{
    backend::{Backend, Masked},
    bilinear::Bilinear,
    preprocessing::NeedKind,
    rand::{At, Purpose},
    ring::Ring,
};
use std::rc::Rc;

pub(super) fn needs(at: At, map: &Bilinear, a: &Mask, b: &Mask) -> Need {
    let kind = NeedKind::Product { map: *map, a: a.clone(), b: b.clone() };
    Need { op: at.op, part: at.part, kind }
}

impl<R: Ring, B: Backend> Dealer<R, B> {
    pub(super) async fn bilinear_share(
        &self,
        at: At,
        map: &Bilinear,
        a: &Rc<Wire<Self>>,
        b: &Rc<Wire<Self>>,
    ) -> Fresh<B::Array<R>> {
        let backend = &self.backend;
        let (opened_a, opened_b) = (self.opened(a), self.opened(b));
        let dealt = self.cx.dealt::<B, R>(backend, at, Purpose::Product, map.out_len());
        let (m_a, m_b) = (opened_a.await, opened_b.await);
        let (l_a, l_b) = (self.mask(&a.id.mask), self.mask(&b.id.mask));
        let (opened, masks) = ([&m_a, &m_b], [&l_a, &l_b]);
        // Fresh: the dealer's shares of B(l_x, l_y) are uniform and serve no other value.
        Fresh(backend.masked_bilinear(map, Masked { opened, masks, dealt: &dealt.await, first: self.cx.first() }))
    }
}
