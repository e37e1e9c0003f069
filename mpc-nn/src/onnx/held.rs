//! A weight of a network: private to its owner where that is cheaper, and shares where somebody looks at it as a parameter.

use crate::Param;
use mpc_core::{Secret, Tensor, op::Handle};
use std::cell::OnceCell;

/// The opening of a weight under its mask is sent by all parties to all others, 8 bytes an element. If its owner alone knows
/// the mask, the owner alone sends it; and the others, whose share of that mask is zero, compute one product instead of two.
/// Both hold where a step multiplies the weight as it is. A view of a private value is a value of its own, with an opening
/// of its own in every request, and is shared therefore: a view of shares has the opening of what it views.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) name: String,
    private: Handle,
    /// Whether all steps that read it multiply it as it is.
    whole: bool,
    /// Shares, and the number of the node that they were first.
    shared: OnceCell<(Param, Option<u64>)>,
}

impl Held {
    #[track_caller]
    pub(super) fn new(name: String, private: Handle, whole: bool) -> Self {
        let held = Self { name, private, whole, shared: OnceCell::new() };
        if !whole {
            held.param();
        }
        held
    }

    /// As shares, from the first time that somebody asks.
    #[track_caller]
    pub(super) fn param(&self) -> &Param {
        if let Some((param, _)) = self.shared.get() {
            return param;
        }
        let param = Param::new(self.private.share().into());
        let first = param.handle().id();
        &self.shared.get_or_init(|| (param, first)).0
    }

    #[track_caller]
    pub(super) fn param_mut(&mut self) -> Option<&mut Param> {
        self.param();
        self.shared.get_mut().map(|(param, _)| param)
    }

    /// What steps compute with. Secret is what the types say; it is the owner's until somebody trains it.
    #[track_caller]
    pub(super) fn value(&self, training: bool) -> Tensor<Secret> {
        let changed = self.shared.get().is_some_and(|(param, first)| param.handle().id() != *first);
        match self.whole && !training && !changed {
            true => self.private.clone().into(),
            false => (**self.param()).clone(),
        }
    }
}
