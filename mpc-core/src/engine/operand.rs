//! Values between ops: who may know them is data here, types are erased.

use crate::{exec::Slot, protocol::WireId, rand::At, shape::Shape};
use std::{
    any::Any,
    cell::{Cell, OnceCell},
    fmt,
    rc::Rc,
};

/// Who may know a value, as the types of the program say it, erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vis {
    /// Everybody.
    Public,
    /// One party.
    Private(usize),
    /// Nobody.
    Secret,
}

impl Vis {
    /// Who may know a value made of two.
    pub fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Public, vis) | (vis, Self::Public) => vis,
            (a, b) if a == b => a,
            _ => Self::Secret,
        }
    }

    /// The identity of a new value as a wire.
    pub fn wire(self, at: At, len: usize) -> Rc<WireId> {
        match self {
            Self::Private(owner) => WireId::owned(at, len, owner),
            Self::Public | Self::Secret => WireId::fresh(at, len),
        }
    }
}

/// What the elements of a value are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Fixed-point numbers.
    Number,
    /// Bits.
    Bit,
}

/// What a party holds of a value: only the engine that made it can look inside.
#[derive(Clone)]
pub struct Value(pub(super) Rc<dyn Any>);

/// Numbers in the ring of an engine.
#[derive(Clone)]
pub struct Encoded(pub(super) Rc<dyn Any>);

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encoded")
    }
}

/// A value that is or will be there.
pub struct Operand {
    /// The op that makes it.
    pub at: At,
    /// Its shape.
    pub shape: Shape,
    /// Who may know it.
    pub vis: Vis,
    /// What its elements are.
    pub kind: Kind,
    /// Its identity as a wire.
    pub wire: Rc<WireId>,
    /// Whether this op takes part in a fusion: see [`Fusion`](crate::op::Fusion).
    pub fused: Cell<bool>,
    /// Set when the value is there.
    pub done: Slot<()>,
    pub(super) value: OnceCell<Value>,
    /// A fused product before it was rescaled.
    pub(super) wide: OnceCell<Rc<dyn Any>>,
    /// The value as shares, when a secret op asks for that of a private value.
    pub(super) widened: OnceCell<Rc<dyn Any>>,
}

impl Operand {
    /// A value to be made by step 0 of an op.
    pub fn new(at: At, shape: Shape, vis: Vis, kind: Kind, wire: Rc<WireId>) -> Self {
        let (value, wide, widened) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { at, shape, vis, kind, wire, fused: Cell::new(false), done: Slot::empty(), value, wide, widened }
    }

    /// How many elements.
    pub fn len(&self) -> usize {
        self.shape.len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.shape.is_empty()
    }

    /// Sets the value and wakes whoever waits for it.
    pub fn finish(&self, value: Value) {
        self.value.get_or_init(|| value);
        self.done.set(());
    }
}
