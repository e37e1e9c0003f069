//! The engine's side of bits in rows: joined, their conjunctions, and one-hot rows.

use super::{Operand, Value, Vis, machine::Machine, stored::Stored};
use crate::{
    backend::{Backend, arrange, conjunction},
    preprocessing::Need,
    protocol::Protocol,
};

impl<P: Protocol> Machine<P> {
    pub(super) async fn joined_bits(&self, out: &Operand, x: &[&Operand], runs: &[usize], outer: usize) -> Value {
        if out.vis != Vis::Secret {
            let parts: Option<Vec<_>> =
                x.iter().map(|x| self.clear_bits(x, out.vis).map(|bits| (bits, x.len()))).collect();
            let joined = parts.map(|parts| {
                let parts: Vec<_> = parts.iter().map(|(bits, len)| (bits, *len)).collect();
                arrange::concat_bits(self.0.backend(), &parts, runs, outer)
            });
            return self.value(Stored::ClearBits(joined));
        }
        let mut parts = Vec::with_capacity(x.len());
        for x in x {
            parts.push((self.bits(x).await, x.len()));
        }
        let parts: Vec<_> = parts.iter().map(|(bits, len)| (bits, *len)).collect();
        self.secret_bits(self.0.concat_bits(&parts, runs, outer))
    }

    pub(super) async fn all_bits(&self, out: &Operand, x: &[&Operand]) -> Value {
        debug_assert!((1..=conjunction::MOST).contains(&x.len()), "a group of a conjunction");
        if out.vis != Vis::Secret {
            let parts: Option<Vec<_>> = x.iter().map(|x| self.clear_bits(x, out.vis)).collect();
            let all = parts.and_then(|parts| parts.into_iter().reduce(|a, b| self.0.backend().and(&a, &b)));
            return self.value(Stored::ClearBits(all));
        }
        let mut factors = Vec::with_capacity(x.len());
        for x in x {
            factors.push(self.bits(x).await);
        }
        self.secret_bits(self.0.and(out.at, &[&factors], out.len()).await.swap_remove(0))
    }

    pub(super) fn needs_all_bits(&self, out: &Operand, x: &[&Operand]) -> Vec<Need> {
        let mut needs = Vec::new();
        if out.vis == Vis::Secret {
            self.0.needs_and(out.at, &[x.len()], out.len(), &mut needs);
        }
        needs
    }

    pub(super) async fn one_hot_rows(&self, out: &Operand, classes: usize, x: &Operand) -> Value {
        if out.vis != Vis::Secret {
            let (backend, bits) = (self.0.backend(), self.0.fixed().bits());
            let rows = |x| backend.not(&backend.pack(&arrange::differences(backend, &x, classes, bits)));
            return self.value(Stored::ClearBits(self.clear(x, out.vis).map(rows)));
        }
        let x = self.wire(x).await;
        self.secret_bits(self.0.one_hot(out.at, &x, classes).await)
    }

    pub(super) fn needs_one_hot_rows(&self, out: &Operand, classes: usize, x: &Operand) -> Vec<Need> {
        let mut needs = Vec::new();
        if out.vis == Vis::Secret {
            x.wire.plan();
            self.0.needs_one_hot(out.at, &x.wire.mask, classes, &mut needs);
        }
        needs
    }
}
