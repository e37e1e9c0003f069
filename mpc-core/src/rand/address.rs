//! The names of values within a session.

use crate::scope::ScopeId;
use serde::{Deserialize, Serialize};

/// What a value is for, within one step of an op.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Purpose {
    /// The mask of a wire, and its opening.
    Mask,
    /// A bilinear map of two masks.
    Product,
    /// The mask of a truncation, and its opening.
    Shift,
    /// The high bits of that mask.
    ShiftHigh,
    /// The top bit of that mask.
    ShiftSign,
    /// The mask bits of a two-party truncation, and their opening.
    Wrap,
    /// The products of those mask bits.
    WrapProduct,
    /// A share of zero.
    Zero,
    /// The opening of a result.
    Reveal,
    /// An owner's value on its way to the others (clear protocol only).
    Input,
    /// The nibble tables of a comparison.
    Tables,
    /// The masks of the bits of a tree level, and their opening.
    Tree,
    /// The monomials of those masks.
    Monomials,
    /// The mask of a bit that becomes a number, and its opening.
    Choice,
    /// That mask as a number.
    ChoiceNumber,
    /// That mask times the mask of a wire.
    ChoiceProduct,
    /// Sines and cosines of a mask.
    Waves,
    /// The masks of the factors of a conjunction, and their opening.
    Factors,
    /// The products of those masks.
    FactorProducts,
    /// The mask of a choice times the top bit of the mask of a wire.
    ChoiceSign,
    /// What one party contributes to a random value.
    Own,
    /// The exponential of a negative mask.
    Decays,
}

/// The name of one value. It addresses randomness and tags messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    /// The op, below 2^48.
    pub op: u64,
    /// Which step of the op.
    pub part: u8,
    /// Which value of the step.
    pub purpose: Purpose,
}

impl Address {
    /// The number of its stream: distinct for distinct addresses.
    pub fn stream(self) -> u64 {
        debug_assert!(self.op < 1 << 48, "more than 2^48 ops");
        self.op << 16 | u64::from(self.part) << 8 | self.purpose as u64
    }
}

/// A step of an op: where its randomness is addressed and its traffic is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The op.
    pub op: u64,
    /// Which step of the op.
    pub part: u8,
    /// The row of the cost report.
    pub scope: ScopeId,
}

impl At {
    /// The k-th step after this one, in the same op. Steps of one op must have different numbers.
    pub fn step(self, k: u8) -> Self {
        Self { part: self.part.wrapping_add(k), ..self }
    }

    /// One of this step's values.
    pub fn address(self, purpose: Purpose) -> Address {
        Address { op: self.op, part: self.part, purpose }
    }
}
