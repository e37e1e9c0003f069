//! A trigonometric series of an open wire (docs/protocol.md section 6): local, from the dealer's shares of the waves of the
//! mask. See [`Series`].

use super::{Dealer, Fresh, Mask, Need, Wire};
use crate::{
    backend::{Backend, Series},
    bilinear::Linear,
    preprocessing::NeedKind,
    rand::{At, Purpose},
    ring::Ring,
};
use std::rc::Rc;

pub(super) fn needs(at: At, series: &Series, x: &Mask) -> Need {
    let (period_log2, harmonics) = (series.period_log2, series.harmonics() as u16);
    Need { op: at.op, part: at.part, kind: NeedKind::Waves { mask: x.clone(), period_log2, harmonics } }
}

impl<R: Ring, B: Backend> Dealer<R, B> {
    pub(super) async fn series_share(&self, at: At, series: &Series, x: &Rc<Wire<Self>>) -> Fresh<B::Array<R>> {
        let (backend, bits) = (&self.backend, self.fixed.bits());
        let opened = self.opened(x);
        let waves = self.cx.dealt::<B, R>(backend, at, Purpose::Waves, 2 * series.harmonics() * x.len);
        let (m, waves) = (opened.await, waves.await);
        let share = backend.series(series, bits, &m, &waves, self.cx.first());
        let share = match series.scaled_linear(bits) {
            0 => share,
            slope => backend.add(&share, &backend.linear(&Linear::Times(slope), &x.share)),
        };
        // Public factors may have common trailing zeros: shares of zero make the sum uniform again.
        Fresh(self.cx.refreshed(backend, at, &share))
    }
}
