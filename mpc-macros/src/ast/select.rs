//! `#[derive(Select)] struct State { ... }`

use proc_macro2::TokenStream;
use syn::{Fields, Item, ItemStruct};

use super::describe;
use crate::ctxt::Ctxt;

/// A struct that an `if` on bits can choose, field by field. What is no struct is noted.
pub(crate) fn parse(item: TokenStream, cx: &mut Ctxt) -> Option<ItemStruct> {
    match syn::parse2(item) {
        Ok(Item::Struct(item)) => {
            if matches!(item.fields, Fields::Unit) || item.fields.is_empty() {
                let message = format!("`Select` chooses between values of `{}`, and it has no fields", item.ident);
                cx.error(&item.ident, message);
                return None;
            }
            Some(item)
        }
        Ok(Item::Enum(item)) => {
            let message = format!(
                "`Select` goes on a struct: the variant of `{}` would reveal which branch was taken. Make each case a tensor of its own, or bits that say which it is",
                item.ident
            );
            cx.error(&item.ident, message);
            None
        }
        Ok(other) => {
            let (found, place) = describe(&other);
            cx.error(place, format!("`Select` goes on a struct, not on {found}"));
            None
        }
        Err(error) => {
            cx.push(error);
            None
        }
    }
}
