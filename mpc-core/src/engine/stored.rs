//! What a party holds of a value, and how the engine gets at it: in the clear, or as a wire.

use super::{Forward, Machine, Operand, Value, Vis};
use crate::{
    backend::{Backend, Bits},
    exec::Slot,
    protocol::{Array, Fresh, Protocol, Wire},
    ring::Ring,
};
use std::{any::Any, cell::OnceCell, rc::Rc};

/// A kernel of two arrays.
pub(super) type Kernel<P> = fn(&<P as Protocol>::Backend, &Array<P>, &Array<P>) -> Array<P>;

/// What is in a [`Value`].
pub(super) enum Stored<P: Protocol> {
    Public(Array<P>),
    Private(Option<Array<P>>),
    Secret(Rc<Wire<P>>),
    /// Bits that are known here, or to others.
    ClearBits(Option<Bits<P::Backend>>),
    SecretBits(P::Bits),
}

impl<P: Protocol> Clone for Stored<P> {
    fn clone(&self) -> Self {
        match self {
            Self::Public(x) => Self::Public(x.clone()),
            Self::Private(x) => Self::Private(x.clone()),
            Self::Secret(x) => Self::Secret(x.clone()),
            Self::ClearBits(x) => Self::ClearBits(x.clone()),
            Self::SecretBits(x) => Self::SecretBits(x.clone()),
        }
    }
}

/// A private value on its way to shares.
struct Widened<P: Protocol> {
    share: Slot<P::Share>,
    wire: OnceCell<Rc<Wire<P>>>,
}

impl<P: Protocol> Machine<P> {
    /// Operands are made by this engine and read when they are done: both are the executor's promises.
    pub(super) fn stored(&self, x: &Operand) -> Stored<P> {
        let value = x.value.get().and_then(|value| value.0.downcast_ref::<Stored<P>>());
        value.expect("an operand of this engine, done").clone()
    }

    /// The value at a party who may know `vis`, if that is us and it is not secret.
    pub(super) fn clear(&self, x: &Operand, vis: Vis) -> Option<Array<P>> {
        let here = !matches!(vis, Vis::Private(owner) if owner != self.0.context().me());
        match self.stored(x) {
            Stored::Public(x) => Some(x).filter(|_| here),
            Stored::Private(x) => x,
            Stored::Secret(_) | Stored::ClearBits(_) | Stored::SecretBits(_) => None,
        }
    }

    pub(super) async fn wire(&self, x: &Operand) -> Rc<Wire<P>> {
        let share = match (self.stored(x), x.vis) {
            (Stored::Secret(wire), _) => return wire,
            (Stored::Private(_), Vis::Private(_)) => {
                let widened = self.widen(x).downcast::<Widened<P>>().expect("a widening of this engine");
                let share = widened.share.clone().await;
                return widened.wire.get_or_init(|| Wire::new(share, x.len(), x.wire.clone())).clone();
            }
            (Stored::Public(value) | Stored::Private(Some(value)), _) => self.0.constant(&value),
            (Stored::Private(None) | Stored::ClearBits(_) | Stored::SecretBits(_), _) => {
                self.0.constant(&self.0.backend().fill(x.len(), P::Ring::ZERO))
            }
        };
        Wire::new(share, x.len(), x.wire.clone())
    }

    /// A private value on its way to shares, from the first time that somebody asks for them.
    pub(super) fn widen(&self, x: &Operand) -> Rc<dyn Any> {
        let widen = || -> Rc<dyn Any> {
            match (self.stored(x), x.vis) {
                (Stored::Private(value), Vis::Private(owner)) => {
                    let share = self.0.private(x.at, owner, value.as_ref(), x.len());
                    Rc::new(Widened::<P> { share, wire: OnceCell::new() })
                }
                (Stored::ClearBits(bits), Vis::Private(owner)) => {
                    Rc::new(self.0.private_bits(x.at, owner, bits.as_ref(), x.len()))
                }
                _ => unreachable!("a private operand"),
            }
        };
        x.widened.get_or_init(widen).clone()
    }

    pub(super) fn value(&self, stored: Stored<P>) -> Value {
        Value(Rc::new(stored))
    }

    pub(super) fn secret(&self, out: &Operand, share: P::Share) -> Value {
        self.value(Stored::Secret(Wire::new(share, out.len(), out.wire.clone())))
    }

    /// A result that is not secret.
    pub(super) fn known(&self, out: &Operand, value: Option<Array<P>>) -> Value {
        self.value(match (out.vis, value) {
            (Vis::Public, Some(value)) => Stored::Public(value),
            (_, value) => Stored::Private(value),
        })
    }

    pub(super) fn zip<'a>(
        &'a self,
        out: &'a Operand,
        a: &'a Operand,
        b: &'a Operand,
        clear: Kernel<P>,
        share: fn(&P, &P::Share, &P::Share) -> P::Share,
    ) -> Forward<'a> {
        Box::pin(async move {
            if out.vis == Vis::Secret {
                let (a, b) = (self.wire(a).await, self.wire(b).await);
                return self.secret(out, share(&self.0, &a.share, &b.share));
            }
            let both = self.clear(a, out.vis).zip(self.clear(b, out.vis));
            self.known(out, both.map(|(a, b)| clear(self.0.backend(), &a, &b)))
        })
    }

    pub(super) async fn rescaled(&self, out: &Operand, wide: Fresh<P::Share>, bits: u32) -> Value {
        self.secret(out, self.0.truncate(out.at, wide, bits).await)
    }
}
