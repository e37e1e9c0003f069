//! From checked input to code. Each function here is one macro over [`proc_macro2`] tokens.

mod code;
mod main;
mod model;
mod parties;
mod select;
mod test;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Item, ReturnType, Signature};

use crate::ctxt::Ctxt;
use crate::{ast, fallback};

/// `parties! { ... }`
pub(crate) fn parties(input: TokenStream) -> TokenStream {
    let mut cx = Ctxt::default();
    let all = ast::Parties::parse(input, &mut cx);
    let code = parties::expand(&all);
    match cx.check() {
        Ok(()) => code,
        Err(errors) => with(code, errors),
    }
}

/// `#[secure_model]`
pub(crate) fn model(args: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2(item.clone()) {
        Ok(Item::Impl(item)) => return code(&args, ast::Code::Impl(item)),
        Ok(Item::Fn(item)) => return code(&args, ast::Code::Fn(item)),
        _ => {}
    }
    run(args, item, ast::Model::parse, model::expand, fallback::model, fallback::not_a_model)
}

/// `#[secure_model]` on code. Mistakes do not stop it: what is rewritten gives fewer errors of its own.
fn code(args: &TokenStream, mut code: ast::Code) -> TokenStream {
    let mut cx = Ctxt::default();
    ast::Code::check(args, &mut cx);
    let expanded = code::expand(&mut code, &mut cx);
    match cx.check() {
        Ok(()) => expanded,
        Err(errors) => with(expanded, errors),
    }
}

/// `#[derive(Select)]`
pub(crate) fn select(item: TokenStream) -> TokenStream {
    let mut cx = Ctxt::default();
    let code = ast::select::parse(item, &mut cx).map(|item| select::expand(&item));
    match cx.check() {
        Ok(()) => quote!(#code),
        Err(errors) => errors,
    }
}

/// `#[mpc::main]`
pub(crate) fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    run(args, item, ast::Main::parse, main::expand, fallback::main, |item| item)
}

/// `#[mpc::test]`
pub(crate) fn test(args: TokenStream, item: TokenStream) -> TokenStream {
    run(args, item, ast::Test::parse, test::expand, fallback::test, |item| item)
}

/// Runs an attribute macro: reads the item, then expands it, or on mistakes reports them next to a stand-in.
fn run<T>(
    args: TokenStream,
    item: TokenStream,
    parse: fn(TokenStream, TokenStream, &mut Ctxt) -> Result<T, TokenStream>,
    expand: fn(&T) -> TokenStream,
    fallback: fn(&T) -> TokenStream,
    other: fn(TokenStream) -> TokenStream,
) -> TokenStream {
    let mut cx = Ctxt::default();
    let parsed = parse(args, item, &mut cx);
    match (parsed, cx.check()) {
        (Ok(parsed), Ok(())) => expand(&parsed),
        (Ok(parsed), Err(errors)) => with(fallback(&parsed), errors),
        (Err(item), Ok(())) => item,
        (Err(item), Err(errors)) => with(other(item), errors),
    }
}

fn with(item: TokenStream, errors: TokenStream) -> TokenStream {
    quote!(#item #errors)
}

/// The places of the first and the last token. Code that starts at one and ends at the other is underlined like `tokens`;
/// names in it still resolve like all that the macro writes.
fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.to_token_stream().into_iter().map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    let last = spans.last().unwrap_or(first);
    (first.resolved_at(Span::call_site()), last.resolved_at(Span::call_site()))
}

/// The ends of the return type; without one, the place of the macro's call.
fn output_ends(sig: &Signature) -> (Span, Span) {
    match &sig.output {
        ReturnType::Type(_, ty) => ends(ty),
        ReturnType::Default => (Span::call_site(), Span::call_site()),
    }
}
