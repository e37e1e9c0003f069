//! Modules: what has parameters.

use crate::{
    Buffer, Mode, Param,
    state::{self, LoadState, StateDict},
};
use mpc_core::{Party, Secret, Session, Tensor};

/// Something with parameters: a layer, or a model made of layers. Derived by `#[secure_model]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no parameters that a model could train, share or save",
    label = "this is no module",
    note = "a field of a `#[secure_model]` is a layer, a `Param`, another model, or a `Vec` or `Option` of these; mark a plain public field with `#[skip]`"
)]
pub trait Module {
    /// Shows every parameter to the visitor, in the order of the fields.
    fn visit(&self, visitor: &mut Visitor<'_>);

    /// Shows every parameter to the visitor, which may change it.
    fn visit_mut(&mut self, visitor: &mut VisitorMut<'_>);

    /// The names (such as `conv1.weight`) and parameters, in the order of the fields.
    fn parameters(&self) -> Vec<(String, Param)> {
        let mut found = Vec::new();
        self.visit(&mut Visitor::new(&mut |name, param| found.push((name.to_owned(), param.clone()))));
        found
    }

    /// The names (such as `norm1.running_mean`) and values of what is saved but not trained, in the order of the fields.
    fn buffers(&self) -> Vec<(String, Tensor<Secret>)> {
        let mut found = Vec::new();
        self.visit(&mut Visitor::of_all(&mut |name, leaf| {
            if let Leaf::Buffer(buffer) = leaf {
                found.push((name.to_owned(), buffer.get()));
            }
        }));
        found
    }

    /// Everything of the model that is saved, by name, in the order of the fields: parameters and buffers, as in PyTorch's
    /// `state_dict`.
    fn state(&self) -> Vec<(String, Tensor<Secret>)> {
        let mut found = Vec::new();
        self.visit(&mut Visitor::of_all(&mut |name, leaf| match leaf {
            Leaf::Param(param) => found.push((name.to_owned(), (**param).clone())),
            Leaf::Buffer(buffer) => found.push((name.to_owned(), buffer.get())),
            Leaf::Mode(_) => {}
        }));
        found
    }

    /// Calls `f` with the name and parameter of each.
    fn for_each_param(&mut self, mut f: impl FnMut(&str, &mut Param))
    where
        Self: Sized,
    {
        self.visit_mut(&mut VisitorMut::new(&mut f));
    }

    /// Gives every parameter and buffer the value that one party has for it: the closure runs in that party's process alone,
    /// and gives a [`StateDict`] or a `Result` of one. Sends nothing. All parties have built the same model before; names
    /// that are missing or too many, or another shape, stop the session with an [`InputError`](mpc_core::InputError) there,
    /// and the other parties hear of it. PyTorch's counters `num_batches_tracked` are passed over.
    #[track_caller]
    fn share_state_from<P: Party>(&mut self, s: &Session, load: impl LoadState)
    where
        Self: Sized,
    {
        state::share_from::<P>(s, self, load);
    }

    /// Opens all parameters and buffers to one party: the state there, nothing elsewhere. 1 round. Goes into the reveal
    /// ledger.
    ///
    /// # Errors
    /// Whatever stopped the session.
    #[track_caller]
    fn reveal_state_to<P: Party>(&self) -> impl Future<Output = mpc_core::Result<Option<StateDict>>> + use<P, Self>
    where
        Self: Sized,
    {
        state::reveal_to::<P, _>(self)
    }

    /// From here on the model is trained: dropout drops, batch normalisation uses the statistics of the batch. A new model
    /// begins like that.
    fn train(&mut self) {
        set_mode(self, true);
    }

    /// From here on the model only predicts: nothing is dropped, batch normalisation uses the running statistics. This is
    /// about layers, not about the tape: `Session::no_grad` leaves that out.
    fn eval(&mut self) {
        set_mode(self, false);
    }
}

/// Whether each part that has a mode is being trained, by name.
pub(crate) fn modes<M: Module + ?Sized>(module: &M) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    module.visit(&mut Visitor::of_all(&mut |name, leaf| {
        if let Leaf::Mode(mode) = leaf {
            found.push((name.to_owned(), mode.is_training()));
        }
    }));
    found
}

/// The modes of [`modes`], back in their parts.
pub(crate) fn set_modes<M: Module + ?Sized>(module: &mut M, modes: &[(String, bool)]) {
    module.visit_mut(&mut VisitorMut::of_all(&mut |name, leaf| {
        if let LeafMut::Mode(mode) = leaf
            && let Some((_, training)) = modes.iter().find(|(other, _)| other == name)
        {
            mode.set(*training);
        }
    }));
}

fn set_mode<M: Module + ?Sized>(module: &mut M, training: bool) {
    module.visit_mut(&mut VisitorMut::of_all(&mut |_, leaf| {
        if let LeafMut::Mode(mode) = leaf {
            mode.set(training);
        }
    }));
}

macro_rules! visitor {
    ($(#[$doc:meta])* $name:ident, $leaf:ident, $each:ident, $($mutable:tt)?) => {
        /// What a module is made of in the end.
        #[derive(Debug)]
        #[non_exhaustive]
        pub enum $leaf<'a> {
            /// Trained.
            Param(&'a $($mutable)? Param),
            /// Saved, and not trained.
            Buffer(&'a $($mutable)? Buffer),
            /// Whether this part is being trained.
            Mode(&'a $($mutable)? Mode),
        }

        enum $each<'a> {
            Params(&'a mut dyn FnMut(&str, &$($mutable)? Param)),
            All(&'a mut dyn FnMut(&str, $leaf<'_>)),
        }

        $(#[$doc])*
        pub struct $name<'a> {
            path: String,
            each: $each<'a>,
        }

        impl<'a> $name<'a> {
            /// A visitor that calls `each` with the name and parameter of every parameter, and skips the rest.
            pub fn new(each: &'a mut dyn FnMut(&str, &$($mutable)? Param)) -> Self {
                Self { path: String::new(), each: $each::Params(each) }
            }

            /// A visitor that calls `each` with the name of every leaf and with the leaf.
            pub fn of_all(each: &'a mut dyn FnMut(&str, $leaf<'_>)) -> Self {
                Self { path: String::new(), each: $each::All(each) }
            }

            /// The visitor for a part: names get `name` in front.
            pub fn enter(&mut self, name: &str) -> $name<'_> {
                let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
                let each = match &mut self.each {
                    $each::Params(each) => $each::Params(&mut **each),
                    $each::All(each) => $each::All(&mut **each),
                };
                $name { path, each }
            }

            /// Shows a parameter.
            pub fn param(&mut self, param: &$($mutable)? Param) {
                match &mut self.each {
                    $each::Params(each) => each(&self.path, param),
                    $each::All(each) => each(&self.path, $leaf::Param(param)),
                }
            }

            /// Shows state that is not trained.
            pub fn buffer(&mut self, buffer: &$($mutable)? Buffer) {
                if let $each::All(each) = &mut self.each {
                    each(&self.path, $leaf::Buffer(buffer));
                }
            }

            /// Shows whether a part is being trained.
            pub fn mode(&mut self, mode: &$($mutable)? Mode) {
                if let $each::All(each) = &mut self.each {
                    each(&self.path, $leaf::Mode(mode));
                }
            }
        }
    };
}

visitor!(
    /// Walks over the parameters of a module, or over all its leaves.
    Visitor,
    Leaf,
    Each,
);
visitor!(
    /// Walks over the parameters of a module, or over all its leaves, and may change them.
    VisitorMut,
    LeafMut,
    EachMut,
    mut
);

impl<M: Module> Module for Vec<M> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        self.iter().enumerate().for_each(|(at, module)| module.visit(&mut visitor.enter(&at.to_string())));
    }

    fn visit_mut(&mut self, visitor: &mut VisitorMut<'_>) {
        self.iter_mut().enumerate().for_each(|(at, module)| module.visit_mut(&mut visitor.enter(&at.to_string())));
    }
}

impl<M: Module> Module for Option<M> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        self.iter().for_each(|module| module.visit(visitor));
    }

    fn visit_mut(&mut self, visitor: &mut VisitorMut<'_>) {
        self.iter_mut().for_each(|module| module.visit_mut(visitor));
    }
}

impl<M: Module + ?Sized> Module for Box<M> {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        (**self).visit(visitor);
    }

    fn visit_mut(&mut self, visitor: &mut VisitorMut<'_>) {
        (**self).visit_mut(visitor);
    }
}

macro_rules! tuples {
    ($(($($part:ident $at:tt),+);)+) => {$(
        /// Parts are named by their place.
        impl<$($part: Module),+> Module for ($($part,)+) {
            fn visit(&self, visitor: &mut Visitor<'_>) {
                $(self.$at.visit(&mut visitor.enter(stringify!($at)));)+
            }

            fn visit_mut(&mut self, visitor: &mut VisitorMut<'_>) {
                $(self.$at.visit_mut(&mut visitor.enter(stringify!($at)));)+
            }
        }
    )+};
}
tuples! {
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
}
