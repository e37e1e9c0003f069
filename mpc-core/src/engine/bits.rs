//! The engine's side of bits: comparisons, logic, and bits that select numbers.

use super::{Operand, Value, Vis, machine::Machine, stored::Stored};
use crate::{
    backend::{Backend, Bits, tree::plane},
    bilinear::Linear,
    exec::{Route, Slot},
    preprocessing::Need,
    protocol::{Array, Protocol},
    ring::Ring,
    shape::View,
};

/// How a number compares with a public one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `x < t`.
    Less,
    /// `x >= t`.
    NotLess,
    /// `x == t`.
    Equal,
    /// `x != t`.
    NotEqual,
}

/// How two bits combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Logic {
    /// `a & b`.
    And,
    /// `a | b`.
    Or,
    /// `a ^ b`.
    Xor,
}

impl Comparison {
    fn of_order(self) -> bool {
        matches!(self, Self::Less | Self::NotLess)
    }

    fn negated(self) -> bool {
        matches!(self, Self::NotLess | Self::NotEqual)
    }
}

impl<P: Protocol> Machine<P> {
    /// The bits at a party who may know `vis`, if that is us.
    pub(super) fn clear_bits(&self, x: &Operand, vis: Vis) -> Option<Bits<P::Backend>> {
        let here = !matches!(vis, Vis::Private(owner) if owner != self.0.context().me());
        match self.stored(x) {
            Stored::ClearBits(bits) => bits.filter(|_| here),
            _ => None,
        }
    }

    /// The bits as shares.
    pub(super) async fn bits(&self, x: &Operand) -> P::Bits {
        match (self.stored(x), x.vis) {
            (Stored::SecretBits(bits), _) => bits,
            (Stored::ClearBits(_), Vis::Private(_)) => {
                let slot = self.widen(x).downcast::<Slot<P::Bits>>().expect("a widening of this engine");
                (*slot).clone().await
            }
            (Stored::ClearBits(Some(bits)), _) => self.0.constant_bits(&bits),
            // A secret, at a client.
            (Stored::ClearBits(None), _) => self.0.constant_bits(&self.0.backend().fill(plane(x.len()), 0)),
            _ => unreachable!("an operand of bits"),
        }
    }

    pub(super) fn secret_bits(&self, bits: P::Bits) -> Value {
        self.value(Stored::SecretBits(bits))
    }

    pub(super) fn decode_bits(&self, x: &Operand) -> Option<Vec<f64>> {
        let bits = self.clear_bits(x, x.vis)?;
        let backend = self.0.backend();
        let numbers = backend.download(&backend.bits_to_ring::<P::Ring>(&bits, x.len()));
        Some(numbers.into_iter().map(|x| P::Ring::low(x) as f64).collect())
    }

    pub(super) async fn compared(&self, out: &Operand, how: Comparison, threshold: f64, x: &Operand) -> Value {
        let (protocol, t) = (&self.0, self.0.fixed().nearest::<P::Ring>(threshold));
        if out.vis != Vis::Secret {
            let backend = protocol.backend();
            let test = |x: P::Ring| {
                let difference = P::Ring::sub(x, t);
                let holds = if how.of_order() { P::Ring::msb(difference) == 1 } else { difference == P::Ring::ZERO };
                if holds != how.negated() { P::Ring::ONE } else { P::Ring::ZERO }
            };
            let bits = self.clear(x, out.vis).map(|x| backend.pack(&backend.map(&x, &test)));
            return self.value(Stored::ClearBits(bits));
        }
        if out.fused.get() {
            return self.wide_sign(out, x).await;
        }
        let x = self.wire(x).await;
        let bits = if how.of_order() {
            protocol.less_than(out.at, &x, &[t]).await.swap_remove(0)
        } else {
            protocol.equal(out.at, &x, t).await
        };
        self.secret_bits(if how.negated() { protocol.not(&bits) } else { bits })
    }

    pub(super) fn needs_compared(&self, out: &Operand, how: Comparison, x: &Operand) -> Vec<Need> {
        let mut needs = Vec::new();
        if out.fused.get() {
            return self.needs_wide_sign(out, x);
        }
        if out.vis == Vis::Secret {
            x.wire.plan();
            match how.of_order() {
                // Which threshold it is makes no difference if there is but one.
                true => self.0.needs_less_than(out.at, &x.wire.mask, &[P::Ring::ZERO], &mut needs),
                false => self.0.needs_equal(out.at, &x.wire.mask, &mut needs),
            }
        }
        needs
    }

    pub(super) async fn combined_bits(&self, out: &Operand, how: Logic, a: &Operand, b: &Operand) -> Value {
        let protocol = &self.0;
        if out.vis != Vis::Secret {
            let backend = protocol.backend();
            let both = self.clear_bits(a, out.vis).zip(self.clear_bits(b, out.vis));
            let combine = |(a, b): (Bits<P::Backend>, Bits<P::Backend>)| match how {
                Logic::And => backend.and(&a, &b),
                Logic::Xor => backend.xor(&a, &b),
                Logic::Or => backend.not(&backend.and(&backend.not(&a), &backend.not(&b))),
            };
            return self.value(Stored::ClearBits(both.map(combine)));
        }
        let (a, b) = (self.bits(a).await, self.bits(b).await);
        let factors = match how {
            Logic::Xor => return self.secret_bits(protocol.xor(&a, &b)),
            Logic::And => [a, b],
            Logic::Or => [protocol.not(&a), protocol.not(&b)],
        };
        let product = protocol.and(out.at, &[&factors], out.len()).await.swap_remove(0);
        self.secret_bits(if how == Logic::Or { protocol.not(&product) } else { product })
    }

