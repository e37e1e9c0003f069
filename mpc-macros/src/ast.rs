//! What the macros are given, read and checked. Reading never stops at a mistake: it notes it and goes on with what is left.

mod code;
mod entry;
mod main;
mod model;
mod parties;
pub(crate) mod select;
mod test;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Item;

pub(crate) use code::Code;
pub(crate) use entry::returns_unit;
pub(crate) use main::Main;
pub(crate) use model::{Model, Part};
pub(crate) use parties::{Parties, Party};
pub(crate) use test::Test;

/// An item in words, and the tokens to underline when it is of the wrong kind.
fn describe(item: &Item) -> (&'static str, TokenStream) {
    match item {
        Item::Struct(item) => ("a struct", heading(item.struct_token, &item.ident)),
        Item::Enum(item) => ("an enum", heading(item.enum_token, &item.ident)),
        Item::Union(item) => ("a union", heading(item.union_token, &item.ident)),
        Item::Fn(item) => ("a function", heading(item.sig.fn_token, &item.sig.ident)),
        Item::Impl(item) => ("an `impl` block", heading(item.impl_token, &item.self_ty)),
        Item::Trait(item) => ("a trait", heading(item.trait_token, &item.ident)),
        Item::Mod(item) => ("a module", heading(item.mod_token, &item.ident)),
        other => ("this item", other.to_token_stream()),
    }
}

fn heading(keyword: impl ToTokens, name: impl ToTokens) -> TokenStream {
    quote!(#keyword #name)
}
