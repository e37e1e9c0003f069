//! What `#[mpc::main]` and `#[mpc::test]` ask of a function alike.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{FnArg, Item, ItemFn, ReturnType, Signature, Type};

use super::describe;
use crate::ctxt::Ctxt;

/// One of the two macros, as messages show it.
pub(super) struct Kind {
    /// Its name.
    pub(super) name: &'static str,
    /// A function it accepts.
    pub(super) form: &'static str,
}

/// Reads the item. What is no function comes back as it is.
pub(super) fn function(kind: &Kind, item: TokenStream, cx: &mut Ctxt) -> Result<ItemFn, TokenStream> {
    let Kind { name, form } = kind;
    match syn::parse2(item.clone()) {
        Ok(Item::Fn(function)) => Ok(function),
        Ok(other) => {
            let (found, place) = describe(&other);
            cx.error(place, format!("`{name}` goes on an async function, not on {found}: `{form}`"));
            Err(item)
        }
        Err(_) => {
            cx.error(&item, format!("`{name}` goes on an async function: `{form}`"));
            Err(item)
        }
    }
}

/// Checks all of a signature but the number of parameters and what is returned.
pub(super) fn check(kind: &Kind, sig: &Signature, cx: &mut Ctxt) {
    let Kind { name, form } = kind;
    if sig.asyncness.is_none() {
        cx.error(sig.fn_token, format!("`{name}` goes on an async function: `{form}`"));
    }
    let qualifiers = [
        sig.constness.map(|token| ("const", token.to_token_stream())),
        sig.unsafety.map(|token| ("unsafe", token.to_token_stream())),
        sig.abi.as_ref().map(|abi| ("extern", abi.to_token_stream())),
    ];
    for (word, tokens) in qualifiers.into_iter().flatten() {
        cx.error(tokens, format!("leave `{word}` out: `{name}` goes on a plain function, `{form}`"));
    }
    let generics = format!("the function cannot be generic: nobody would choose its parameters. `{form}`");
    if !sig.generics.params.is_empty() {
        cx.error(&sig.generics, generics);
    } else if let Some(clause) = &sig.generics.where_clause {
        cx.error(clause, generics);
    }
    match sig.inputs.first() {
        None => {
            cx.push(syn::Error::new(sig.paren_token.span.join(), format!("the function takes the session: `{form}`")))
        }
        Some(FnArg::Receiver(receiver)) => {
            cx.error(receiver, format!("the function is not a method, it takes the session: `{form}`"));
        }
        Some(FnArg::Typed(session)) if matches!(*session.ty, Type::Reference(_)) => {
            cx.error(&session.ty, format!("the function is given the session itself, not a reference: `{form}`"));
        }
        Some(FnArg::Typed(_)) => {}
    }
}

/// Whether the function returns nothing.
pub(crate) fn returns_unit(sig: &Signature) -> bool {
    match &sig.output {
        ReturnType::Default => true,
        ReturnType::Type(_, ty) => matches!(&**ty, Type::Tuple(tuple) if tuple.elems.is_empty()),
    }
}
