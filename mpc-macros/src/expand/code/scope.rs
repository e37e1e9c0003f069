//! The local variables that are in scope.

use syn::ext::IdentExt;
use syn::visit::Visit;
use syn::{Expr, FnArg, Ident, Local, Member, Pat, PatIdent, Signature, Type};

/// A local variable.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) name: Ident,
    /// Declared `mut`.
    pub(super) mutable: bool,
    /// A parameter of a type `&mut T`: what is changed through it is changed elsewhere.
    pub(super) borrowed: bool,
    /// Has a value already.
    pub(super) assigned: bool,
    /// Stands for something of `self`, or runs over it: perhaps a layer. The name of the field; empty if there are several.
    pub(super) part: Option<String>,
}

/// Scopes within scopes.
#[derive(Default)]
pub(super) struct Scopes {
    stack: Vec<Vec<Variable>>,
    /// Whether the function is a method on `&mut self`.
    exclusive: bool,
}

impl Scopes {
    /// The parameters of a function.
    pub(super) fn of(sig: &Signature) -> Self {
        let exclusive = sig.receiver().is_some_and(|receiver| receiver.mutability.is_some());
        let mut scopes = Self { stack: vec![Vec::new()], exclusive };
        for input in &sig.inputs {
            if let FnArg::Typed(input) = input {
                let borrowed = matches!(&*input.ty, Type::Reference(ty) if ty.mutability.is_some());
                scopes.bind(&input.pat, true, borrowed);
            }
        }
        scopes
    }

    /// Runs `f` in a new scope.
    pub(super) fn enter(&mut self) {
        self.stack.push(Vec::new());
    }

    /// Ends the innermost scope.
    pub(super) fn leave(&mut self) {
        self.stack.pop();
    }

    /// Adds what a `let` binds.
    pub(super) fn declare(&mut self, local: &Local) {
        let initial = local.init.as_ref().map(|init| &*init.expr);
        let borrowed = matches!(initial, Some(Expr::Reference(reference)) if reference.mutability.is_some());
        self.bind(&local.pat, initial.is_some(), borrowed);
        let part = initial.and_then(|initial| self.part(initial));
        self.mark(&local.pat, part);
    }

    /// Adds what a pattern binds to a value.
    pub(super) fn bind_pattern(&mut self, pat: &Pat) {
        self.bind(pat, true, false);
    }

    /// Adds what the pattern of a loop, a `match` or an `if let` binds, perhaps to something of `self`.
    pub(super) fn bind_parts(&mut self, pat: &Pat, part: Option<String>) {
        self.bind(pat, true, false);
        self.mark(pat, part);
    }

    /// The field of `self` that an expression is a place in, or a variable stands for: `&self.layers[0]`,
    /// `self.first.as_ref()`, `block`. Empty for one of several: `[&self.a, &self.b]`.
    pub(super) fn part(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Reference(reference) => self.part(&reference.expr),
            Expr::Paren(paren) => self.part(&paren.expr),
            Expr::Index(index) => self.part(&index.expr),
            Expr::MethodCall(call) => self.part(&call.receiver),
            Expr::Array(array) => array.elems.iter().find_map(|expr| self.part(expr)).map(|_| String::new()),
            Expr::Field(field) => match (&*field.base, &field.member) {
                (Expr::Path(path), Member::Named(name)) if path.path.is_ident("self") => Some(name.unraw().to_string()),
                (Expr::Path(path), Member::Unnamed(at)) if path.path.is_ident("self") => Some(at.index.to_string()),
                (base, _) => self.part(base),
            },
            Expr::Path(path) => self.find(path.path.get_ident()?)?.part.clone(),
            _ => None,
        }
    }

    /// Notes of what a pattern has just bound that it is a part of `self`.
    fn mark(&mut self, pat: &Pat, part: Option<String>) {
        let count = binds(pat).len();
        let bound = self.stack.last_mut().into_iter().flat_map(|scope| scope.iter_mut().rev().take(count));
        bound.for_each(|variable| variable.part.clone_from(&part));
    }

    fn bind(&mut self, pat: &Pat, assigned: bool, borrowed: bool) {
        let mut names = Names(Vec::new());
        names.visit_pat(pat);
        let variables = names
            .0
            .into_iter()
            .map(|(name, mutable)| Variable { name, mutable, borrowed, assigned, part: None })
            .collect::<Vec<_>>();
        if let Some(innermost) = self.stack.last_mut() {
            innermost.extend(variables);
        }
    }

    /// The variable of this name, if there is one.
    pub(super) fn find(&self, name: &Ident) -> Option<&Variable> {
        self.stack.iter().rev().flat_map(|scope| scope.iter().rev()).find(|variable| variable.name == *name)
    }

    /// Whether the name stands for something that can be changed elsewhere through it: `&mut self`, or another `&mut`.
    pub(super) fn reaches_out(&self, name: &Ident) -> bool {
        if name == "self" { self.exclusive } else { self.find(name).is_some_and(|variable| variable.borrowed) }
    }

    /// Notes that the variable has a value now.
    pub(super) fn assign(&mut self, name: &Ident) {
        let mut all = self.stack.iter_mut().rev().flat_map(|scope| scope.iter_mut().rev());
        if let Some(variable) = all.find(|variable| variable.name == *name) {
            variable.assigned = true;
        }
    }
}

/// The names that a pattern binds.
pub(super) fn binds(pat: &Pat) -> Vec<Ident> {
    let mut names = Names(Vec::new());
    names.visit_pat(pat);
    names.0.into_iter().map(|(name, _)| name).collect()
}

/// The names that a pattern binds. A capitalised one is a constant or a variant.
struct Names(Vec<(Ident, bool)>);

impl Visit<'_> for Names {
    fn visit_pat_ident(&mut self, pat: &PatIdent) {
        let capital = pat.ident.to_string().starts_with(char::is_uppercase);
        if !capital {
            self.0.push((pat.ident.clone(), pat.mutability.is_some()));
        }
        syn::visit::visit_pat_ident(self, pat);
    }

    fn visit_expr(&mut self, _: &Expr) {}
}
