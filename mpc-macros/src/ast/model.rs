//! `#[secure_model] struct Net { ... }`

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{Attribute, Field, Fields, Generics, Index, Item, ItemStruct, Lifetime, Member, Path, Type};

use super::describe;
use crate::attr;
use crate::ctxt::Ctxt;

const EXAMPLE: &str = "`#[secure_model] struct Net { linear: Linear }`";

/// A struct of parts.
pub(crate) struct Model {
    /// The struct without our own attributes.
    pub(crate) item: ItemStruct,
    /// The fields that are modules, in order.
    pub(crate) parts: Vec<Part>,
    /// The other fields.
    pub(crate) skipped: Vec<Part>,
}

/// A field that is a layer, a parameter or another model.
pub(crate) struct Part {
    pub(crate) member: Member,
    pub(crate) name: String,
    pub(crate) ty: Type,
    /// The `#[cfg]`s on the field: what mentions the field needs them too.
    pub(crate) cfgs: Vec<Attribute>,
    /// Whether the type depends on a generic parameter of the struct, so that an impl has to ask for what it needs.
    pub(crate) generic: bool,
}

impl Model {
    /// Reads the item. What is no struct comes back as it is.
    pub(crate) fn parse(args: TokenStream, item: TokenStream, cx: &mut Ctxt) -> Result<Self, TokenStream> {
        if !args.is_empty() {
            cx.error(args, "`secure_model` takes no arguments");
        }
        match syn::parse2(item.clone()) {
            Ok(Item::Struct(item)) => Ok(Self::from_struct(item, cx)),
            Ok(other) => {
                let (found, place) = describe(&other);
                cx.error(place, format!("`secure_model` goes on a struct, not on {found}: {EXAMPLE}"));
                Err(item)
            }
            Err(_) => {
                cx.error(&item, format!("`secure_model` goes on a struct: {EXAMPLE}"));
                Err(item)
            }
        }
    }

    fn from_struct(mut item: ItemStruct, cx: &mut Ctxt) -> Self {
        if let Some(debug) = attr::derived_debug(&item.attrs) {
            cx.error(debug, "`secure_model` already derives `Debug`, without values: leave it out here");
        }
        if item.fields.is_empty() {
            let message = format!(
                "`secure_model` goes on a struct with fields, and `{}` has none; a layer without parameters implements `mpc::nn::Module` itself",
                item.ident
            );
            cx.error(&item.ident, message);
        }
        let tuple = matches!(item.fields, Fields::Unnamed(_));
        let scope = Scope::new(&item.ident, &item.generics);
        let mut parts = Vec::new();
        let mut skipped = Vec::new();
        for (index, field) in item.fields.iter_mut().enumerate() {
            let list = if attr::take_skip(&mut field.attrs, cx) { &mut skipped } else { &mut parts };
            list.push(Part::new(index, field, &scope));
            if let Some(cfg) = field.attrs.iter().find(|attr| tuple && attr::is_cfg(attr)) {
                cx.error(cfg, "a field of a tuple struct cannot be conditional: it would rename the parts after it");
            }
        }
        Self { item, parts, skipped }
    }
}

impl Part {
    fn new(index: usize, field: &Field, scope: &Scope) -> Self {
        let (member, name) = match &field.ident {
            Some(name) => (Member::Named(name.clone()), name.unraw().to_string()),
            None => (Member::Unnamed(Index::from(index)), index.to_string()),
        };
        let cfgs = field.attrs.iter().filter(|attr| attr::is_cfg(attr)).cloned().collect();
        Self { member, name, ty: field.ty.clone(), cfgs, generic: scope.reaches(&field.ty) }
    }
}

/// The names that make a type depend on the struct's generic parameters.
struct Scope {
    itself: Ident,
    names: HashSet<Ident>,
    lifetimes: HashSet<Lifetime>,
}

impl Scope {
    fn new(itself: &Ident, generics: &Generics) -> Self {
        let types = generics.type_params().map(|param| param.ident.clone());
        let consts = generics.const_params().map(|param| param.ident.clone());
        let lifetimes = generics.lifetimes().map(|param| param.lifetime.clone()).collect();
        Self { itself: itself.clone(), names: types.chain(consts).collect(), lifetimes }
    }

    /// Whether `ty` mentions a generic parameter. A type that holds the struct itself does not count: asking that it is a
    /// module would ask the same of the struct, and so on.
    fn reaches(&self, ty: &Type) -> bool {
        let mut mentions = Mentions { scope: self, generic: false, itself: false };
        mentions.visit_type(ty);
        mentions.generic && !mentions.itself
    }
}

struct Mentions<'a> {
    scope: &'a Scope,
    generic: bool,
    itself: bool,
}

impl Visit<'_> for Mentions<'_> {
    fn visit_path(&mut self, path: &Path) {
        if let (None, Some(first)) = (&path.leading_colon, path.segments.first()) {
            self.generic |= self.scope.names.contains(&first.ident);
            self.itself |= first.ident == "Self" || first.ident == self.scope.itself;
        }
        visit::visit_path(self, path);
    }

    fn visit_lifetime(&mut self, lifetime: &Lifetime) {
        self.generic |= self.scope.lifetimes.contains(lifetime);
    }
}
