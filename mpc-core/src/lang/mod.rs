//! What `#[secure_model]` turns `if`, comparisons and logic into. The macro writes the same call for every type, and the
//! types decide: on `bool` and plain numbers each function here does what the construct does in ordinary Rust, and on
//! tensors it records.
//!
//! Not meant to be called by hand: `if x > y { a } else { b }` is easier to read than
//! `choose(gt(&x, &y), || a, || b)`.

mod calls;
mod choose;
mod compare;
mod integers;
mod logic;
mod merge;
mod public;
mod select;
mod twin;

pub use calls::{field, model, within};
pub use choose::{Condition, choose, choose_with};
pub use compare::{Compare, Equate, eq, ge, gt, le, lt, ne};
pub use logic::{Logic, and, or};
pub use merge::{Holds, Kept, Merge};
pub use public::{
    MayAct, MayAssert, MayGuard, MayLeave, MayLoop, PublicIndex, PublicScrutinee, index, may_act, may_assert,
    may_guard, may_leave, may_loop, scrutinee,
};
pub use select::{Select, Selectable, selectable};
pub use twin::AnyVisibility;

mod sealed {
    /// Implemented for nothing: what needs it never applies.
    pub trait Never {
        /// Anything, which is never asked for.
        fn never<T>() -> T;
    }
}
