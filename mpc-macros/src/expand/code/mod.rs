//! `#[secure_model]` on an `impl` block or a function: `if`, comparisons and logic become calls of `::mpc::lang`, where the
//! types of the operands decide whether they mean ordinary Rust or steps on tensors. Nothing here guesses types.
//!
//! `rewrite` walks over the code, `scope` knows the local variables, `branch` finds out what a branch does to them, and
//! `choice` builds what an `if` becomes.

mod branch;
mod choice;
mod kinds;
mod rewrite;
mod scope;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ImplItem;
use syn::visit_mut::VisitMut;

use self::rewrite::Rewrite;
use crate::ast::Code;
use crate::ctxt::Ctxt;

/// The code with its constructs rewritten. What cannot be rewritten is noted and stays as it is.
pub(crate) fn expand(code: &mut Code, cx: &mut Ctxt) -> TokenStream {
    match code {
        Code::Impl(item) => {
            for item in &mut item.items {
                if let ImplItem::Fn(method) = item {
                    Rewrite::of(&method.sig, cx).visit_block_mut(&mut method.block);
                }
            }
            item.to_token_stream()
        }
        Code::Fn(item) => {
            Rewrite::of(&item.sig, cx).visit_block_mut(&mut item.block);
            item.to_token_stream()
        }
    }
}

/// `::mpc::lang::name(args)`, underlined like `at`.
fn call(name: &str, at: &impl ToTokens, args: &TokenStream) -> TokenStream {
    let (start, end) = places(at);
    let name = Ident::new(name, start);
    let callee = quote_spanned!(start=> ::mpc::lang::#name);
    let args = quote_spanned!(end=> (#args));
    quote!(#callee #args)
}

/// The places of the first and the last token, as the user's own: a call that stands exactly where its argument stands gives
/// one error with it, not two.
fn places(tokens: &impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.to_token_stream().into_iter().map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    (first, spans.last().unwrap_or(first))
}
