//! Wires: secret values with an identity, opened under their mask at most once (docs/protocol.md section 2).
//!
//! How a wire will be opened is decided when the ops that need it are recorded, from the program alone, so that all
//! parties and the dealer decide alike: a view as large as its base opens the base; a smaller one opens only its own
//! elements, under the base's mask at their positions, unless the base has been planned to be opened whole.

use super::Protocol;
use crate::{preprocessing::Mask, rand::At, scope::ScopeId, shape::View};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// What is planned for the opening of a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// All of the base, then the view of it.
    Whole,
    /// Only the view: the numbered piece of the base.
    Piece(u32),
}

/// The identity of a wire, shared by the recorded node and the running value.
#[derive(Debug)]
pub struct WireId {
    /// Its mask.
    pub mask: Mask,
    /// The row of the cost report that its opening is counted in: where it was made.
    pub scope: ScopeId,
    base: Rc<BasePlan>,
    choice: Cell<Option<Opening>>,
}

#[derive(Debug, Default)]
struct BasePlan {
    whole: Cell<bool>,
    pieces: RefCell<Vec<Vec<View>>>,
}

impl WireId {
    /// A new wire: the result of step `at`.
    pub fn fresh(at: At, len: usize) -> Rc<Self> {
        Self::masked(at.scope, Mask::fresh(at.op, at.part, len))
    }

    /// A new wire whose value one party knows: that party alone knows its mask, and sends its opening.
    pub fn owned(at: At, len: usize, owner: usize) -> Rc<Self> {
        Self::masked(at.scope, Mask::owned(at.op, at.part, len, owner))
    }

    fn masked(scope: ScopeId, mask: Mask) -> Rc<Self> {
        Rc::new(Self { mask, scope, base: Rc::default(), choice: Cell::new(None) })
    }

    /// A view of a wire.
    pub fn view(&self, view: &View) -> Rc<Self> {
        let (mask, base) = (self.mask.view(view), self.base.clone());
        Rc::new(Self { mask, scope: self.scope, base, choice: Cell::new(None) })
    }

    /// Plans the opening of this wire, the first time it is asked. Called in the order of the program.
    pub fn plan(&self) -> Opening {
        if let Some(choice) = self.choice.get() {
            return choice;
        }
        let choice = if self.base.whole.get() || self.mask.out_len() >= self.mask.len {
            self.base.whole.set(true);
            Opening::Whole
        } else {
            let pieces = &mut *self.base.pieces.borrow_mut();
            let known = pieces.iter().position(|views| *views == self.mask.views);
            let number = known.unwrap_or_else(|| {
                pieces.push(self.mask.views.clone());
                pieces.len() - 1
            });
            Opening::Piece(number as u32)
        };
        self.choice.set(Some(choice));
        choice
    }
}

/// A secret value with an identity.
pub struct Wire<P: Protocol> {
    /// What this party holds.
    pub share: P::Share,
    /// How many elements.
    pub len: usize,
    /// Its identity.
    pub id: Rc<WireId>,
    /// The base, for a view.
    pub base: Option<Rc<Wire<P>>>,
    /// What the protocol remembers of its openings.
    pub openings: P::Openings,
}

impl<P: Protocol> Wire<P> {
    /// A wire of its own.
    pub fn new(share: P::Share, len: usize, id: Rc<WireId>) -> Rc<Self> {
        Rc::new(Self { share, len, id, base: None, openings: P::Openings::default() })
    }

    /// The result of a step inside of an op.
    pub fn step(share: P::Share, len: usize, at: At) -> Rc<Self> {
        Self::new(share, len, WireId::fresh(at, len))
    }

    /// A view of a wire, with the viewed share.
    pub fn view(of: &Rc<Self>, share: P::Share, len: usize, id: Rc<WireId>) -> Rc<Self> {
        let base = Some(of.base.as_ref().unwrap_or(of).clone());
        Rc::new(Self { share, len, id, base, openings: P::Openings::default() })
    }
}

/// Shares that are uniformly random given everything that was said so far, up to their sum. Rescaling two parties'
/// shares is unbiased only then: a public factor leaves its structure in them.
pub struct Fresh<S>(pub(crate) S);

impl<S> Fresh<S> {
    /// These shares with others added: fresh they stay.
    pub fn plus(&self, add: impl FnOnce(&S) -> S) -> Self {
        Self(add(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::ScopeId;

    #[test]
    fn openings_are_planned_in_program_order() {
        let at = At { op: 1, part: 0, scope: ScopeId::default() };
        let base = WireId::fresh(at, 6);
        let all = View::of(&[3, 2].into());
        let row = |row: usize| base.view(&all.slice(0, row..row + 1, 1).unwrap());
        let (first, second, again) = (row(0), row(1), row(0));
        assert_eq!(
            (first.plan(), second.plan(), again.plan()),
            (Opening::Piece(0), Opening::Piece(1), Opening::Piece(0))
        );
        assert_eq!(base.view(&all.permute(&[1, 0]).unwrap()).plan(), Opening::Whole);
        assert_eq!((row(2).plan(), first.plan()), (Opening::Whole, Opening::Piece(0)));
    }
}
