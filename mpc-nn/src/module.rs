//! Modules: what has parameters.

use crate::{
    Param,
    state::{self, LoadState, StateDict},
};
use mpc_core::{Party, Session};

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

    /// Calls `f` with the name and parameter of each.
    fn for_each_param(&mut self, mut f: impl FnMut(&str, &mut Param))
    where
        Self: Sized,
    {
        self.visit_mut(&mut VisitorMut::new(&mut f));
    }

    /// Gives every parameter the value that one party has for it: the closure runs in that party's process alone, and gives
    /// a [`StateDict`] or a `Result` of one. Sends nothing. All parties have built the same model before; names that are
    /// missing or too many, or another shape, stop the session with an [`InputError`](mpc_core::InputError) there, and the
    /// other parties hear of it.
    #[track_caller]
    fn share_state_from<P: Party>(&mut self, s: &Session, load: impl LoadState)
    where
        Self: Sized,
    {
        state::share_from::<P>(s, self, load);
    }

    /// Opens all parameters to one party: the state there, nothing elsewhere. 1 round. Goes into the reveal ledger.
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
}

macro_rules! visitor {
    ($(#[$doc:meta])* $name:ident, $param:ty) => {
        $(#[$doc])*
        pub struct $name<'a> {
            path: String,
            each: &'a mut dyn FnMut(&str, $param),
        }

        impl<'a> $name<'a> {
            /// A visitor that calls `each` with the name and parameter of every leaf.
            pub fn new(each: &'a mut dyn FnMut(&str, $param)) -> Self {
                Self { path: String::new(), each }
            }

            /// The visitor for a part: names get `name` in front.
            pub fn enter(&mut self, name: &str) -> $name<'_> {
                let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
                $name { path, each: self.each }
            }

            /// Shows a parameter.
            pub fn param(&mut self, param: $param) {
                (self.each)(&self.path, param);
            }
        }
    };
}

visitor!(
    /// Walks over the parameters of a module.
    Visitor,
    &Param
);
visitor!(
    /// Walks over the parameters of a module and may change them.
    VisitorMut,
    &mut Param
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
