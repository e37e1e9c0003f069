//! Groups of parameters.

use std::{fmt, rc::Rc};

/// Parameters that an optimiser treats differently, chosen by name: the names of
/// [`Module::parameters`](crate::Module::parameters), such as `encoder.0.weight`.
#[derive(Clone)]
pub struct Group {
    chosen: Rc<dyn Fn(&str) -> bool>,
    pub(super) lr: Option<f64>,
    pub(super) weight_decay: Option<f64>,
    pub(super) frozen: bool,
}

impl Group {
    /// The parameters whose names the closure accepts.
    pub fn new(chosen: impl Fn(&str) -> bool + 'static) -> Self {
        Self { chosen: Rc::new(chosen), lr: None, weight_decay: None, frozen: false }
    }

    /// A learning rate of their own; the schedule multiplies it too.
    #[must_use]
    pub fn lr(mut self, lr: f64) -> Self {
        self.lr = Some(lr);
        self
    }

    /// A weight decay of their own.
    #[must_use]
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = Some(weight_decay);
        self
    }

    /// They do not move, and their gradients are not computed.
    #[must_use]
    pub fn frozen(mut self) -> Self {
        self.frozen = true;
        self
    }

    pub(super) fn has(&self, name: &str) -> bool {
        (self.chosen)(name)
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lr, weight_decay, frozen, .. } = self;
        write!(f, "group(lr {lr:?}, weight decay {weight_decay:?}, frozen {frozen})")
    }
}
