//! The engine's side of a fused ReLU: see [`Fusion`](crate::op::Fusion).

use super::{Operand, Value, machine::Machine, stored::Stored};
use crate::{
    preprocessing::{Mask, Need},
    protocol::{Fresh, Protocol, Wire},
    rand::At,
};
use std::rc::Rc;

/// The step of a product at which its result before the rescale is a wire.
const WIDE: u8 = 8;

fn wide_at(product: &Operand) -> At {
    product.at.step(WIDE)
}

fn wide_mask(product: &Operand) -> Mask {
    let at = wide_at(product);
    Mask::fresh(at.op, at.part, product.len())
}

impl<P: Protocol> Machine<P> {
    /// Rescales a product by opening it under a mask, and keeps that wire for the comparison that follows.
    pub(super) async fn rescaled_openly(&self, out: &Operand, wide: Fresh<P::Share>, bits: u32) -> Value {
        let z = Wire::step(wide.0, out.len(), wide_at(out));
        out.wide.get_or_init(|| z.clone());
        self.secret(out, self.0.truncate_wire(out.at, &z, bits).await)
    }

    pub(super) fn needs_rescaled_openly(&self, out: &Operand, bits: u32, needs: &mut Vec<Need>) {
        self.0.needs_truncate_wire(out.at, &wide_mask(out), bits, needs);
    }

    /// The wire that a fused product was rescaled from.
    fn wide(&self, product: &Operand) -> Rc<Wire<P>> {
        let wire = product.wide.get().and_then(|wire| wire.clone().downcast().ok());
        wire.expect("a fused product of this engine, done")
    }

    /// Where the product is not negative.
    pub(super) async fn wide_sign(&self, out: &Operand, product: &Operand) -> Value {
        let zero = self.0.fixed().nearest(0.0);
        let negative = self.0.less_than(out.at, &self.wide(product), &[zero]).await.swap_remove(0);
        self.value(Stored::SecretBits(self.0.not(&negative)))
    }

    pub(super) fn needs_wide_sign(&self, out: &Operand, product: &Operand) -> Vec<Need> {
        let mut needs = Vec::new();
        self.0.needs_less_than(out.at, &wide_mask(product), &[self.0.fixed().nearest(0.0)], &mut needs);
        needs
    }

    /// The product where the bits are set, else 0.
    pub(super) async fn kept_product(&self, out: &Operand, bits: &Operand, product: &Operand) -> Value {
        let (z, y, bits) = (self.wide(product), self.wire(product).await, self.bits(bits).await);
        let shift = self.0.fixed().bits();
        self.secret(out, self.0.choose_truncated(out.at, &bits, &z, &y.share, shift).await)
    }

    pub(super) fn needs_kept_product(&self, out: &Operand, product: &Operand) -> Vec<Need> {
        let mut needs = Vec::new();
        self.0.needs_choose_truncated(out.at, &wide_mask(product), self.0.fixed().bits(), &mut needs);
        needs
    }
}