    pub(super) fn needs_combined_bits(&self, out: &Operand, how: Logic, _: &Operand, _: &Operand) -> Vec<Need> {
        let mut needs = Vec::new();
        if out.vis == Vis::Secret && how != Logic::Xor {
            self.0.needs_and(out.at, &[2], out.len(), &mut needs);
        }
        needs
    }

    pub(super) async fn complement(&self, out: &Operand, x: &Operand) -> Value {
        match out.vis {
            Vis::Secret => self.secret_bits(self.0.not(&self.bits(x).await)),
            vis => self.value(Stored::ClearBits(self.clear_bits(x, vis).map(|bits| self.0.backend().not(&bits)))),
        }
    }

    pub(super) async fn view_bits(&self, out: &Operand, view: &View, x: &Operand) -> Value {
        match out.vis {
            Vis::Secret => self.secret_bits(self.0.view_bits(view, &self.bits(x).await, x.len())),
            vis => {
                let viewed = |bits| self.0.backend().view_bits(view, &bits, x.len());
                self.value(Stored::ClearBits(self.clear_bits(x, vis).map(viewed)))
            }
        }
    }

    pub(super) async fn reveal_bits(&self, out: &Operand, x: &Operand, route: Route) -> Value {
        let bits = self.bits(x).await;
        self.value(Stored::ClearBits(self.0.reveal_bits(out.at, &bits, route).await))
    }

    /// 0 or 1 at the scale of numbers.
    fn scaled(&self, number: &P::Share) -> P::Share {
        self.0.linear(&Linear::Times(1 << self.0.fixed().bits()), number)
    }

    pub(super) async fn bits_as_numbers(&self, out: &Operand, bits: &Operand) -> Value {
        if out.vis != Vis::Secret {
            let (backend, times) = (self.0.backend(), Linear::Times(1 << self.0.fixed().bits()));
            let numbers = |bits| backend.linear(&times, &backend.bits_to_ring(&bits, out.len()));
            return self.known(out, self.clear_bits(bits, out.vis).map(numbers));
        }
        let bits = self.bits(bits).await;
        let chosen = self.0.choose(out.at, &bits, out.len(), &[]).await;
        self.secret(out, self.scaled(&chosen.number))
    }

    pub(super) fn needs_bits_as_numbers(&self, out: &Operand, _: &Operand) -> Vec<Need> {
        let mut needs = Vec::new();
        if out.vis == Vis::Secret {
            self.0.needs_choose(out.at, out.len(), &[], &mut needs);
        }
        needs
    }

    pub(super) async fn kept(&self, out: &Operand, bits: &Operand, x: &Operand) -> Value {
        if out.fused.get() {
            return self.kept_product(out, bits, x).await;
        }
        let (protocol, backend) = (&self.0, self.0.backend());
        let select =
            |bits: &Bits<P::Backend>, x: &Array<P>| backend.choose(bits, x, &backend.fill(out.len(), P::Ring::ZERO));
        if out.vis != Vis::Secret {
            let both = self.clear_bits(bits, out.vis).zip(self.clear(x, out.vis));
            return self.known(out, both.map(|(bits, x)| select(&bits, &x)));
        }
        // A public bit costs nothing; a secret bit of a public number is that number times the bit.
        match (bits.vis, x.vis) {
            (Vis::Public, _) => {
                let Some(bits) = self.clear_bits(bits, Vis::Public) else { unreachable!("public bits are known here") };
                let number = backend.bits_to_ring(&bits, out.len());
                let map = crate::bilinear::Bilinear::Mul { len: out.len() };
                self.secret(out, protocol.bilinear_public(&map, &self.wire(x).await.share, &number, false))
            }
            (_, Vis::Public) => {
                let Some(x) = self.clear(x, Vis::Public) else { unreachable!("a public value is known here") };
                let bits = self.bits(bits).await;
                let chosen = protocol.choose(out.at, &bits, out.len(), &[]).await;
                let map = crate::bilinear::Bilinear::Mul { len: out.len() };
                self.secret(out, protocol.bilinear_public(&map, &chosen.number, &x, false))
            }
            _ => {
                let (bits, x) = (self.bits(bits).await, self.wire(x).await);
                let chosen = protocol.choose(out.at, &bits, out.len(), std::slice::from_ref(&x)).await;
                self.secret(out, chosen.products.into_iter().next().unwrap_or(chosen.number))
            }
        }
    }

    pub(super) fn needs_kept(&self, out: &Operand, bits: &Operand, x: &Operand) -> Vec<Need> {
        if out.fused.get() {
            return self.needs_kept_product(out, x);
        }
        let mut needs = Vec::new();
        if out.vis == Vis::Secret && bits.vis != Vis::Public {
            match x.vis {
                Vis::Public => self.0.needs_choose(out.at, out.len(), &[], &mut needs),
                _ => {
                    x.wire.plan();
                    self.0.needs_choose(out.at, out.len(), std::slice::from_ref(&x.wire.mask), &mut needs);
                }
            }
        }
        needs
    }
}
