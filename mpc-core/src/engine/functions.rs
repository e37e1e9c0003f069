//! The engine's side of functions over the whole range of numbers, and of products at other scales.

use super::{Operand, Value, Vis, machine::Machine};
use crate::{
    backend::Backend,
    bilinear::Bilinear,
    circuits::{Plan, Wide, needs_power, needs_scaled, needs_wave, power, scaled, wave},
    preprocessing::Need,
    protocol::Protocol,
    ring::Ring,
};

impl<P: Protocol> Machine<P> {
    pub(super) async fn wide_function(&self, out: &Operand, f: &Wide, x: &Operand) -> Value {
        let protocol = &self.0;
        if out.vis != Vis::Secret {
            let exact = |x: P::Ring| P::Ring::from_i128(f.exact(P::Ring::to_i128(x)));
            return self.known(out, self.clear(x, out.vis).map(|x| protocol.backend().map(&x, &exact)));
        }
        let x = self.wire(x).await;
        let share = match f.plan(protocol.fixed()) {
            Plan::Scaled(plan) => scaled(protocol, out.at, &plan, &x).await,
            Plan::Power(plan) => power(protocol, out.at, &plan, &x).await,
            Plan::Wave(series) => wave(protocol, out.at, &series, &x).await,
        };
        self.secret(out, share)
    }

    pub(super) fn needs_wide_function(&self, out: &Operand, f: &Wide, x: &Operand) -> Vec<Need> {
        let mut needs = Vec::new();
        if out.vis == Vis::Secret {
            match f.plan(self.0.fixed()) {
                Plan::Scaled(plan) => {
                    x.wire.plan();
                    needs_scaled(&self.0, out.at, &plan, &x.wire.mask, &mut needs);
                }
                Plan::Power(plan) => {
                    x.wire.plan();
                    needs_power(&self.0, out.at, &plan, &x.wire.mask, &mut needs);
                }
                Plan::Wave(series) => needs_wave(&self.0, out.at, &series, &x.wire.mask, &mut needs),
            }
        }
        needs
    }

    pub(super) async fn shifted_product(&self, out: &Operand, bits: u32, a: &Operand, b: &Operand) -> Value {
        let (protocol, map) = (&self.0, Bilinear::Mul { len: out.len() });
        if out.vis != Vis::Secret {
            let backend = protocol.backend();
            let both = self.clear(a, out.vis).zip(self.clear(b, out.vis));
            return self.known(out, both.map(|(a, b)| backend.round_shift(&backend.bilinear(&map, &a, &b), bits)));
        }
        let (secret, public) = if a.vis == Vis::Public { (b, a) } else { (a, b) };
        let wide = match self.clear(public, Vis::Public).filter(|_| public.vis == Vis::Public) {
            Some(public) => {
                let share = protocol.bilinear_public(&map, &self.wire(secret).await.share, &public, false);
                protocol.refresh(out.at, &share)
            }
            None => {
                let (a, b) = (self.wire(a).await, self.wire(b).await);
                protocol.bilinear(out.at, &map, &a, &b).await
            }
        };
        self.secret(out, protocol.truncate(out.at, wide, bits).await)
    }

    pub(super) fn needs_shifted_product(&self, out: &Operand, bits: u32, a: &Operand, b: &Operand) -> Vec<Need> {
        let mut needs = Vec::new();
        if out.vis == Vis::Secret {
            if a.vis != Vis::Public && b.vis != Vis::Public {
                a.wire.plan();
                b.wire.plan();
                let map = Bilinear::Mul { len: out.len() };
                self.0.needs_bilinear(out.at, &map, &a.wire.mask, &b.wire.mask, &mut needs);
            }
            self.0.needs_truncate(out.at, out.len(), bits, &mut needs);
        }
        needs
    }
}
